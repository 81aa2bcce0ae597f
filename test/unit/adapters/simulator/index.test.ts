import t from 'tap';
import simulator from '../../../../adapters/simulator/index.js';
import { waveAt } from '../../../../adapters/simulator/waves.js';
import { silentLog } from '../../../../src/adapter.js';
import { openMemory } from '../../../../src/devices/transport/memory.js';
import { ManualClock } from '../../../support/manual-clock.js';

const wave = { period: 10_000, min: 10, max: 20 };

t.test('waves are functions of time within their limits', async (t) => {
  t.equal(waveAt('sine', wave, 0, 'k'), 15);
  t.equal(waveAt('sine', wave, 2_500, 'k'), 20);
  t.equal(waveAt('sine', wave, 7_500, 'k'), 10);
  t.equal(waveAt('square', wave, 4_999, 'k'), 20);
  t.equal(waveAt('square', wave, 5_000, 'k'), 10);
  t.equal(waveAt('triangle', wave, 5_000, 'k'), 20);
  t.equal(waveAt('triangle', wave, 7_500, 'k'), 15);
  t.equal(waveAt('counter', wave, 109_999, 'k'), 20);
  t.equal(waveAt('counter', wave, 110_000, 'k'), 10, 'starts again after max');
  for (const shape of ['sine', 'square', 'triangle', 'random', 'counter'] as const) {
    for (let at = 0; at < 1_000_000; at += 777) {
      const value = waveAt(shape, wave, at, 'k');
      if (!(value >= 10 && value <= 20)) t.fail(`${shape} at ${at}: ${value}`);
      if (waveAt(shape, wave, at, 'k') !== value) t.fail(`${shape} at ${at} is not one value`);
    }
  }
});

t.test('random differs between turns and between points', async (t) => {
  const values = new Set(Array.from({ length: 100 }, (_, turn) => waveAt('random', wave, turn * 10_000, 'a')));
  t.ok(values.size > 90);
  t.not(waveAt('random', wave, 0, 'a'), waveAt('random', wave, 0, 'b'));
});

t.test('the adapter reads waves and keeps what was written to a constant', async (t) => {
  const clock = new ManualClock(0);
  const wire = openMemory();
  const bus = await simulator.open(wire, {}, { log: silentLog, clock, endpoint: { type: 'memory' } });
  const device = bus.device(simulator.device.parse({}));
  const point = (id: string, address: object) => ({
    id,
    address: simulator.address.parse(address),
    writable: true,
  });
  const sine = point('sine', { wave: 'sine', period: '10s', min: 10, max: 20 });
  const setpoint = point('setpoint', { wave: 'constant', value: 42 });
  const signal = new AbortController().signal;
  t.match(await device.read!([sine, setpoint], signal), [
    { point: 'sine', value: 15, quality: 'good', at: 0 },
    { point: 'setpoint', value: 42 },
  ]);
  await device.write!(setpoint, 43.5, signal);
  t.match(await device.read!([setpoint], signal), [{ value: 43.5 }]);
  await t.rejects(device.write!(setpoint, 'hot', signal), { code: 'SIMULATOR_TYPE', fault: 'caller' });
  await t.rejects(device.write!(sine, 1, signal), { code: 'SIMULATOR_READ_ONLY', fault: 'caller' });
  t.equal(simulator.readOnly!(setpoint.address), undefined);
  t.type(simulator.readOnly!(sine.address), 'string');
  await bus[Symbol.asyncDispose]();
  wire.destroy();
});

t.test('the schema refuses what is no wave and no period', async (t) => {
  t.notOk(simulator.address.safeParse({ wave: 'tsunami' }).success);
  t.notOk(simulator.address.safeParse({ wave: 'sine', period: '0s' }).success);
  t.equal(simulator.address.parse({ wave: 'sine', period: '1.5s' }).period, 1_500);
});
