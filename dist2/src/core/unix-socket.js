import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
class UnixSocketError extends Error {
  name = "UnixSocketError";
  fault;
  constructor(fault, message, cause) {
    super(message, { cause });
    this.fault = fault;
  }
}
async function listenOnUnixSocket(server, path, mode) {
  try {
    await listenOnce(server, path, mode);
  } catch (error) {
    if (error.code !== "EADDRINUSE") throw failed(error);
    await removeDead(path);
    await listenOnce(server, path, mode).catch((cause) => {
      throw failed(cause);
    });
  }
  try {
    chmodSync(path, mode);
  } catch (error) {
    throw failed(error);
  }
}
function listenOnce(server, path, mode) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const before = process.umask(511 & ~mode);
    try {
      server.listen({ path }, () => {
        server.off("error", reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}
function isAlive(path) {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
      else if (error.code === "EAGAIN") resolve(true);
      else reject(error);
    });
  });
}
async function removeDead(path) {
  const before = lstatSync(path, { throwIfNoEntry: false });
  if (before === void 0) return;
  if (!before.isSocket()) throw new UnixSocketError("other", `${path} exists and is not a socket`);
  const alive = await isAlive(path).catch((cause) => {
    throw failed(cause);
  });
  if (alive) throw new UnixSocketError("busy", `a process answers on ${path}`);
  const after = lstatSync(path, { throwIfNoEntry: false });
  if (after?.ino === before.ino) unlinkSync(path);
}
function failed(cause) {
  return new UnixSocketError("failed", cause.message, cause);
}
export {
  UnixSocketError,
  listenOnUnixSocket
};
//# sourceMappingURL=unix-socket.js.map
