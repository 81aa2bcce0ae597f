import { createConnection } from "node:net";
import { endpointName } from "../../core/transport.js";
import { devicesError } from "../errors.js";
const KEEP_ALIVE_DELAY_MS = 1e4;
function openTcp(endpoint, signal) {
  return new Promise((resolve, reject) => {
    const socket = createConnection({
      host: endpoint.host,
      port: endpoint.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS
    });
    const onAbort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    socket.on("error", (error) => {
      signal.removeEventListener("abort", onAbort);
      reject(tcpError(endpoint, error));
    });
    socket.once("connect", () => {
      signal.removeEventListener("abort", onAbort);
      resolve(socket);
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
function tcpError(endpoint, cause) {
  const name = endpointName(endpoint);
  const details = { endpoint: name, code: cause.code };
  switch (cause.code) {
    case "ECONNREFUSED":
      return devicesError("PORT_REFUSED", `nothing accepts connections at ${name}`, { cause, details });
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
    case "ETIMEDOUT":
      return devicesError("PORT_UNREACHABLE", `no way to ${name} (${cause.code})`, { cause, details });
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return devicesError("PORT_HOST_UNKNOWN", `the host name ${endpoint.host} has no address`, { cause, details });
    default:
      return devicesError("PORT_FAILED", `cannot connect to ${name}: ${cause.code ?? cause.message}`, {
        cause,
        details
      });
  }
}
export {
  openTcp,
  tcpError
};
//# sourceMappingURL=tcp.js.map
