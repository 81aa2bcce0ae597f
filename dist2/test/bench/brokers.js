import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, hasProgram, listening, repoRoot } from "../support/peers.js";
import { pinning } from "./process.js";
const hpmq = join(repoRoot, "dist", "bin", "hpmq.js");
const brokers = [
  {
    name: "hpmq",
    absent: () => existsSync(hpmq) ? void 0 : "not compiled: npm run compile",
    command: (port, folder) => {
      const file = join(folder, "hpmq.yaml");
      const lines = [
        "gateway: { id: bench }",
        "broker:",
        "  listeners:",
        `    - { type: tcp, host: 127.0.0.1, port: ${port} }`,
        `api: { socket: ${join(folder, "c.sock")} }`,
        "log: { level: error }"
      ];
      writeFileSync(file, `${lines.join("\n")}
`);
      return [process.execPath, hpmq, "run", "-c", file];
    }
  },
  {
    name: "mosquitto",
    absent: () => hasProgram("mosquitto") ? void 0 : "not installed: test/peers/install",
    command: (port, folder) => {
      const file = join(folder, "mosquitto.conf");
      writeFileSync(file, `listener ${port} 127.0.0.1
allow_anonymous true
log_type error
`);
      return ["mosquitto", "-c", file];
    }
  },
  {
    name: "aedes",
    absent: () => existsSync(join(repoRoot, "node_modules", "aedes")) ? void 0 : "not installed: npm install",
    command: (port) => [process.execPath, join(import.meta.dirname, "aedes-broker.js"), String(port)]
  }
];
function customBroker(text) {
  const [, name, line] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
  if (name === void 0 || line === void 0 || !line.includes("{port}")) {
    throw new Error(`--broker "${text}" is not of the form "name=command with {port}"`);
  }
  return {
    name,
    absent: () => void 0,
    command: (port) => line.split(" ").filter((word) => word !== "").map((word) => word.replaceAll("{port}", String(port)))
  };
}
async function startBroker(broker) {
  const folder = mkdtempSync(join(tmpdir(), "hpmq-bench-"));
  const port = await freePort();
  const command = broker.command(port, folder);
  const line = pinning === void 0 ? command : ["taskset", "-c", String(pinning.broker), ...command];
  const child = spawn(line[0], line.slice(1), { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  child.stderr.on("data", (chunk) => {
    words = (words + chunk.toString()).slice(-2e3);
  });
  const stop = async () => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const early = new Promise((_, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      reject(new Error(`${broker.name} ended (${code ?? signal}): ${words.trim().split("\n").at(-1) ?? ""}`));
    });
  });
  early.catch(() => {
  });
  try {
    await Promise.race([listening(port), early]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid, port, [Symbol.asyncDispose]: stop };
}
async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === void 0) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}
export {
  brokers,
  customBroker,
  startBroker
};
//# sourceMappingURL=brokers.js.map
