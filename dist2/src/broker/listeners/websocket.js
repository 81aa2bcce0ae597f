import { createServer, STATUS_CODES } from "node:http";
import { WebSocketServer } from "ws";
import { WebSocketStream } from "./websocket-stream.js";
const MAX_HEADER_BYTES = 16 * 1024;
const SPARE_BYTES = 64 * 1024;
const CLOSE_TIMEOUT = 1e3;
const SUBPROTOCOLS = ["mqtt", "mqttv3.1"];
class WebSocketUpgrades {
  #config;
  #http;
  #webSockets;
  #upgrades = /* @__PURE__ */ new WeakMap();
  /** @param packetBytes - largest MQTT control packet */
  constructor(config, packetBytes) {
    this.#config = config;
    const options = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: packetBytes + SPARE_BYTES,
      closeTimeout: CLOSE_TIMEOUT,
      handleProtocols: (offered) => SUBPROTOCOLS.find((one) => offered.has(one)) ?? false
    };
    this.#webSockets = new WebSocketServer(options);
    this.#webSockets.on("wsClientError", (error, socket) => this.#refuse(socket, 400, error.message));
    this.#http = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: 0 });
    this.#http.on("request", (request, response) => this.#noUpgrade(request, response));
    this.#http.on(
      "upgrade",
      (request, socket, head) => this.#upgrade(request, socket, head)
    );
    this.#http.on("clientError", (error, socket) => {
      const isLarge = error.code === "HPE_HEADER_OVERFLOW";
      this.#refuse(
        socket,
        isLarge ? 431 : 400,
        isLarge ? `more than ${MAX_HEADER_BYTES} bytes of headers` : "this is not HTTP"
      );
    });
  }
  /** Serves the one HTTP request of a connected socket. Its time is limited by the caller. */
  accept(socket, upgrade) {
    this.#upgrades.set(socket, upgrade);
    this.#http.emit("connection", socket);
  }
  #upgrade(request, socket, head) {
    const refusal = this.#refusal(request);
    if (refusal !== void 0) {
      this.#refuse(socket, ...refusal);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#upgrades.get(socket)?.onStream(new WebSocketStream(webSocket));
    });
  }
  #refusal({ url, headers }) {
    if (!this.#isOurPath(url)) return [404, `MQTT is served at ${this.#config.path}`];
    if (!this.#isAllowedOrigin(headers)) {
      return [403, `pages of ${headers.origin} may not connect: broker.listeners[].origins does not name them`];
    }
    const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim());
    if (!SUBPROTOCOLS.some((one) => offered.includes(one))) {
      return [400, "the client must offer the subprotocol mqtt (Sec-WebSocket-Protocol)"];
    }
    return void 0;
  }
  #isOurPath(url = "") {
    return url.split("?", 1)[0] === this.#config.path;
  }
  /**
   * Only browsers say where a page comes from; other programs could say anything. Without a list, pages of the host that
   * is connected to may connect: a page from elsewhere could else use the browser to reach what its owner cannot.
   */
  #isAllowedOrigin({ origin, host }) {
    if (origin === void 0) return true;
    const { origins } = this.#config;
    if (origins !== void 0) return origins.some((one) => one === "*" || one.toLowerCase() === origin.toLowerCase());
    const page = URL.parse(origin)?.hostname;
    return page !== void 0 && page !== "" && page === URL.parse(`http://${host}`)?.hostname;
  }
  #noUpgrade(request, response) {
    const isOurs = this.#isOurPath(request.url);
    const [status, text] = isOurs ? [426, "this is MQTT over WebSocket: connect with an MQTT client"] : [404, `MQTT over WebSocket is served at ${this.#config.path}`];
    this.#upgrades.get(request.socket)?.onRefused(`${request.method} without upgrade`);
    response.writeHead(status, {
      "Content-Type": "text/plain; charset=utf-8",
      Connection: isOurs ? "Upgrade, close" : "close",
      ...isOurs && { Upgrade: "websocket" }
    });
    response.end(`${text}
`);
  }
  #refuse(socket, status, text) {
    this.#upgrades.get(socket)?.onRefused(text);
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const body = `${text}
`;
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      "Connection: close",
      "Content-Type: text/plain; charset=utf-8",
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...status === 400 ? ["Sec-WebSocket-Version: 13, 8"] : []
    ];
    socket.once("finish", () => socket.destroy());
    socket.end(`${head.join("\r\n")}\r
\r
${body}`);
  }
}
export {
  WebSocketUpgrades
};
//# sourceMappingURL=websocket.js.map
