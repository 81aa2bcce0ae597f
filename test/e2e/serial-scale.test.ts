/** A weighing scale that is described only in YAML, played by pyserial: from unplugged to values, and a command back. */
import { join } from 'node:path';
import t from 'tap';
import { mqttPublish, mqttSubscribe, reading } from '../support/foreign-mqtt.js';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { eventually } from '../support/peers.js';
import { needsSerialPeers, plugIn } from '../support/serial-peers.js';

const yaml = (path: string) => `
gateway: { id: plant }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  line: { type: serial, path: ${path}, baudRate: 9600, parity: none, timeout: 1s }
devices:
  scale:
    adapter: serial
    port: line
    frame: { delimiter: "\\r\\n", timeout: 200ms }
    parse: { regex: '^(?<stability>ST|US),GS,(?<weight>[+-]\\s*[\\d.]+)(?<unit>kg|g)$' }
    staleAfter: 1s
    raw: { tee: true, request: true, encoding: text }
    points:
      weight: { type: number, unit: kg }
      stable: { field: stability, is: ST }
      tare: { command: true, send: "T\\r\\n", write: true }
      preset: { command: true, send: { text: "P{value:.2}\\r\\n", expect: '^P OK$', refused: '^P NO$' }, write: { max: 200 } }
`;

t.test('a scale that sends by itself', needsSerialPeers('mosquitto_sub', 'mosquitto_pub'), async (t) => {
  const path = join(tempFolder(t), 'ttyUSB0');
  const gateway = await startTestGateway(t, yaml(path));
  const seen = await mqttSubscribe(t, gateway.mqttPort, 'hpmq/plant/#');
  const topic = (name: string) => `hpmq/plant/scale/${name}`;
  t.match(reading(await seen(topic('weight'), (text) => text.includes('"q":"bad"'))), { v: null, e: 'PORT_NOT_FOUND' });

  const { device, pull } = await plugIn(t, path, 'serial-scale.py');
  t.match(reading(await seen(topic('weight'), (text) => text.includes('"good"'))), { v: 1.234, u: 'kg' });
  t.match(reading(await seen(topic('stable'), (text) => text.includes('"good"'))), { v: true });
  t.match(JSON.parse(await seen(topic('$state'), (text) => text.includes('online'))), { state: 'online' });
  t.match(
    await seen(topic('$raw/rx'), (text) => text.includes('ST,GS')),
    /^ST,GS,\+ {2}1\.234kg\r?$/,
    'the bytes themselves',
  );

  device.write('weight 2.5\n');
  t.match(reading(await seen(topic('weight'), (text) => text.includes('2.5'))), { v: 2.5, q: 'good' });
  t.match(reading(await seen(topic('stable'), (text) => text.includes('false'))), { v: false, q: 'good' });

  device.write('noise\n');
  device.write('weight 3.5\n');
  t.match(reading(await seen(topic('weight'), (text) => text.includes('3.5'))), { v: 3.5, q: 'good' }, 'after noise');

  await mqttPublish(gateway.mqttPort, topic('tare/set'), '1');
  t.match(JSON.parse(await seen(topic('tare/set/result'), () => true)), { status: 'written' });
  t.match(reading(await seen(topic('weight'), (text) => text.includes('"v":0,'))), { v: 0, q: 'good' });
  t.match(device.stdout(), /^got T$/m);

  await mqttPublish(gateway.mqttPort, topic('preset/set'), '12.5');
  t.match(JSON.parse(await seen(topic('preset/set/result'), (text) => text.includes('12.5'))), {
    status: 'written',
    v: 12.5,
  });
  t.match(device.stdout(), /^got P12\.50$/m);
  await mqttPublish(gateway.mqttPort, topic('preset/set'), '150');
  const refused = JSON.parse(await seen(topic('preset/set/result'), (text) => text.includes('SERIAL_REFUSED')));
  t.match(refused, { status: 'failed', code: 'SERIAL_REFUSED' });

  await mqttPublish(gateway.mqttPort, topic('$raw/set'), 'Q\r\n');
  const raw = JSON.parse(await seen(topic('$raw/set/result'), () => true));
  t.match(raw, { status: 'written', v: /^(ST|US),GS,[+-] +\d\.\d{3}kg$/ }, 'the answer to a request as it is');
  t.match(await seen(topic('$raw/tx'), (text) => text.startsWith('Q')), /^Q\r?$/, 'what was sent');

  device.write('quiet\n');
  t.match(reading(await seen(topic('weight'), (text) => text.includes('"stale"'))), { v: 0 }, 'silence makes it stale');
  t.match(JSON.parse(await seen(topic('$state'), (text) => text.includes('DEVICE_SILENT'))), { state: 'degraded' });
  device.write('weight 7\n');
  device.write('talk\n');
  t.match(reading(await seen(topic('weight'), (text) => text.includes('3.5'))), { q: 'good' }, 'and it comes back');

  await eventually(async () => /online/.test((await gateway.hpmq('device', 'show', 'scale')).stdout));
  const read = await gateway.hpmq('point', 'read', 'scale.weight');
  t.match(read.stdout, /3\.5/, 'a read waits for the next frame');
  await pull();
  t.match(reading(await seen(topic('weight'), (text) => text.includes('PORT_'))), { v: null, q: 'bad' }, 'unplugged');
  t.notMatch(gateway.process.stderr(), /"level":50/, 'no error in the log');
});
