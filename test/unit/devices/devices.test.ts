import t from 'tap';
import { deviceConfig, FakeWorld, pointConfig, startBench, writable } from './support.js';

t.test('a value is published with quality, sample time and unit, and again when it changes', async (t) => {
  const world = new FakeWorld();
  const boiler = world.add('boiler', { 0: 714 });
  const point = pointConfig('temperature', 0, { scale: 0.1, unit: '°C' });
  await using bench = await startBench(world, [deviceConfig('boiler', [point])]);
  const topic = 'hpmq/gw/boiler/temperature';
  t.strictSame(bench.router.last(topic), { v: 71.4, q: 'good', t: bench.clock.now(), u: '°C' });
  t.match(
    bench.router.messages.find((message) => message.topic === topic),
    {
      qos: 1,
      retain: true,
      origin: 'device:boiler',
    },
  );
  boiler.registers.set(0, 715);
  await bench.clock.advance(1_000);
  t.strictSame(bench.router.last(topic), { v: 71.5, q: 'good', t: bench.clock.now(), u: '°C' });
  t.strictSame(bench.router.last('hpmq/gw/boiler/$state'), {
    state: 'online',
    since: bench.clock.now() - 1_000,
  });
});

t.test('after dispose nothing is pending and the bus is disposed', async (t) => {
  const world = new FakeWorld();
  world.add('a');
  world.add('b').dead = true;
  const bench = await startBench(world, [
    deviceConfig('a', [pointConfig('x', 0, { write: writable })]),
    deviceConfig('b', [pointConfig('x', 0)]),
  ]);
  await bench.clock.advance(3_200);
  const write = bench.devices.write('a', 'x', { value: 3 }, new AbortController().signal);
  await bench.devices[Symbol.asyncDispose]();
  await write;
  t.equal(bench.clock.pending, 0);
  t.equal(world.disposed, 1);
});

t.test('a store that fails to take a reading does not stop polling', async (t) => {
  const world = new FakeWorld();
  const plc = world.add('plc');
  await using bench = await startBench(world, [deviceConfig('plc', [pointConfig('x', 0)])]);
  bench.router.stored = Promise.reject(new Error('disk full'));
  bench.router.stored.catch(() => {});
  plc.registers.set(0, 2);
  await bench.clock.advance(3_000);
  t.equal(bench.router.on('hpmq/gw/plc/x').length, 4);
  t.equal(bench.state('plc'), 'online');
});

t.test('a signal that is aborted already starts nothing', async (t) => {
  const world = new FakeWorld();
  world.add('plc');
  const bench = await startBench(world, [deviceConfig('plc', [pointConfig('x', 0)])]);
  await t.rejects(bench.devices.start(AbortSignal.abort(new Error('no'))), { message: 'no' });
  await bench.devices[Symbol.asyncDispose]();
  await bench.devices[Symbol.asyncDispose]();
  t.equal(bench.devices.status().state, 'stopping');
  const after = await bench.devices.write('plc', 'x', { value: 1 }, new AbortController().signal);
  t.match(after, { status: 'refused', error: { code: 'STOPPED' } });
});
