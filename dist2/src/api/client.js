import {
  request as httpRequest
} from "node:http";
import { GatewayError } from "../core/errors.js";
import { apiError } from "./errors.js";
import { parseEvents } from "./sse-parser.js";
const STREAM_SILENCE = 45e3;
const MAX_ANSWER_BYTES = 64e6;
const FAULTS = ["config", "caller", "device", "peer", "limit", "bug"];
function createClient(options) {
  return new SocketClient(options);
}
class SocketClient {
  #socket;
  #timeoutMs;
  constructor(options) {
    this.#socket = options.socket;
    this.#timeoutMs = options.timeoutMs ?? 1e4;
  }
  async request(route, options = {}) {
    const [method = "", template = ""] = route.split(" ");
    const path = template.replace(
      /\{(\w+)\}/g,
      (_all, name) => encodeURIComponent(options.params?.[name] ?? "")
    );
    const query = queryText(options.query ?? {});
    const deadline = AbortSignal.timeout(this.#timeoutMs);
    const signal = options.signal === void 0 ? deadline : AbortSignal.any([options.signal, deadline]);
    try {
      const response = await this.#open({ method, path: path + query, signal }, options.body);
      const body = parseBody(await readAll(response));
      if (response.statusCode !== 200) throw errorOf(body, response.statusCode);
      return body;
    } catch (error) {
      if (deadline.aborted) {
        throw apiError("GATEWAY_NO_ANSWER", `the gateway did not answer within ${this.#timeoutMs} ms`, {
          cause: error
        });
      }
      if (options.signal?.aborted) throw apiError("API_CANCELLED", "the request was cancelled", { cause: error });
      throw this.#wrap(error);
    }
  }
  async *events(options) {
    const { kinds, filter, rate, signal } = options;
    const query = queryText({ kinds: kinds.join(","), filter, rate: rate?.toString() });
    let response;
    try {
      response = await this.#open({ method: "GET", path: `/v1/events${query}`, signal, timeout: this.#timeoutMs });
      if (response.statusCode !== 200) throw errorOf(parseBody(await readAll(response)), response.statusCode);
      const stream = response;
      stream.setTimeout(
        STREAM_SILENCE,
        () => stream.destroy(apiError("GATEWAY_LOST", `nothing came for ${STREAM_SILENCE / 1e3} s`))
      );
      yield* parseEvents(stream.setEncoding("utf8"));
      throw apiError("GATEWAY_LOST", "the gateway ended the connection");
    } catch (error) {
      if (!signal.aborted) throw this.#wrap(error);
    } finally {
      response?.destroy();
    }
  }
  #open(options, body) {
    return new Promise((resolve, reject) => {
      const text = body === void 0 ? "" : JSON.stringify(body);
      const headers = body === void 0 ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
      const request = httpRequest(
        { ...options, socketPath: this.#socket, agent: false, headers },
        resolve
      );
      request.on("error", reject);
      request.on(
        "timeout",
        () => request.destroy(apiError("GATEWAY_NO_ANSWER", `the gateway did not answer within ${options.timeout} ms`))
      );
      request.end(text);
    });
  }
  #wrap(error) {
    if (error instanceof GatewayError) return error;
    const { code, message } = error;
    if (code === "ENOENT" || code === "ECONNREFUSED") {
      return apiError("GATEWAY_NOT_RUNNING", `no gateway answers on ${this.#socket}`, { cause: error });
    }
    if (code === "EACCES" || code === "EPERM") {
      return apiError("GATEWAY_NO_PERMISSION", `this user may not connect to ${this.#socket}`, { cause: error });
    }
    if (code?.startsWith("HPE_"))
      return apiError("GATEWAY_BAD_ANSWER", `what answers on ${this.#socket} does not speak HTTP`, { cause: error });
    const reason = message === "aborted" ? "it went away in the middle of an answer" : message;
    return apiError("GATEWAY_LOST", `the connection to the gateway was lost: ${reason}`, { cause: error });
  }
}
function queryText(query) {
  const given = Object.entries(query).filter((entry) => entry[1] !== void 0);
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}
async function readAll(response) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES)
      throw apiError("GATEWAY_BAD_ANSWER", `the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
function parseBody(text) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw apiError("GATEWAY_BAD_ANSWER", "the answer is not JSON", { cause });
  }
}
function errorOf(body, status) {
  const view = body?.error;
  if (typeof view?.code !== "string" || typeof view.message !== "string" || !FAULTS.includes(view.fault ?? "")) {
    return apiError("GATEWAY_BAD_ANSWER", `the gateway answered with status ${status} and no reason`);
  }
  const kind = { fault: view.fault, hint: view.hint ?? "" };
  return new GatewayError(view.code, kind, view.message, view.details === void 0 ? {} : { details: view.details });
}
export {
  createClient
};
//# sourceMappingURL=client.js.map
