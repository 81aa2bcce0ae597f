/** Wires that are closed while nobody needs them. */
import t from 'tap';
import { deviceConfig, FakeWorld, fakeError, pointConfig, quiet, startBench, writable } from './support.js';

const noSignal = new AbortController().signal;

function line(bench: Awaited<ReturnType<typeof startBench>>) {
  return bench.devices.ports()[0]!;
}

t.test('closed after each round of reads, opened for the next; the port stays up all the time', async (t) => {
  const world = new FakeWorld();
  // Registers far apart: one round is three exchanges.
  const device = world.add('a', { 0: 1, 100: 2, 200: 3 });
  device.latency = 10;
  const points = [0, 100, 200].map((register) => pointConfig(`p${register}`, register));
  const bench = await startBench(world, [deviceConfig('a', points)], { closeAfter: 0 });
  const { clock } = bench;
  const { since } = line(bench);
  await clock.advance(500);
  t.equal(device.log.length, 3);
  t.ok(world.wire?.destroyed, 'closed');
  t.equal(world.opened, 1, 'one connection for the whole round');
  await clock.advance(9_000);
  t.equal(device.log.length, 30);
  t.match(line(bench), { state: 'up', since, opens: 10 });
  t.equal(line(bench).error, undefined);
  t.equal(world.disposed, 10);
  t.strictSame(bench.devices.alarms(), []);
  t.match(bench.devices.devices(), [{ state: 'online', timeouts: 0, errors: 0 }]);
  t.match(bench.devices.services(), [{ state: 'up' }]);
  await bench[Symbol.asyncDispose]();
  t.equal(clock.pending, 0);
  t.equal(world.opened, world.disposed);
});

t.test('devices that are due together share one connection', async (t) => {
  const world = new FakeWorld();
  for (const name of ['a', 'b', 'c']) world.add(name).latency = 400;
  const configs = ['a', 'b', 'c'].map((name) => deviceConfig(name, [pointConfig('p', 0, { every: 500 })]));
  await using bench = await startBench(world, configs, { closeAfter: 0 });
  await bench.clock.advance(5_000);
  const [opened, read] = [world.opened, world.log.length];
  await bench.clock.advance(10_000);
  t.equal(world.opened, opened, 'the queue is never empty');
  t.equal(world.log.length, read + 25);
});

t.test('closed after the idle time, counted from the end of the last exchange', async (t) => {
  const world = new FakeWorld();
  world.add('a').latency = 100;
  const config = deviceConfig('a', [pointConfig('p', 0, { every: 10_000 })]);
  await using bench = await startBench(world, [config], { closeAfter: 3_000 });
  const { clock } = bench;
  await clock.advance(3_099);
  t.notOk(world.wire?.destroyed);
  await clock.advance(1);
  t.ok(world.wire?.destroyed);
  t.equal(world.opened, 1);
  await clock.advance(7_000);
  t.match(line(bench), { state: 'up', opens: 2 });
});

t.test('an idle time longer than the poll interval: one connection for ever', async (t) => {
  const world = new FakeWorld();
  world.add('a');
  await using bench = await startBench(world, [deviceConfig('a', [pointConfig('p', 0)])], { closeAfter: 3_000 });
  await bench.clock.advance(60_000);
  t.equal(world.opened, 1);
});

t.test('a command and a read on demand open the wire', async (t) => {
  const world = new FakeWorld();
  const device = world.add('a');
  const config = deviceConfig('a', [pointConfig('p', 0, { every: 3_600_000, write: writable })]);
  await using bench = await startBench(world, [config], { closeAfter: 0 });
  await bench.clock.advance(10);
  t.ok(world.wire?.destroyed);
  t.match(await bench.devices.write('a', 'p', { value: 42 }, noSignal), { status: 'verified' });
  t.equal(device.registers.get(0), 42);
  await quiet(world);
  t.ok(world.wire?.destroyed);
  const { opened } = world;
  t.match(await bench.devices.read('a', 'p', noSignal), { value: 42, quality: 'good' });
  t.equal(world.opened, opened + 1);
});

