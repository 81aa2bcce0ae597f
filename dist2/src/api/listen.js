import { listenOnUnixSocket, UnixSocketError } from "../core/unix-socket.js";
import { apiError } from "./errors.js";
import { prepareSocketFolder } from "./socket.js";
const SOCKET_MODE = 432;
async function listenOnSocket(server, path) {
  prepareSocketFolder(path);
  try {
    await listenOnUnixSocket(server, path, SOCKET_MODE);
  } catch (error) {
    if (!(error instanceof UnixSocketError)) throw error;
    if (error.fault === "busy") throw apiError("API_SOCKET_IN_USE", `another gateway runs here: it answers on ${path}`);
    const message = error.fault === "other" ? error.message : `cannot listen on ${path}: ${error.message}`;
    throw apiError("API_SOCKET_FAILED", message, error.cause === void 0 ? {} : { cause: error.cause });
  }
}
export {
  listenOnSocket
};
//# sourceMappingURL=listen.js.map
