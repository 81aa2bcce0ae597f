import { fork, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuSeconds, residentBytes } from "../bench/process.js";
import { repoRoot } from "../support/peers.js";
async function startGateway(stack, yaml, files = {}, entry = join(repoRoot, "dist", "bin", "hpmq.js")) {
  const folder = mkdtempSync(join(tmpdir(), "hpmq-load-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "hpmq.yaml");
  const socket = join(folder, "c.sock");
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 384 });
  writeFileSync(config, yaml);
  const command = 'ulimit -n "$(ulimit -Hn)"; exec "$@"';
  const args = ["-c", command, "sh", process.execPath, "--max-semi-space-size=2", entry];
  const child = spawn("sh", [...args, "run", "-c", config, "--socket", socket], {
    stdio: ["ignore", "ignore", "pipe"]
  });
  stack.defer(() => ended(child, "SIGTERM"));
  let log = "";
  const port = await new Promise((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text) => {
      log += text;
      const match = /"listeners":\["[^"]*:(\d+)"/.exec(log);
      if (match !== null) resolve(Number(match[1]));
    });
    child.on("exit", (code) => reject(new Error(`the gateway ended with ${code}:
${log}`)));
  });
  const pid = child.pid;
  return {
    pid,
    port,
    socket,
    log: () => log,
    cpuSeconds: () => cpuSeconds(pid),
    residentBytes: () => residentBytes(pid)
  };
}
function startWorker(stack, role, options) {
  const child = fork(join(import.meta.dirname, "worker.js"), { execArgv: [], stdio: "inherit" });
  stack.defer(() => ended(child, "SIGKILL"));
  const words = [];
  let listener;
  let fail = () => {
  };
  const failed = new Promise((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {
  });
  const result = new Promise((resolve) => {
    child.on("message", (message) => {
      if (message.error !== void 0) fail(new Error(`${role}: ${message.error}`));
      else if (message.word === void 0) resolve(message.result);
      else if (listener === void 0) words.push(message.word);
      else listener(message.word);
    });
  });
  child.on("exit", (code) => fail(new Error(`${role} ended with ${code}`)));
  child.send({ role, options });
  const next = () => {
    const word = words.shift();
    if (word !== void 0) return Promise.resolve(word);
    const said = new Promise((resolve) => {
      listener = (text) => {
        listener = void 0;
        resolve(text);
      };
    });
    return Promise.race([said, failed]);
  };
  const outcome = Promise.race([result, failed]);
  outcome.catch(() => {
  });
  return {
    pid: child.pid,
    async hear(word) {
      while (await next() !== word) ;
    },
    next,
    say: (word) => void child.send({ word }),
    result: outcome
  };
}
async function ended(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  const killed = setTimeout(() => child.kill("SIGKILL"), 15e3);
  await exit;
  clearTimeout(killed);
}
export {
  startGateway,
  startWorker
};
//# sourceMappingURL=processes.js.map
