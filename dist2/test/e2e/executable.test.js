import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, {} from "tap";
import { tempFolder } from "../support/gateway.js";
import { needs, repoRoot, startPeer } from "../support/peers.js";
const executable = join(repoRoot, "dist", `hpmq-linux-${process.arch}`);
const built = existsSync(executable) ? {} : { skip: `${executable} does not exist; npm run build makes it` };
function run(folder, ...args) {
  const env = { HOME: folder, PATH: "/usr/bin:/bin" };
  return new Promise((resolve) => {
    execFile(
      executable,
      args,
      { cwd: folder, env, timeout: 3e4 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    );
  });
}
async function startGateway(t2, yaml) {
  const folder = tempFolder(t2);
  const runtime = join(folder, "run");
  mkdirSync(runtime);
  const file = join(folder, "hpmq.yaml");
  writeFileSync(file, yaml);
  const peer = startPeer(t2, executable, ["run", "-c", file, "--socket", join(folder, "c.sock")], {
    cwd: folder,
    env: { RUNTIME_DIRECTORY: runtime }
  });
  const [, mqttPort = ""] = await peer.sees(/"listeners":\["[^"]*:(\d+)"/, 15e3);
  return { process: peer, mqttPort, runtime };
}
t.test("--version prints the version of the package, and nothing on stderr", built, async (t2) => {
  const { version } = JSON.parse(readFileSync(join(repoRoot, "package.json"), "utf8"));
  const { code, stdout, stderr } = await run(tempFolder(t2), "--version");
  t2.match({ code, stderr }, { code: 0, stderr: "" });
  t2.ok(stdout.includes(version), stdout);
});
t.test("config check accepts the example", built, async (t2) => {
  const folder = tempFolder(t2);
  copyFileSync(join(repoRoot, "hpmq.example.yaml"), join(folder, "hpmq.yaml"));
  const { code, stderr } = await run(folder, "config", "check");
  t2.match({ code, stderr }, { code: 0, stderr: "" });
});
t.test("run: a foreign client reads the state; SIGTERM ends it", { ...needs("mosquitto_sub"), ...built }, async (t2) => {
  const gateway = await startGateway(t2, "gateway: { id: box }\nbroker: { listeners: [{ type: tcp, port: 0 }] }\n");
  const args = ["-p", gateway.mqttPort, "-V", "5", "-t", "hpmq/+/$state", "-v", "-C", "1"];
  const [, state = ""] = await startPeer(t2, "mosquitto_sub", args).sees(/^hpmq\/box\/\$state (.+)$/m);
  t2.match(JSON.parse(state), { state: "online" });
  t2.equal(await gateway.process.kill("SIGTERM"), 0);
  const lines = gateway.process.stderr().trim().split("\n");
  t2.strictSame(
    lines.filter((line) => !line.startsWith('{"level":')),
    [],
    "the log is NDJSON, without warnings of Node"
  );
});
t.test(
  "run: a serial port is opened with the driver inside the executable",
  { ...needs("socat"), ...built },
  async (t2) => {
    const line = join(tempFolder(t2), "line");
    const wire = startPeer(t2, "socat", ["-d", "-d", "-u", `pty,raw,echo=0,link=${line}`, "stdout"]);
    await wire.sees(/starting data transfer/);
    const gateway = await startGateway(
      t2,
      `
gateway: { id: box }
broker: { listeners: [{ type: tcp, port: 0 }] }
ports: { line: { type: serial, path: ${line}, baudRate: 19200, parity: even } }
devices:
  boiler: { adapter: modbus, port: line, unit: 3, points: { temperature: { address: 'holding:100', type: int16, every: 100ms } } }
`
    );
    await wire.sees(/\x03\x03\x00\x64\x00\x01/);
    t2.strictSame(readdirSync(gateway.runtime), [], "the file that carried the driver is gone");
    t2.equal(await gateway.process.kill("SIGTERM"), 0);
  }
);
//# sourceMappingURL=executable.test.js.map
