import { defaultSocket } from "./api/socket.js";
import { loadAdapters } from "./builtin.js";
import { loadConfig } from "./config/load.js";
import { effectiveYaml } from "./config/show.js";
import { systemClock } from "./core/clock.js";
import { EXIT } from "./core/exit.js";
import { startGateway } from "./gateway.js";
import { createLogging } from "./logging.js";
const STOP_DEADLINE = 1e4;
async function runGateway(options) {
  const adapters = await loadAdapters();
  const loaded = loadConfig({ file: options.config, env: process.env, cwd: process.cwd(), adapters });
  const { config, file } = loaded;
  const level = options.verbose > 1 ? "trace" : options.verbose === 1 ? "debug" : config.log.level;
  const logging = createLogging({
    level,
    pretty: process.stderr.isTTY === true,
    write: (text) => void process.stderr.write(text)
  });
  process.stderr.on("error", () => {
  });
  endOnDefect(logging.log);
  const stop = waitForStop();
  const gateway = await startGateway({
    config,
    shown: { file: file ?? null, yaml: effectiveYaml(loaded, adapters) },
    adapters,
    socket: options.socket ?? config.api.socket ?? defaultSocket(process.env),
    logging,
    clock: systemClock
  });
  process.send?.({ ready: true, addresses: gateway.addresses }, () => {
  });
  const reason = await stop;
  logging.log.info({ reason }, "stopping");
  const deadline = systemClock.after(STOP_DEADLINE, () => {
    logging.log.error({ deadlineMs: STOP_DEADLINE }, "could not stop in time");
    process.exit(EXIT.TRY_LATER);
  });
  try {
    await gateway[Symbol.asyncDispose]();
  } finally {
    deadline.cancel();
  }
  return EXIT.OK;
}
function endOnDefect(log) {
  process.on("uncaughtException", (error, origin) => {
    log.fatal({ err: error, origin }, "the gateway ends by a defect");
    process.exit(EXIT.BUG);
  });
}
const ONE_SIGNAL = 250;
function waitForStop() {
  return new Promise((resolve) => {
    let first;
    for (const [signal, code] of [
      ["SIGINT", EXIT.SIGINT],
      ["SIGTERM", EXIT.SIGTERM],
      ["SIGHUP", 129]
    ]) {
      process.on(signal, () => {
        first ??= systemClock.monotonic();
        if (systemClock.monotonic() - first > ONE_SIGNAL) process.exit(code);
        resolve(signal);
      });
    }
    if (process.connected) {
      process.once("disconnect", () => resolve("parent is gone"));
      process.channel?.unref();
    }
  });
}
export {
  runGateway,
  waitForStop
};
//# sourceMappingURL=run.js.map
