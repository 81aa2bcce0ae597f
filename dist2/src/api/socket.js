import { lstatSync, mkdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { apiError } from "./errors.js";
const MAX_SOCKET_PATH_BYTES = 107;
const currentUser = () => process.getuid?.() ?? -1;
const temporaryFolder = (uid) => join(tmpdir(), `hpmq-${uid}`);
function defaultSocket(env, uid = currentUser()) {
  const folder = env.RUNTIME_DIRECTORY?.split(":")[0] || (env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, "hpmq") : "");
  return join(folder || (uid === 0 ? "/run/hpmq" : temporaryFolder(uid)), "control.sock");
}
function findSocket(env, uid = currentUser(), exists = isSocketOfSomebody) {
  const own = defaultSocket(env, uid);
  return [own, "/run/hpmq/control.sock"].find(exists) ?? own;
}
function isSocketOfSomebody(path) {
  try {
    return statSync(path).isSocket();
  } catch {
    return false;
  }
}
function checkTemporaryFolder(path, uid = currentUser()) {
  const folder = dirname(resolve(path));
  if (folder !== temporaryFolder(uid)) return;
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (stat === void 0) return;
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 63) !== 0) {
    throw apiError("API_SOCKET_FAILED", `${folder} does not belong to this user alone`, {
      hint: `remove ${folder}, or set XDG_RUNTIME_DIR`
    });
  }
}
function prepareSocketFolder(path) {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw apiError(
      "API_SOCKET_FAILED",
      `the path of the socket has ${Buffer.byteLength(path)} bytes, more than ${MAX_SOCKET_PATH_BYTES}: ${path}`
    );
  }
  try {
    mkdirSync(dirname(resolve(path)), { recursive: true, mode: 448 });
  } catch (cause) {
    throw apiError("API_SOCKET_FAILED", `cannot make the folder of the socket ${path}: ${cause.message}`, {
      cause
    });
  }
  checkTemporaryFolder(path);
}
export {
  MAX_SOCKET_PATH_BYTES,
  checkTemporaryFolder,
  defaultSocket,
  findSocket,
  prepareSocketFolder
};
//# sourceMappingURL=socket.js.map
