/** The USB adapter pulled and plugged again, thirty times: the line is found again each time and nothing piles up. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { plugCable } from '../support/cable.js';
import { mqttSubscribe, reading } from '../support/foreign-mqtt.js';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { compileLibmodbusSlave, needsLibmodbus } from '../support/modbus-peers.js';
import { startPeer } from '../support/peers.js';

const TIMES = 30;

t.test('unplugged and replugged', needsLibmodbus('socat', 'mosquitto_sub'), async (t) => {
  const program = compileLibmodbusSlave(t);
  const folder = tempFolder(t);
  const [ours, theirs] = [join(folder, 'ttyA'), join(folder, 'ttyB')];
  /** The line, and a slave on it whose register says which plugging this is. */
  const plug = async (turn: number) => {
    const cable = await plugCable(t, ours, theirs);
    const slave = startPeer(t, program, ['rtu', theirs, '19200', 'N', '3']);
    await slave.sees(/^ready$/m);
    slave.write(`holding 100 = ${turn}\n`);
    return { cable, slave };
  };
  let plugged = await plug(0);
  const gateway = await startTestGateway(
    t,
    `
gateway: { id: plant }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  line: { type: serial, path: ${ours}, baudRate: 19200, parity: none, timeout: 200ms }
devices:
  boiler: { adapter: modbus, port: line, unit: 3, every: 100ms, points: { turn: { address: 'holding:100' } } }
`,
  );
  const seen = await mqttSubscribe(t, gateway.mqttPort, 'hpmq/plant/#');
  const topic = 'hpmq/plant/boiler/turn';
  const handles = () => readdirSync(`/proc/${gateway.process.pid}/fd`).length;

  await seen(topic, (payload) => payload.includes('"v":0,"q":"good"'));
  let before = 0;
  for (let turn = 1; turn <= TIMES; turn++) {
    const pulledAt = Date.now();
    await plugged.cable.unplug();
    await plugged.slave.kill();
    const bad = reading(await seen(topic, (payload) => reading(payload).q === 'bad' && reading(payload).t >= pulledAt));
    t.match(bad, { v: null, e: /^PORT_/ });
    plugged = await plug(turn);
    await seen(topic, (payload) => payload.includes(`"v":${turn},"q":"good"`));
    if (turn === 2) before = handles();
  }
  t.equal(handles(), before, `${TIMES} times later no file descriptor is left over`);
  t.equal(gateway.process.stderr().includes('"level":50'), false, 'no error in the log');
});
