import { bind, hostAndPort, plainHost, serverAddress } from "./bind.js";
import { Certificates } from "./certificates.js";
import { Handshakes } from "./handshakes.js";
import { readProxyHeader } from "./proxy-header.js";
import { TlsHandshakes } from "./tls.js";
import { WebSocketUpgrades } from "./websocket.js";
const DEFAULT_HANDSHAKES = { timeout: 1e4, atOnce: 256 };
async function listen(options) {
  const listener = new SocketListener(options);
  try {
    await listener.open();
  } catch (error) {
    await listener[Symbol.asyncDispose]();
    throw error;
  }
  return listener;
}
class SocketListener {
  #options;
  #handshakes;
  #certificates;
  #tls;
  #webSockets;
  #servers = [];
  constructor(options) {
    const { config, clock, log, packetBytes, onHandshakeFailed } = options;
    this.#options = options;
    this.#handshakes = new Handshakes({
      limits: config.handshakes ?? DEFAULT_HANDSHAKES,
      clock,
      onFailed: (socket, reason) => {
        onHandshakeFailed();
        log.debug({ listener: config.name, address: socketAddress(socket, config), reason }, "handshake failed");
      }
    });
    if (config.tls !== void 0) {
      const certificates = new Certificates({
        name: config.name,
        config: config.tls,
        clock,
        log,
        onReplaced: () => this.#tls?.replace(certificates)
      });
      this.#certificates = certificates;
      this.#tls = new TlsHandshakes(config.tls, certificates);
    }
    if (config.webSocket !== void 0) this.#webSockets = new WebSocketUpgrades(config.webSocket, packetBytes);
  }
  get addresses() {
    const { type, webSocket, systemd } = this.#options.config;
    return this.#servers.map((server) => {
      const address = serverAddress(server);
      if (address === "") return `${type}:systemd:${systemd ?? ""}`;
      if (address.startsWith("/")) return `unix:${address}`;
      return type === "tcp" ? address : `${type}://${address}${webSocket?.path ?? ""}`;
    });
  }
  async open() {
    const { config, activated, onError } = this.#options;
    this.#servers = await bind({ config, activated, onError, onSocket: (socket) => this.#accept(socket) });
  }
  alarms() {
    return this.#certificates?.alarms() ?? [];
  }
  async [Symbol.asyncDispose]() {
    this.#certificates?.[Symbol.dispose]();
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(() => resolve())));
    this.#handshakes[Symbol.dispose]();
    await Promise.all(closed);
  }
  #accept(socket) {
    const { config, onStream } = this.#options;
    const peer = { address: socketAddress(socket, config), host: socketHost(socket, config), listener: config };
    if (config.proxyProtocol === true) {
      this.#handshakes.enter(socket, (handshake) => this.#readProxy(socket, peer, handshake));
      return;
    }
    const ticket = this.#admit(socket, peer);
    if (ticket === void 0) return;
    if (this.#tls === void 0 && this.#webSockets === void 0) onStream(socket, peer, ticket);
    else this.#handshakes.enter(socket, (handshake) => this.#secure(socket, { peer, ticket }, handshake));
  }
  /** Before TLS, which costs most. A handshake only to say that there are too many is not worth it. */
  #admit(socket, peer) {
    const ticket = this.#options.admit(peer);
    const isRefused = ticket?.refusal !== void 0 && (this.#tls !== void 0 || this.#webSockets !== void 0);
    if (ticket !== void 0 && !isRefused) {
      socket.once("close", () => ticket.close());
      return ticket;
    }
    ticket?.close();
    socket.destroy();
    return void 0;
  }
  #readProxy(socket, peer, handshake) {
    readProxyHeader(socket, (header) => {
      if ("fault" in header) {
        handshake.fail(`PROXY protocol: ${header.fault}`);
        return;
      }
      const { source, certificate } = header;
      const real = source && { address: hostAndPort(source.host, source.port), host: plainHost(source.host) };
      const proxied = { ...peer, ...real, ...certificate !== void 0 && { certificate } };
      const ticket = this.#admit(socket, proxied);
      if (ticket !== void 0) this.#secure(socket, { peer: proxied, ticket }, handshake);
    });
  }
  #secure(socket, admitted, handshake) {
    const { peer, ticket } = admitted;
    if (this.#tls === void 0) {
      this.#upgrade(socket, admitted, handshake);
      return;
    }
    this.#tls.secure(socket, {
      onSecure: (secured, certificate) => this.#upgrade(
        secured,
        certificate === void 0 ? admitted : { peer: { ...peer, certificate }, ticket },
        handshake
      ),
      onFailed: (reason) => handshake.fail(reason)
    });
  }
  #upgrade(stream, admitted, handshake) {
    if (this.#webSockets === void 0) {
      this.#finish(stream, admitted, handshake);
      return;
    }
    this.#webSockets.accept(stream, {
      onStream: (unwrapped) => this.#finish(unwrapped, admitted, handshake),
      onRefused: (reason) => handshake.refuse(`WebSocket: ${reason}`)
    });
  }
  #finish(stream, { peer, ticket }, handshake) {
    if (handshake.done()) this.#options.onStream(stream, peer, ticket);
    else stream.destroy();
  }
}
function socketHost({ remoteAddress }, config) {
  return remoteAddress === void 0 ? nameless(config) : plainHost(remoteAddress);
}
function socketAddress({ remoteAddress, remotePort }, config) {
  return remoteAddress === void 0 ? nameless(config) : hostAndPort(remoteAddress, remotePort ?? 0);
}
function nameless({ type, unix, systemd }) {
  return type === "unix" ? `unix:${systemd ?? unix?.path}` : "unknown";
}
export {
  listen
};
//# sourceMappingURL=listener.js.map
