/** An electricity meter of IEC 62056-21 mode C, described only in YAML: sign-on, baud rate, readout, and a write with a password. */
import { join } from 'node:path';
import t from 'tap';
import { mqttPublish, mqttSubscribe, reading } from '../support/foreign-mqtt.js';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { needsSerialPeers, plugIn } from '../support/serial-peers.js';

const yaml = (path: string, password: string) => `
gateway: { id: plant }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  head: { type: serial, path: ${path}, baudRate: 300, dataBits: 7, parity: even, timeout: 8s }
devices:
  meter:
    adapter: serial
    port: head
    protocol: iec62056-21
    address: "30012345"
    password: { file: ${password} }
    every: 2s
    points:
      energy: { field: 1.8.0, type: number, unit: kWh }
      voltage: { field: "32.7", type: number, unit: V }
      current: { field: "31.7", type: number, unit: A }
      energy-unit: { field: "1.8.0#unit" }
      name: { field: identification, type: text }
      absent: { field: 99.9.9 }
      clock: { field: 0.9.1, type: text, send: "{value}", write: { verify: true } }
`;

t.test('a meter that is asked', needsSerialPeers('mosquitto_sub', 'mosquitto_pub'), async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'ttyUSB0');
  const password = join(folder, 'password');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(password, '12345678\n');
  const gateway = await startTestGateway(t, yaml(path, password));
  const seen = await mqttSubscribe(t, gateway.mqttPort, 'hpmq/plant/#');
  const topic = (name: string) => `hpmq/plant/meter/${name}`;
  t.match(reading(await seen(topic('energy'), (text) => text.includes('"q":"bad"'))), { v: null, e: 'PORT_NOT_FOUND' });

  const { device } = await plugIn(t, path, 'serial-meter.py');
  t.match(reading(await seen(topic('energy'), (text) => text.includes('"good"'), 30_000)), { v: 671.578, u: 'kWh' });
  t.match(reading(await seen(topic('voltage'), (text) => text.includes('"good"'))), { v: 230.4 });
  t.match(
    reading(await seen(topic('current'), (text) => text.includes('"good"'))),
    { v: 0.51 },
    'the second of a line',
  );
  t.match(reading(await seen(topic('energy-unit'), (text) => text.includes('"good"'))), { v: 'kWh' });
  t.match(reading(await seen(topic('name'), (text) => text.includes('"good"'))), { v: 'METER-1' });
  t.match(reading(await seen(topic('absent'), () => true)), { q: 'bad' });
  await device.sees(/^baud 9600$[\s\S]*^baud 300$/m);

  device.write('energy 700.25\n');
  t.match(reading(await seen(topic('energy'), (text) => text.includes('700.25'), 30_000)), { q: 'good' });
  device.write('break bcc\n');
  device.write('energy 701\n');
  t.match(
    reading(await seen(topic('energy'), (text) => text.includes('701'), 30_000)),
    { q: 'good' },
    'asked again after a wrong check character',
  );

  await mqttPublish(gateway.mqttPort, topic('clock/set'), '{"v":"235959"}');
  const result = JSON.parse(await seen(topic('clock/set/result'), () => true, 40_000));
  t.match(result, { status: 'verified', v: '235959' });
  t.match(device.stdout(), /^wrote 0\.9\.1 235959$/m);
  await mqttPublish(gateway.mqttPort, topic('clock/set'), '{"v":"999999"}');
  const refused = JSON.parse(await seen(topic('clock/set/result'), (text) => text.includes('SERIAL'), 40_000));
  t.match(refused, { status: 'failed', code: 'SERIAL_REFUSED' });
  writeFileSync(password, 'wrong\n');
  await mqttPublish(gateway.mqttPort, topic('clock/set'), '{"v":"010101"}');
  const locked = JSON.parse(await seen(topic('clock/set/result'), (text) => text.includes('PASSWORD'), 40_000));
  t.match(locked, { status: 'failed', code: 'SERIAL_PASSWORD' });
  t.notMatch(gateway.process.stderr(), /12345678|"level":50/, 'no password and no error in the log');
});
