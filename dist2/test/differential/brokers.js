import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, listening } from "../support/peers.js";
import { ALIASES, PACKET_BYTES } from "./judge.js";
const RECEIVE_MAXIMUM = 20;
async function startMosquitto() {
  const folder = mkdtempSync(join(tmpdir(), "hpmq-differential-"));
  const port = await freePort();
  const settings = [
    `listener ${port} 127.0.0.1`,
    `max_topic_alias ${ALIASES}`,
    "allow_anonymous true",
    "persistence false",
    "sys_interval 0",
    "log_dest none",
    "set_tcp_nodelay true",
    `max_packet_size ${PACKET_BYTES}`,
    `max_inflight_messages ${RECEIVE_MAXIMUM}`,
    "max_queued_messages 1000"
  ];
  const file = join(folder, "mosquitto.conf");
  writeFileSync(file, `${settings.join("\n")}
`);
  const running = watch(
    spawn("mosquitto", ["-c", file], { stdio: ["pipe", "ignore", "pipe"] }),
    port,
    () => rmSync(folder, { recursive: true, force: true })
  );
  await listening(port);
  return running;
}
async function startOurs() {
  const child = spawn(process.execPath, [join(import.meta.dirname, "our-broker.js")], {
    stdio: ["pipe", "pipe", "pipe"]
  });
  const port = await new Promise((resolve, reject) => {
    child.stdout.setEncoding("utf8").once("data", (line) => resolve(Number(line)));
    child.once("exit", (code) => reject(new Error(`our broker ended with ${code}`)));
  });
  return watch(child, port, () => {
  });
}
function watch(child, port, onEnd) {
  let stderr = "";
  let isStopping = false;
  let crash;
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    stderr = (stderr + text).slice(-4e3);
  });
  const ended = new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      if (!isStopping) crash = `ended with ${code ?? signal}: ${stderr}`;
      onEnd();
      resolve();
    });
  });
  return {
    port,
    crash: () => crash,
    async [Symbol.asyncDispose]() {
      isStopping = true;
      child.kill("SIGTERM");
      await ended;
    }
  };
}
export {
  RECEIVE_MAXIMUM,
  startMosquitto,
  startOurs
};
//# sourceMappingURL=brokers.js.map
