/** The main job on a serial line: a foreign RTU slave ↔ pty pair ↔ gateway ↔ mosquitto's clients. */
import t, { type Test } from 'tap';
import { mqttPublish, mqttSubscribe, reading } from '../support/foreign-mqtt.js';
import { startTestGateway } from '../support/gateway.js';
import {
  compileLibmodbusSlave,
  libmodbusRtu,
  needsLibmodbus,
  needsPymodbus,
  ptyPair,
  pymodbusRtu,
  type Slave,
} from '../support/modbus-peers.js';

const UNIT = 3;
const POLL_MS = 1_000;

const config = (path: string) => `
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
      temperature: { address: 'holding:100', type: int16, scale: 0.1, unit: °C }
      energy: { address: 'input:20', type: uint32, unit: kWh }
      setpoint: { address: 'holding:120', type: int16, scale: 0.1, write: { min: 10, max: 90 } }
`;

async function mainJob(t: Test, path: string, slave: Slave): Promise<void> {
  await slave.tell('holding 100 = 215');
  await slave.tell('input 20 = 1');
  await slave.tell('input 21 = 2');
  const gateway = await startTestGateway(t, config(path));
  const seen = await mqttSubscribe(t, gateway.mqttPort, 'hpmq/plant-7/#');

  const first = reading(await seen('hpmq/plant-7/boiler/temperature', (payload) => payload.includes('"good"')));
  t.match(first, { v: 21.5, q: 'good', u: '°C' });
  t.match(reading(await seen('hpmq/plant-7/boiler/energy', (payload) => payload.includes('"good"'))), {
    v: 65_538,
    u: 'kWh',
  });
  t.match(JSON.parse(await seen('hpmq/plant-7/boiler/$state', (payload) => payload.includes('online'))), {
    state: 'online',
  });

  await slave.tell('holding 100 = 65412');
  const changedAt = Date.now();
  const changed = reading(await seen('hpmq/plant-7/boiler/temperature', (payload) => payload.includes('-12.4')));
  t.match(changed, { v: -12.4, q: 'good' });
  t.ok(changed.t - changedAt <= 2 * POLL_MS, `sampled ${changed.t - changedAt} ms after the change, within two polls`);

  await mqttPublish(gateway.mqttPort, 'hpmq/plant-7/boiler/setpoint/set', '42.5');
  const result = JSON.parse(await seen('hpmq/plant-7/boiler/setpoint/set/result', () => true));
  t.match(result, { status: 'verified', v: 42.5 });
  t.equal(await slave.tell('holding 120'), 425, 'the register of the slave has the value');
  t.match(reading(await seen('hpmq/plant-7/boiler/setpoint', (payload) => payload.includes('42.5'))), {
    v: 42.5,
    q: 'good',
  });

  await mqttPublish(gateway.mqttPort, 'hpmq/plant-7/boiler/setpoint/set', '95');
  const refused = JSON.parse(
    await seen('hpmq/plant-7/boiler/setpoint/set/result', (payload) => payload.includes('refused')),
  );
  t.match(refused, { status: 'refused', code: 'POINT_OUT_OF_RANGE' });
  t.equal(await slave.tell('holding 120'), 425, 'nothing was written');
}

t.test('libmodbus RTU slave', needsLibmodbus('socat', 'mosquitto_sub'), async (t) => {
  const [ours, theirs] = await ptyPair(t);
  await mainJob(t, ours, await libmodbusRtu(t, compileLibmodbusSlave(t), theirs, UNIT));
});

t.test('pymodbus RTU slave', needsPymodbus('socat', 'mosquitto_sub'), async (t) => {
  const [ours, theirs] = await ptyPair(t);
  await mainJob(t, ours, await pymodbusRtu(t, theirs, UNIT));
});
