import { createServer } from "node:http";
import { coreError, errorView, toGatewayError } from "../core/errors.js";
import { apiError, STATUS_OF_CODE, STATUS_OF_FAULT } from "./errors.js";
import { listenOnSocket } from "./listen.js";
import { eventKinds, numberOf, onlyQuery, readJson } from "./requests.js";
import { matchRoute } from "./routes.js";
import { EventStreams } from "./sse.js";
const MAX_CONNECTIONS = 64;
const STOP_GRACE = 500;
const DEFAULT_RATE = 4;
const MAX_RATE = 10;
function createApiServer(options) {
  return new ApiServer(options);
}
class ApiServer {
  name = "api";
  #options;
  #server;
  #streams;
  #closing = new AbortController();
  #status;
  constructor(options) {
    this.#options = options;
    this.#status = { state: "starting", since: options.clock.now() };
    this.#streams = new EventStreams(options.view, options.clock);
    this.#server = createServer({ maxHeaderSize: 16384 }, (request, response) => void this.#answer(request, response));
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on("clientError", (error, socket) => refuseBytes(error, socket));
  }
  async start() {
    const { socket, log } = this.#options;
    await listenOnSocket(this.#server, socket);
    this.#server.on("error", (error) => log.error({ error }, "control socket failed"));
    this.#status = { state: "up", since: this.#options.clock.now() };
    log.debug({ socket }, "control API listens");
  }
  status() {
    return this.#status;
  }
  async [Symbol.asyncDispose]() {
    if (this.#closing.signal.aborted) return;
    this.#status = { state: "stopping", since: this.#options.clock.now() };
    this.#closing.abort(coreError("STOPPED", "the gateway is stopping"));
    this.#streams[Symbol.dispose]();
    if (!this.#server.listening) return;
    const deadline = this.#options.clock.after(STOP_GRACE, () => this.#server.closeAllConnections());
    await new Promise((resolve) => this.#server.close(() => resolve()));
    deadline.cancel();
  }
  async #answer(request, response) {
    response.on("error", (error) => this.#options.log.debug({ error: error.message }, "client went away"));
    try {
      const { pathname, searchParams } = new URL(`http://hpmq${request.url?.startsWith("/") ? request.url : "/"}`);
      const method = request.method ?? "GET";
      if (method === "GET" && pathname === "/v1/events") this.#openStream(response, searchParams);
      else if (method === "GET" && (pathname === "/healthz" || pathname === "/readyz"))
        this.#health(response, pathname);
      else await this.#route(request, response, method, pathname, searchParams);
    } catch (error) {
      this.#refuse(response, toGatewayError(error));
    }
  }
  async #route(request, response, method, path, query) {
    const { route, params } = matchRoute(method, path);
    onlyQuery(query, route.query ?? []);
    const gone = new AbortController();
    response.on("close", () => gone.abort(apiError("API_CANCELLED", "the client went away")));
    const body = method === "GET" ? void 0 : await readJson(request);
    const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
    const watchedTopics = () => this.#streams.watchedTopics();
    const result = await route.handle({ view: this.#options.view, params, query, body, signal, watchedTopics });
    if (!response.destroyed) send(response, 200, result);
  }
  #openStream(response, query) {
    onlyQuery(query, ["kinds", "filter", "rate"]);
    const kinds = eventKinds(query);
    const rate = numberOf(query, "rate", DEFAULT_RATE, 1, MAX_RATE);
    this.#streams.open(response, { kinds, rate, filter: query.get("filter") ?? "#" });
  }
  /** healthz: the process answers; readyz: it serves. */
  #health(response, path) {
    const { state } = this.#options.view.status();
    const ready = path === "/healthz" || state === "up" || state === "degraded";
    send(response, ready ? 200 : 503, { state });
  }
  #refuse(response, error) {
    const { log } = this.#options;
    if (error.fault === "bug") log.error({ error: error.cause ?? error }, "request failed");
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const allow = error.code === "API_METHOD_NOT_ALLOWED" ? error.details.allow : void 0;
    if (typeof allow === "string") response.setHeader("allow", allow);
    if (error.code === "API_BODY_TOO_LARGE" || this.#closing.signal.aborted) response.setHeader("connection", "close");
    const body = { error: errorView(error) };
    send(response, STATUS_OF_CODE[error.code] ?? STATUS_OF_FAULT[error.fault], body);
  }
}
const STATUS_OF_PARSER = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout"
};
function refuseBytes(error, socket) {
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const code = error.code ?? "";
  const body = { error: errorView(apiError("API_BAD_REQUEST", `the request is not HTTP: ${code}`)) };
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${STATUS_OF_PARSER[code] ?? "400 Bad Request"}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(text)}`,
    "connection: close"
  ];
  socket.end(`${head.join("\r\n")}\r
\r
${text}`);
}
function send(response, status, body) {
  const text = JSON.stringify(body);
  if (text === void 0) throw apiError("API_BAD_REQUEST", "there is nothing to answer");
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store"
  });
  response.end(text);
}
export {
  createApiServer
};
//# sourceMappingURL=server.js.map
