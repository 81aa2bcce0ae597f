import { join } from "node:path";
import { createApiServer } from "../../src/api/server.js";
import { systemClock } from "../../src/core/clock.js";
import { silentLog } from "../../src/core/log.js";
import { FakeView } from "./fake-view.js";
import { hpmqEntry, tempFolder } from "./gateway.js";
import { startPeer } from "./peers.js";
const plainEnv = {
  NO_COLOR: "",
  FORCE_COLOR: "",
  HPMQ_SOCKET: "",
  XDG_RUNTIME_DIR: "",
  RUNTIME_DIRECTORY: "",
  TERM: "xterm"
};
function startHpmq(t, args, options = {}) {
  const peer = startPeer(t, process.execPath, [hpmqEntry, ...args], {
    env: { ...plainEnv, ...options.env },
    ...options.cwd !== void 0 && { cwd: options.cwd }
  });
  if (options.stdin !== void 0) peer.child.stdin?.end(options.stdin);
  return peer;
}
async function hpmq(t, args, options = {}) {
  const peer = startHpmq(t, args, { stdin: "", ...options });
  const code = await peer.ended;
  return { code: Number(code), stdout: peer.stdout(), stderr: peer.stderr() };
}
async function startFakeGateway(t) {
  const socket = join(tempFolder(t), "c.sock");
  const view = new FakeView(Date.now());
  const server = createApiServer({ view, socket, log: silentLog, clock: systemClock });
  await server.start(AbortSignal.timeout(1e4));
  t.teardown(() => server[Symbol.asyncDispose]());
  return {
    view,
    server,
    socket,
    run: (args, options = {}) => hpmq(t, ["--socket", socket, ...args], options),
    start: (args, options = {}) => startHpmq(t, ["--socket", socket, ...args], options)
  };
}
function timeless(text) {
  return text.replace(/\b\d\d:\d\d:\d\d\.\d{3}\b/g, "HH:MM:SS.mmm").replace(/\b\d+m \d\ds/g, "NNm NNs").replace(/\b\d+\.\ds/g, "N.Ns");
}
export {
  hpmq,
  plainEnv,
  startFakeGateway,
  startHpmq,
  timeless
};
//# sourceMappingURL=cli.js.map
