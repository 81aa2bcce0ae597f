import { systemClock } from "../core/clock.js";
import { tuiError } from "./errors.js";
import { screens } from "./state.js";
import { needsAscii } from "./theme.js";
import { tuiErrors } from "./errors.js";
const PLAIN_COLUMNS = 80;
function screenOf(name) {
  const screen = screens.find((candidate) => candidate === (name ?? "overview"));
  if (screen === void 0) throw tuiError("TUI_SCREEN_UNKNOWN", `there is no screen ${JSON.stringify(name)}`);
  return screen;
}
async function runTui(options) {
  const { stdin = process.stdin, stdout = process.stdout, stderr = process.stderr, env = process.env } = options;
  const screen = screenOf(options.screen);
  const isTerminal = stdin.isTTY === true && stdout.isTTY === true && env.TERM !== "dumb";
  const isColored = options.color && isTerminal && (!env.NO_COLOR || env.FORCE_COLOR !== void 0);
  process.env.NODE_ENV = "production";
  if (!isColored) process.env.FORCE_COLOR = "0";
  const { printOnce, runSession } = await import("./run.js");
  const theme = {
    ascii: options.ascii || needsAscii(env),
    motion: options.motion,
    screenReader: env.INK_SCREEN_READER === "true",
    dimmed: false
  };
  const session = {
    client: options.client,
    readOnly: options.readOnly,
    target: options.target,
    theme,
    route: { screen },
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    stdin,
    stdout
  };
  if (isTerminal) return runSession(session);
  await printOnce(session, stdout.columns || Number(env.COLUMNS) || PLAIN_COLUMNS);
  stderr.write("hint: this is no terminal; use `hpmq status --json` for something to read by a program\n");
  return 0;
}
export {
  runTui,
  tuiErrors
};
//# sourceMappingURL=main.js.map
