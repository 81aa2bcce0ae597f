import t, {} from "tap";
import { mqttPublish, mqttSubscribe, reading } from "../support/foreign-mqtt.js";
import { startTestGateway } from "../support/gateway.js";
import {
  compileLibmodbusSlave,
  libmodbusRtu,
  needsLibmodbus,
  needsPymodbus,
  ptyPair,
  pymodbusRtu
} from "../support/modbus-peers.js";
const UNIT = 3;
const POLL_MS = 1e3;
const config = (path) => `
gateway: { id: plant-7 }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  line-a: { type: serial, path: ${path}, baudRate: 19200, parity: none, timeout: 300ms }
devices:
  boiler:
    adapter: modbus
    port: line-a
    unit: ${UNIT}
    every: ${POLL_MS}ms
    points:
      temperature: { address: 'holding:100', type: int16, scale: 0.1, unit: \xB0C }
      energy: { address: 'input:20', type: uint32, unit: kWh }
      setpoint: { address: 'holding:120', type: int16, scale: 0.1, write: { min: 10, max: 90 } }
`;
async function mainJob(t2, path, slave) {
  await slave.tell("holding 100 = 215");
  await slave.tell("input 20 = 1");
  await slave.tell("input 21 = 2");
  const gateway = await startTestGateway(t2, config(path));
  const seen = await mqttSubscribe(t2, gateway.mqttPort, "hpmq/plant-7/#");
  const first = reading(await seen("hpmq/plant-7/boiler/temperature", (payload) => payload.includes('"good"')));
  t2.match(first, { v: 21.5, q: "good", u: "\xB0C" });
  t2.match(reading(await seen("hpmq/plant-7/boiler/energy", (payload) => payload.includes('"good"'))), {
    v: 65538,
    u: "kWh"
  });
  t2.match(JSON.parse(await seen("hpmq/plant-7/boiler/$state", (payload) => payload.includes("online"))), {
    state: "online"
  });
  await slave.tell("holding 100 = 65412");
  const changedAt = Date.now();
  const changed = reading(await seen("hpmq/plant-7/boiler/temperature", (payload) => payload.includes("-12.4")));
  t2.match(changed, { v: -12.4, q: "good" });
  t2.ok(changed.t - changedAt <= 2 * POLL_MS, `sampled ${changed.t - changedAt} ms after the change, within two polls`);
  await mqttPublish(gateway.mqttPort, "hpmq/plant-7/boiler/setpoint/set", "42.5");
  const result = JSON.parse(await seen("hpmq/plant-7/boiler/setpoint/set/result", () => true));
  t2.match(result, { status: "verified", v: 42.5 });
  t2.equal(await slave.tell("holding 120"), 425, "the register of the slave has the value");
  t2.match(reading(await seen("hpmq/plant-7/boiler/setpoint", (payload) => payload.includes("42.5"))), {
    v: 42.5,
    q: "good"
  });
  await mqttPublish(gateway.mqttPort, "hpmq/plant-7/boiler/setpoint/set", "95");
  const refused = JSON.parse(
    await seen("hpmq/plant-7/boiler/setpoint/set/result", (payload) => payload.includes("refused"))
  );
  t2.match(refused, { status: "refused", code: "POINT_OUT_OF_RANGE" });
  t2.equal(await slave.tell("holding 120"), 425, "nothing was written");
}
t.test("libmodbus RTU slave", needsLibmodbus("socat", "mosquitto_sub"), async (t2) => {
  const [ours, theirs] = await ptyPair(t2);
  await mainJob(t2, ours, await libmodbusRtu(t2, compileLibmodbusSlave(t2), theirs, UNIT));
});
t.test("pymodbus RTU slave", needsPymodbus("socat", "mosquitto_sub"), async (t2) => {
  const [ours, theirs] = await ptyPair(t2);
  await mainJob(t2, ours, await pymodbusRtu(t2, theirs, UNIT));
});
//# sourceMappingURL=main-job-rtu.test.js.map
