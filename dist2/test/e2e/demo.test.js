import { existsSync } from "node:fs";
import { dirname } from "node:path";
import t from "tap";
import { mqttPublish } from "../support/foreign-mqtt.js";
import { hpmqEntry, runHpmq, tempFolder } from "../support/gateway.js";
import { eventually, needs, startPeer } from "../support/peers.js";
const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
t.test("the demo shows the main job and cleans up", needs("mosquitto_pub"), async (t2) => {
  const demo = startPeer(t2, process.execPath, [hpmqEntry, "demo"], { env: { TMPDIR: tempFolder(t2) } });
  await demo.sees(/plants\/demo\/boiler\/temperature +[\d.]+ °C +good/, 15e3);
  const [, socket] = await demo.sees(/--socket (\S+) tui/);
  const pids = demo.stdout().matchAll(/\(pid (\d+)\)/g).map((match) => Number(match[1])).toArray();
  t2.equal(pids.length, 3, "plant and two gateways are processes of their own");
  const list = await runHpmq(["--socket", String(socket), "point", "list", "--json"]);
  t2.equal(list.code, 0);
  t2.equal(JSON.parse(list.stdout).items.length, 14);
  const write = await runHpmq(["--socket", String(socket), "point", "write", "boiler.setpoint", "72.5"]);
  t2.match(write, { code: 0, stdout: /verified 72\.5 °C/ });
  const [, cloudPort] = await demo.sees(/mosquitto_pub -p (\d+) -t plants\/demo\/cmd/);
  await mqttPublish(Number(cloudPort), "plants/demo/cmd/boiler/setpoint/set", "65");
  await demo.sees(/plants\/demo\/boiler\/setpoint\/set\/result +\{"status":"verified","v":65/);
  t2.ok(existsSync(dirname(String(socket))));
  t2.equal(await demo.kill("SIGINT"), 0);
  t2.notOk(existsSync(dirname(String(socket))), "the folder is gone");
  t2.notOk(pids.some(isAlive), "all parts have ended");
});
t.test("Ctrl-C under npm comes twice, from the terminal and from npm, and is one", async (t2) => {
  const demo = startPeer(t2, process.execPath, [hpmqEntry, "demo"], { env: { TMPDIR: tempFolder(t2) } });
  const [, socket] = await demo.sees(/--socket (\S+) tui/);
  await demo.sees(/What arrives in the cloud/, 15e3);
  demo.child.kill("SIGINT");
  await demo.sees(/Stopping/);
  t2.equal(await demo.kill("SIGINT"), 0);
  t2.notOk(existsSync(dirname(String(socket))), "the folder is gone");
});
t.test("parts of a demo that was killed end by themselves", async (t2) => {
  const demo = startPeer(t2, process.execPath, [hpmqEntry, "demo"], { env: { TMPDIR: tempFolder(t2) } });
  await demo.sees(/What arrives in the cloud/, 15e3);
  const pids = demo.stdout().matchAll(/\(pid (\d+)\)/g).map((match) => Number(match[1])).toArray();
  await demo.kill("SIGKILL");
  await eventually(() => !pids.some(isAlive));
  t2.equal(pids.length, 3);
});
//# sourceMappingURL=demo.test.js.map
