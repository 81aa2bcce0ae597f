const FIRST_FD = 3;
const MAX_FDS = 1024;
function activatedSockets(env, pid) {
  const sockets = /* @__PURE__ */ new Map();
  const count = Number(env.LISTEN_FDS);
  if (env.LISTEN_PID !== String(pid) || !Number.isInteger(count) || count < 1 || count > MAX_FDS) return sockets;
  const names = env.LISTEN_FDNAMES?.split(":") ?? [];
  for (let index = 0; index < count; index++) {
    const name = names[index] || "unknown";
    sockets.set(name, [...sockets.get(name) ?? [], FIRST_FD + index]);
  }
  return sockets;
}
export {
  activatedSockets
};
//# sourceMappingURL=systemd.js.map
