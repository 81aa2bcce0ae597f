import { createServer } from "node:net";
import { listenOnUnixSocket, UnixSocketError } from "../../core/unix-socket.js";
import { brokerError } from "../errors.js";
const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 6e4 };
async function bind(options) {
  const { config } = options;
  if (config.systemd !== void 0) {
    const fds = options.activated.get(config.systemd);
    if (fds === void 0) throw missing(config.systemd, [...options.activated.keys()]);
    const servers = [];
    for (const fd of fds)
      servers.push(await open(options, { fd }, `file descriptor ${fd}, ${config.systemd} of systemd`));
    return servers;
  }
  if (config.unix !== void 0) return [await openUnix(options, config.unix.path, config.unix.mode)];
  const where = hostAndPort(config.host, config.port);
  return [await open(options, { host: config.host, port: config.port }, where)];
}
function newServer({ onSocket }) {
  return createServer(socketOptions, (socket) => {
    socket.on("error", () => {
    });
    onSocket(socket);
  });
}
function open(options, listen, where) {
  const server = newServer(options);
  return new Promise((resolve, reject) => {
    const onFailed = (error) => reject(listenError(where, options.config, error));
    server.once("error", onFailed);
    server.listen(listen, () => {
      server.off("error", onFailed);
      server.on("error", options.onError);
      resolve(server);
    });
  });
}
async function openUnix(options, path, mode) {
  const server = newServer(options);
  try {
    await listenOnUnixSocket(server, path, mode);
  } catch (error) {
    server.close();
    if (!(error instanceof UnixSocketError)) throw error;
    const details = { path };
    if (error.fault === "busy") {
      throw brokerError("BROKER_ADDRESS_IN_USE", `cannot listen on ${path}: another program answers there`, {
        details
      });
    }
    if (error.fault === "other") {
      const hint = "remove the file, or choose another path";
      throw brokerError("BROKER_LISTEN_FAILED", `cannot listen on ${path}: a file that is no socket is there`, {
        details,
        hint
      });
    }
    throw listenError(path, options.config, error.cause);
  }
  server.on("error", options.onError);
  return server;
}
function serverAddress(server) {
  const address = server.address();
  return typeof address === "object" && address !== null ? hostAndPort(address.address, address.port) : address ?? "";
}
function hostAndPort(host, port) {
  const plain = plainHost(host);
  return `${plain.includes(":") ? `[${plain}]` : plain}:${port}`;
}
function plainHost(host) {
  return host.startsWith("::ffff:") && host.includes(".") ? host.slice(7) : host;
}
function missing(name, known) {
  const found = known.length === 0 ? "it passed none" : `it passed ${known.join(", ")}`;
  return brokerError("BROKER_SOCKET_MISSING", `systemd passed no socket with the name ${name}: ${found}`, {
    details: { name }
  });
}
function listenError(where, config, cause) {
  const facts = config.unix === void 0 ? { host: config.host, port: config.port } : { path: config.unix.path };
  const options = { cause, details: { ...facts, errno: cause.code } };
  const unixHint = config.unix === void 0 ? {} : { hint: "check the folder of the socket and who may write there" };
  switch (cause.code) {
    case "EADDRINUSE":
      return brokerError("BROKER_ADDRESS_IN_USE", `cannot listen on ${where}: the address is in use`, options);
    case "EACCES":
    case "EPERM":
      return brokerError("BROKER_ADDRESS_NOT_PERMITTED", `cannot listen on ${where}: not permitted`, {
        ...options,
        ...unixHint
      });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return brokerError("BROKER_ADDRESS_NOT_AVAILABLE", `cannot listen on ${where}: no such address here`, options);
    default:
      return brokerError("BROKER_LISTEN_FAILED", `cannot listen on ${where}: ${cause.message}`, {
        ...options,
        ...unixHint
      });
  }
}
export {
  bind,
  hostAndPort,
  plainHost,
  serverAddress
};
//# sourceMappingURL=bind.js.map