t.test('a command whose time ends while the wire opens is not sent', async (t) => {
  const world = new FakeWorld();
  const device = world.add('a');
  const config = deviceConfig('a', [pointConfig('p', 0, { every: 3_600_000, write: writable })]);
  await using bench = await startBench(world, [config], { closeAfter: 0 });
  await bench.clock.advance(10);
  const opening = Promise.withResolvers<void>();
  world.opening = opening.promise;
  const writing = bench.devices.write('a', 'p', { value: 42, timeoutMs: 1_000 }, noSignal);
  await bench.clock.advance(1_000);
  t.match(await writing, { error: { code: 'COMMAND_EXPIRED' } });
  opening.resolve();
  await bench.clock.advance(10_000);
  t.equal(device.registers.get(0), 1);
  t.equal(world.opened, 2);
  t.ok(world.wire?.destroyed, 'closed again, though nobody used it');
  t.match(line(bench), { state: 'up' });
});

t.test(
  'the wire cannot be opened again: port and devices are down, with delays between attempts, until it can',
  async (t) => {
    const world = new FakeWorld();
    world.add('a');
    const config = deviceConfig('a', [pointConfig('p', 0, { write: writable })]);
    const bench = await startBench(world, [config], { closeAfter: 0 });
    const { clock } = bench;
    await clock.advance(10);
    world.openError = fakeError('FAKE_WIRE', 'no cable');
    t.equal(line(bench).state, 'up', 'nobody knows yet');
    await clock.advance(1_000);
    t.match(line(bench), { state: 'down', error: { code: 'FAKE_WIRE' }, opens: 1 });
    t.equal(bench.state('a'), 'offline');
    t.match(bench.devices.points(), [{ quality: 'bad' }]);
    t.match(bench.devices.alarms(), [{ subject: 'port:line', error: { code: 'FAKE_WIRE' } }]);
    t.match(await bench.devices.write('a', 'p', { value: 1 }, noSignal), { error: { code: 'DEVICE_OFFLINE' } });
    world.openError = undefined;
    await clock.advance(10_000);
    t.match(line(bench), { state: 'up' });
    t.equal(bench.state('a'), 'online');
    t.match(bench.devices.points(), [{ quality: 'good' }]);
    t.strictSame(bench.devices.alarms(), []);
    t.ok(world.wire?.destroyed, 'and it is closed between the reads as before');
    await bench[Symbol.asyncDispose]();
    t.equal(clock.pending, 0);
  },
);

t.test('an absent device does not keep the wire from the others', async (t) => {
  const world = new FakeWorld();
  world.add('a');
  world.add('b').dead = true;
  const configs = ['a', 'b'].map((name) => deviceConfig(name, [pointConfig('p', 0)]));
  await using bench = await startBench(world, configs, { closeAfter: 0 });
  await bench.clock.advance(60_000);
  t.equal(bench.state('a'), 'online');
  t.equal(bench.state('b'), 'offline');
  t.equal(line(bench).state, 'up');
  const before = world.opened;
  await bench.clock.advance(10_000);
  t.ok(world.opened - before >= 9, 'it is opened for each read');
});

t.test('the far side is the first to close what is idle: opened by the next read, and no failure', async (t) => {
  const world = new FakeWorld();
  world.add('a');
  const config = deviceConfig('a', [pointConfig('p', 0, { every: 10_000 })]);
  await using bench = await startBench(world, [config], { closeAfter: 8_000 });
  await bench.clock.advance(1_000);
  world.cut();
  await bench.clock.advance(5_000);
  t.equal(world.opened, 1);
  t.match(line(bench), { state: 'up' });
  await bench.clock.advance(5_000);
  t.match(line(bench), { state: 'up', opens: 2 });
  t.match(bench.devices.devices(), [{ state: 'online', errors: 0 }]);
});

t.test('paused and resumed while the wire is closed', async (t) => {
  const world = new FakeWorld();
  world.add('a');
  await using bench = await startBench(world, [deviceConfig('a', [pointConfig('p', 0)])], { closeAfter: 0 });
  await bench.clock.advance(10);
  bench.devices.pause('a');
  await bench.clock.advance(30_000);
  t.equal(world.opened, 1);
  t.equal(line(bench).state, 'up');
  bench.devices.resume('a');
  await bench.clock.advance(10);
  t.equal(world.opened, 2);
  t.equal(bench.state('a'), 'online');
});
