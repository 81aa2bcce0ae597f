import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, {} from "tap";
import { createClient } from "../../src/api/client.js";
import { hpmqEntry, runHpmq, startTestGateway, tempFolder } from "../support/gateway.js";
import { eventually, startPeer } from "../support/peers.js";
import { connack, scriptedBroker } from "../support/scripted-broker.js";
const PLAIN = `gateway: { id: test }
broker: { listeners: [{ type: tcp, host: 127.0.0.1, port: 0 }] }
`;
function configured(t2, yaml) {
  const folder = tempFolder(t2);
  const file = join(folder, "hpmq.yaml");
  writeFileSync(file, yaml);
  const socket = join(folder, "c.sock");
  return { folder, socket, args: [hpmqEntry, "run", "-c", file, "--socket", socket] };
}
t.test("the first signal stops it in order: exit code 0, no socket left", async (t2) => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
    const gateway = await startTestGateway(t2, PLAIN);
    t2.equal(await gateway.process.kill(signal), 0, signal);
    t2.match(gateway.process.stderr(), new RegExp(`"reason":"${signal}".*"gateway stopped"`, "s"));
    t2.notOk(existsSync(gateway.socket));
  }
});
t.test("the second signal ends it at once, with the exit code of that signal", async (t2) => {
  const far = await scriptedBroker(t2, (packet, { send }) => {
    if (packet.cmd === "connect") send(connack());
  });
  const link = `links: { cloud: { type: mqtt, url: '${far.url}', routes: [{ direction: out, filter: 'hpmq/#' }] } }
`;
  for (const [signal, code] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129]
  ]) {
    const connected = far.connections.length;
    const gateway = await startTestGateway(t2, PLAIN + link);
    await eventually(() => far.connections[connected]?.publishes[0]);
    gateway.process.child.kill("SIGTERM");
    await gateway.process.sees(/"stopping"/);
    await eventually(() => {
      gateway.process.child.kill(signal);
      return gateway.process.child.exitCode !== null || gateway.process.child.signalCode !== null;
    });
    t2.equal(await gateway.process.ended, code, `${signal}: ${gateway.process.stderr()}`);
  }
});
t.test("after kill -9 it starts again on the same socket", async (t2) => {
  const { args, socket } = configured(t2, PLAIN);
  const first = startPeer(t2, process.execPath, args);
  await first.sees(/"gateway is up"/);
  await first.kill("SIGKILL");
  t2.ok(existsSync(socket));
  await startPeer(t2, process.execPath, args).sees(/"gateway is up"/);
  t2.match(await runHpmq(["--socket", socket, "status"]), { code: 0 });
});
t.test("what keeps it from starting: exit code 78 and the address; the running gateway is not disturbed", async (t2) => {
  const gateway = await startTestGateway(t2, PLAIN);
  const port = configured(t2, PLAIN.replace("port: 0", `port: ${gateway.mqttPort}`));
  const refused = await runHpmq(port.args.slice(1));
  t2.match(refused, { code: 78, stderr: new RegExp(`127\\.0\\.0\\.1:${gateway.mqttPort}`) });
  t2.notOk(existsSync(port.socket));
  const second = await runHpmq([...configured(t2, PLAIN).args.slice(1, -1), gateway.socket]);
  t2.match(second, { code: 78, stderr: /another gateway runs here/ });
  t2.match(await gateway.hpmq("status"), { code: 0 });
});
t.test("an error that nobody expected: said with its stack, exit code 70", async (t2) => {
  for (const [origin, defect] of [
    ["uncaughtException", 'throw new Error("very odd")'],
    ["unhandledRejection", 'Promise.reject(new Error("very odd"))'],
    ["unhandledRejection", 'Promise.reject("very odd")']
  ]) {
    const { args } = configured(t2, PLAIN);
    const hook = `data:text/javascript,${encodeURIComponent(`process.on("SIGUSR2", () => { ${defect}; })`)}`;
    const gateway = startPeer(t2, process.execPath, ["--import", hook, ...args]);
    await gateway.sees(/"gateway is up"/);
    gateway.child.kill("SIGUSR2");
    t2.equal(await gateway.ended, 70);
    const last = JSON.parse(gateway.stderr().trim().split("\n").at(-1) ?? "");
    t2.match(last, { level: 60, origin, err: { message: /very odd/, stack: /very odd/ } });
  }
});
t.test("a log that nobody reads any more does not stop the gateway", async (t2) => {
  const { args, socket } = configured(t2, PLAIN);
  const child = spawn(process.execPath, [...args, "-v"], { stdio: ["ignore", "ignore", "pipe"] });
  t2.teardown(() => child.kill("SIGKILL"));
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
  await new Promise((resolve) => child.stderr.once("data", resolve));
  child.stderr.destroy();
  await eventually(async () => (await runHpmq(["--socket", socket, "status"])).code === 0);
  child.kill("SIGTERM");
  t2.equal(await ended, 0);
  t2.notOk(existsSync(socket));
});
t.test("secrets are neither in the log nor in the configuration that the API shows", async (t2) => {
  const folder = tempFolder(t2);
  writeFileSync(join(folder, "pw"), "hunter2", { mode: 384 });
  const link = `links: { cloud: { type: mqtt, url: 'mqtt://127.0.0.1:1', username: u, password: { file: ${join(folder, "pw")} } } }
`;
  const { args, socket } = configured(t2, PLAIN + link);
  const gateway = startPeer(t2, process.execPath, [...args, "-vv"]);
  await gateway.sees(/"link down"/);
  const shown = await runHpmq(["--socket", socket, "--json", "status"]);
  t2.equal(shown.code, 0);
  const { yaml } = await createClient({ socket }).request("GET /v1/config");
  t2.match(yaml, /username: u/);
  t2.notMatch(yaml + gateway.stderr() + shown.stdout, /hunter2/);
});
//# sourceMappingURL=process.test.js.map
