import { jsx } from "react/jsx-runtime";
import { render, renderToString } from "ink";
import { Scope } from "../core/scope.js";
import { App } from "./components/app.js";
import { View } from "./components/view.js";
import { createController } from "./controller.js";
import { Feed } from "./feed.js";
import { initialModel, reduce } from "./model.js";
import { Store } from "./store.js";
const MAX_FRAMES_PER_SECOND = 10;
const HOME_AND_ERASE = "\x1B[H\x1B[2J";
const SUSPEND_MS = 500;
const endings = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
function startModel(session, columns, rows) {
  const { readOnly, target, route, clock } = session;
  return initialModel({ readOnly, target, route, now: clock.now(), columns, rows });
}
async function printOnce(session, columns) {
  const { client, clock, stdout, theme } = session;
  const [status, links] = await Promise.all([client.request("GET /v1/status"), client.request("GET /v1/links")]);
  const rows = 20 + 2 * Math.max(1, status.alarms.length);
  const model = reduce(startModel({ ...session, route: { screen: "overview" } }, columns, rows), {
    type: "event",
    stream: "main",
    event: { kind: "snapshot", data: { status, links: links.items } },
    at: clock.now()
  });
  const frame = renderToString(/* @__PURE__ */ jsx(View, { model, theme: { ...theme, motion: false }, hints: false }), { columns });
  const lines = frame.split("\n").map((line) => line.trimEnd());
  await new Promise((resolve, reject) => {
    stdout.write(`${lines.join("\n").trimEnd()}
`, (error) => error ? reject(error) : resolve());
  });
}
async function runSession(session) {
  const { client, clock, stdin, stdout, random } = session;
  const status = await client.request("GET /v1/status");
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers();
  await using scope = new Scope(fail);
  using store = new Store(startModel(session, stdout.columns, stdout.rows), clock);
  store.dispatch({ type: "event", stream: "main", event: { kind: "status", data: status }, at: clock.now() });
  let instance;
  let suspendInk;
  const erase = () => {
    stdout.write(HOME_AND_ERASE);
    instance?.clear();
  };
  let isSuspended = false;
  const onStop = () => scope.run(() => suspend(() => process.kill(process.pid, "SIGSTOP")));
  function stopGroup() {
    process.off("SIGTSTP", onStop);
    process.kill(0, "SIGTSTP");
  }
  async function suspend(stop) {
    if (suspendInk === void 0 || isSuspended) return;
    isSuspended = true;
    const suspension = await suspendInk();
    const continued = Promise.withResolvers();
    process.once("SIGCONT", continued.resolve);
    stop();
    await Promise.race([continued.promise, clock.sleep(SUSPEND_MS)]);
    process.off("SIGCONT", continued.resolve);
    process.off("SIGTSTP", onStop);
    process.on("SIGTSTP", onStop);
    await suspension.resume();
    isSuspended = false;
  }
  const onContinue = () => {
    if (isSuspended) return;
    stdin.setRawMode(false);
    stdin.setRawMode(true);
    terminal.redraw();
  };
  const terminal = {
    redraw() {
      erase();
      instance?.rerender(app());
    },
    suspend: () => scope.run(() => suspend(stopGroup)),
    quit: () => end(0),
    send: (sequence) => void stdout.write(sequence)
  };
  const controller = createController(client, store, scope, terminal);
  const onTerminal = (handOver) => {
    suspendInk = handOver;
  };
  const app = () => /* @__PURE__ */ jsx(App, { store, controller, theme: session.theme, onTerminal });
  await using feed = new Feed({ client, store, clock, random, onError: fail });
  stdout.on("resize", erase);
  process.on("SIGTSTP", onStop);
  process.on("SIGCONT", onContinue);
  stdin.setRawMode(true);
  instance = render(app(), {
    stdout,
    stdin,
    exitOnCtrlC: false,
    interactive: true,
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: MAX_FRAMES_PER_SECOND,
    isScreenReaderEnabled: session.theme.screenReader
  });
  const restore = () => instance.unmount();
  const undo = onEndings(session, end, restore);
  feed.start();
  try {
    return await Promise.race([ended, instance.waitUntilExit().then(() => ended)]);
  } finally {
    undo();
    stdout.off("resize", erase);
    process.off("SIGTSTP", onStop);
    process.off("SIGCONT", onContinue);
    restore();
    await instance.waitUntilExit().catch(() => {
    });
    stdin.setRawMode(false);
  }
}
function onEndings({ stdin, stdout }, end, restore) {
  const handlers = Object.entries(endings).map(([signal, code]) => {
    const handler = () => end(code);
    process.on(signal, handler);
    return () => void process.off(signal, handler);
  });
  const onUncaught = () => {
    restore();
    if (stdin.isTTY) stdin.setRawMode(false);
  };
  const onHangUp = () => end(endings.SIGHUP);
  process.on("uncaughtExceptionMonitor", onUncaught);
  stdin.on("end", onHangUp);
  stdout.on("error", onHangUp);
  return () => {
    for (const undo of handlers) undo();
    process.off("uncaughtExceptionMonitor", onUncaught);
    stdin.off("end", onHangUp);
    stdout.off("error", onHangUp);
  };
}
export {
  printOnce,
  runSession
};
//# sourceMappingURL=run.js.map
