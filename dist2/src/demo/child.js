import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { errorsOf } from "../core/errors.js";
import { selfCommand } from "./self.js";
const demoErrors = {
  DEMO_PART_FAILED: {
    fault: "bug",
    hint: "see the lines above; run the part by itself, e.g. `hpmq simulate modbus-tcp`, to see more"
  }
};
const demoError = errorsOf(demoErrors);
const READY_TIMEOUT = 15e3;
const STOP_TIMEOUT = 11e3;
function startChild(name, args, logFile) {
  const [program, ...first] = selfCommand();
  const log = openSync(logFile, "a");
  const child = spawn(program, [...first, ...args], { stdio: ["ignore", log, log, "ipc"], detached: true });
  closeSync(log);
  return new Promise((resolve, reject) => {
    const fail = (what) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      const tail = readFileSync(logFile, "utf8").trim().split("\n").slice(-5).join("\n");
      reject(
        demoError("DEMO_PART_FAILED", `${name} ${what}${tail === "" ? "" : `:
${tail}`}`, { details: { logFile } })
      );
    };
    const timer = setTimeout(() => fail(`was not ready within ${READY_TIMEOUT / 1e3} s`), READY_TIMEOUT);
    child.once("error", (error) => fail(`could not start: ${error.message}`));
    child.once("exit", (code, signal) => fail(`ended with ${code ?? signal}`));
    child.once("message", (message) => {
      clearTimeout(timer);
      child.removeAllListeners("exit");
      resolve({ pid: child.pid ?? -1, address: message.addresses[0] ?? "", [Symbol.asyncDispose]: () => stop(child) });
    });
  });
}
async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT);
  await ended;
  clearTimeout(timer);
}
export {
  demoErrors,
  startChild
};
//# sourceMappingURL=child.js.map
