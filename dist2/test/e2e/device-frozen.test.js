import t from "tap";
import { mqttSubscribe, reading } from "../support/foreign-mqtt.js";
import { startTestGateway } from "../support/gateway.js";
import { compileLibmodbusSlave, libmodbusTcp, needsLibmodbus } from "../support/modbus-peers.js";
const POLL_MS = 1e3;
t.test("a frozen TCP slave", needsLibmodbus("mosquitto_sub"), async (t2) => {
  const slave = await libmodbusTcp(t2, compileLibmodbusSlave(t2), 1);
  const gateway = await startTestGateway(
    t2,
    `
gateway: { id: plant }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  plc: { type: tcp, host: 127.0.0.1, port: ${slave.port}, timeout: 500ms }
devices:
  plc: { adapter: modbus, port: plc, unit: 1, every: ${POLL_MS}ms, points: { speed: { address: 'holding:20' } } }
`
  );
  const seen = await mqttSubscribe(t2, gateway.mqttPort, "hpmq/plant/plc/#");
  await seen("hpmq/plant/plc/$state", (payload) => payload.includes('"online"'));
  slave.peer.child.kill("SIGSTOP");
  const frozenAt = Date.now();
  const bad = reading(await seen("hpmq/plant/plc/speed", (payload) => payload.includes('"bad"')));
  t2.match(bad, { v: null, e: "MODBUS_TIMEOUT" });
  const state = JSON.parse(await seen("hpmq/plant/plc/$state", (payload) => payload.includes('"offline"')));
  t2.ok(state.since - frozenAt <= 3 * POLL_MS, `offline after ${state.since - frozenAt} ms, within three polls`);
  slave.peer.child.kill("SIGCONT");
  await seen("hpmq/plant/plc/$state", (payload) => {
    const { state: name, since } = JSON.parse(payload);
    return name === "online" && since > state.since;
  });
  t2.match(
    reading(
      await seen("hpmq/plant/plc/speed", (payload) => reading(payload).t > state.since && payload.includes('"good"'))
    ),
    { v: 0 }
  );
});
//# sourceMappingURL=device-frozen.test.js.map
