import { readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { mqttSubscribe, reading } from "../support/foreign-mqtt.js";
import { startTestGateway, tempFolder } from "../support/gateway.js";
import { compileLibmodbusSlave, needsLibmodbus } from "../support/modbus-peers.js";
import { startPeer } from "../support/peers.js";
const TIMES = 30;
t.test("unplugged and replugged", needsLibmodbus("socat", "mosquitto_sub"), async (t2) => {
  const program = compileLibmodbusSlave(t2);
  const folder = tempFolder(t2);
  const [ours, theirs] = [join(folder, "ttyA"), join(folder, "ttyB")];
  const plug = async (turn) => {
    const line = startPeer(t2, "socat", ["-d", "-d", `pty,raw,echo=0,link=${theirs}`, `pty,raw,echo=0,link=${ours}`]);
    await line.sees(/starting data transfer loop/);
    const slave = startPeer(t2, program, ["rtu", theirs, "19200", "N", "3"]);
    await slave.sees(/^ready$/m);
    slave.write(`holding 100 = ${turn}
`);
    return { line, slave };
  };
  let plugged = await plug(0);
  const gateway = await startTestGateway(
    t2,
    `
gateway: { id: plant }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  line: { type: serial, path: ${ours}, baudRate: 19200, parity: none, timeout: 200ms }
devices:
  boiler: { adapter: modbus, port: line, unit: 3, every: 100ms, points: { turn: { address: 'holding:100' } } }
`
  );
  const seen = await mqttSubscribe(t2, gateway.mqttPort, "hpmq/plant/#");
  const topic = "hpmq/plant/boiler/turn";
  const handles = () => readdirSync(`/proc/${gateway.process.pid}/fd`).length;
  await seen(topic, (payload) => payload.includes('"v":0,"q":"good"'));
  let before = 0;
  for (let turn = 1; turn <= TIMES; turn++) {
    const pulledAt = Date.now();
    await plugged.line.kill();
    await plugged.slave.kill();
    const bad = reading(await seen(topic, (payload) => reading(payload).q === "bad" && reading(payload).t >= pulledAt));
    t2.match(bad, { v: null, e: /^PORT_/ });
    plugged = await plug(turn);
    await seen(topic, (payload) => payload.includes(`"v":${turn},"q":"good"`));
    if (turn === 2) before = handles();
  }
  t2.equal(handles(), before, `${TIMES} times later no file descriptor is left over`);
  t2.equal(gateway.process.stderr().includes('"level":50'), false, "no error in the log");
});
//# sourceMappingURL=serial-replug.test.js.map
