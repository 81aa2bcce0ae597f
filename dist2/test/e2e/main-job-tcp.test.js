import t, {} from "tap";
import { mqttPublish, mqttSubscribe, reading } from "../support/foreign-mqtt.js";
import { startTestGateway } from "../support/gateway.js";
import {
  compileLibmodbusSlave,
  libmodbusTcp,
  needsLibmodbus,
  needsPymodbus,
  PYTHON,
  pymodbusTcp
} from "../support/modbus-peers.js";
import { eventually, repoRoot, startPeer } from "../support/peers.js";
const UNIT = 1;
const POLL_MS = 1e3;
const config = (port) => `
gateway: { id: plant-7 }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  plc: { type: tcp, host: 127.0.0.1, port: ${port}, timeout: 500ms }
devices:
  plc:
    adapter: modbus
    port: plc
    unit: ${UNIT}
    every: ${POLL_MS}ms
    points:
      flow: { address: 'holding:10', type: float32, unit: l/min }
      total: { address: 'input:0', type: uint64 }
      run: { address: 'coil:5', write: true }
      speed: { address: 'holding:20', write: { min: 0, max: 3000 } }
`;
async function mainJob(t2, slave, restart) {
  await slave.tell("holding 10 = 16712");
  for (const [index, value] of [4660, 2, 3, 4].entries()) await slave.tell(`input ${index} = ${value}`);
  const gateway = await startTestGateway(t2, config(slave.port));
  const seen = await mqttSubscribe(t2, gateway.mqttPort, "hpmq/plant-7/plc/#");
  t2.match(reading(await seen("hpmq/plant-7/plc/flow", (payload) => payload.includes('"good"'))), {
    v: 12.5,
    u: "l/min"
  });
  t2.match(await seen("hpmq/plant-7/plc/total", () => true), '"v":1311673400061788164,', "all digits of 64 bits");
  await mqttPublish(gateway.mqttPort, "hpmq/plant-7/plc/run/set", "true");
  t2.match(JSON.parse(await seen("hpmq/plant-7/plc/run/set/result", () => true)), { status: "verified", v: true });
  t2.equal(await slave.tell("coil 5"), 1);
  await mqttPublish(gateway.mqttPort, "hpmq/plant-7/plc/speed/set", '{"v":1450}');
  t2.match(JSON.parse(await seen("hpmq/plant-7/plc/speed/set/result", () => true)), { status: "verified", v: 1450 });
  t2.equal(await slave.tell("holding 20"), 1450);
  await slave.peer.kill("SIGKILL");
  const killedAt = Date.now();
  const bad = reading(await seen("hpmq/plant-7/plc/flow", (payload) => payload.includes('"bad"')));
  t2.match(bad, { v: null, q: "bad", e: /^(MODBUS|PORT)_/ });
  t2.ok(bad.t - killedAt <= 3 * POLL_MS, `bad after ${bad.t - killedAt} ms, within three polls`);
  await seen("hpmq/plant-7/plc/$state", (payload) => payload.includes("offline"));
  const offlineAfter = Date.now() - killedAt;
  t2.ok(offlineAfter <= 3 * POLL_MS, `offline after ${offlineAfter} ms, within three polls`);
  const shown = JSON.parse((await gateway.hpmq("device", "show", "plc", "--json")).stdout);
  t2.match(shown, { state: "offline" });
  await restart();
  const good = await eventually(async () => {
    const { stdout } = await gateway.hpmq("point", "read", "plc.flow", "--json");
    return stdout.includes('"good"') && stdout;
  }, 2e4);
  t2.match(good, '"value":0', "the new slave has its own registers, nothing from before");
  await eventually(
    async () => (await gateway.hpmq("device", "show", "plc", "--json")).stdout.includes('"online"'),
    2e4
  );
}
t.test("libmodbus TCP slave, killed and restarted", needsLibmodbus("mosquitto_sub"), async (t2) => {
  const program = compileLibmodbusSlave(t2);
  const slave = await libmodbusTcp(t2, program, UNIT);
  await mainJob(t2, slave, async () => {
    await startPeer(t2, program, ["tcp", String(slave.port), String(UNIT)]).sees(/^ready$/m);
  });
});
t.test("pymodbus TCP slave, killed and restarted", needsPymodbus("mosquitto_sub"), async (t2) => {
  const slave = await pymodbusTcp(t2, "tcp", UNIT);
  await mainJob(t2, slave, async () => {
    await startPeer(t2, PYTHON, [
      `${repoRoot}/test/peers/modbus-slave.py`,
      "tcp",
      String(slave.port),
      String(UNIT)
    ]).sees(/^ready$/m);
  });
});
//# sourceMappingURL=main-job-tcp.test.js.map
