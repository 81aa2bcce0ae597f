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
