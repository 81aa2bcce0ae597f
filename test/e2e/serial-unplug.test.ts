/** The adapter of a scale that sends by itself, unplugged and plugged in again. HPMQ_UNPLUG says how often. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { mqttSubscribe, reading } from '../support/foreign-mqtt.js';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { needsSerialPeers, plugIn } from '../support/serial-peers.js';

const times = Number(process.env.HPMQ_UNPLUG ?? 5);

t.test(`unplugged and plugged in again ${times} times`, needsSerialPeers('mosquitto_sub'), async (t) => {
  const path = join(tempFolder(t), 'ttyUSB0');
  const gateway = await startTestGateway(
    t,
    `
gateway: { id: plant }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports: { line: { type: serial, path: ${path}, baudRate: 9600, parity: none } }
devices:
  scale: { profile: generic/and-scale, port: line, staleAfter: 2s, points: { tare: { write: true } } }
`,
  );
  const seen = await mqttSubscribe(t, gateway.mqttPort, 'hpmq/plant/scale/#');
  const handles = () => readdirSync(`/proc/${gateway.process.pid}/fd`).length;
  const topic = 'hpmq/plant/scale/weight';
  let before = 0;
  let after = 0;
  for (let turn = 1; turn <= times; turn++) {
    const plugged = await plugIn(t, path, 'serial-scale.py');
    plugged.device.write(`weight ${turn}\n`);
    await seen(topic, (text) => text.includes(`"v":${turn},"q":"good"`));
    if (turn === 2) before = handles();
    if (turn === times) after = handles();
    const pulledAt = Date.now();
    await plugged.pull();
    const bad = await seen(topic, (text) => reading(text).q === 'bad' && reading(text).t >= pulledAt);
    t.match(reading(bad), { v: null, e: /^PORT_/ }, `unplugged ${turn}`);
  }
  t.equal(after, before, 'no file descriptor is left over');
  t.notMatch(gateway.process.stderr(), /"level":50/, 'no error in the log');
});
