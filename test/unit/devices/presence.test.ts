import t from 'tap';
import { deviceConfig, FakeWorld, pointConfig, startBench } from './support.js';

/** Reads of a device in a time. */
function readsOf(world: FakeWorld, device: string): number {
  return world.log.filter((line) => line.startsWith(`${device} read`)).length;
}

t.test('devices that are absent, or come and go, leave the others 95 % of a wire that they fill', async (t) => {
  const rates: number[] = [];
  for (const bad of [[], ['gone', 'comes and goes']]) {
    const world = new FakeWorld();
    const good = ['a', 'b', 'c'];
    for (const name of [...good, ...bad]) world.add(name).latency = 10;
    const configs = [...good, ...bad].map((name) => deviceConfig(name, [pointConfig('p', 0, { every: 20 })]));
    await using bench = await startBench(world, configs);
    const { clock } = bench;
    if (bad.length > 0) {
      world.devices.get('gone')!.dead = true;
      const device = world.devices.get('comes and goes')!;
      const toggle = () => {
        device.dead = !device.dead;
        clock.after(900, toggle);
      };
      toggle();
    }
    await clock.advance(60_000);
    const before = good.map((name) => readsOf(world, name));
    await clock.advance(60_000);
    const counts = good.map((name, i) => readsOf(world, name) - before[i]!);
    t.ok(Math.max(...counts) - Math.min(...counts) <= 2, `each of them has the same: ${counts}`);
    rates.push(counts.reduce((sum, count) => sum + count, 0));
    if (bad.length > 0) t.ok(readsOf(world, 'comes and goes') > 20, 'it is read now and then');
  }
  const [alone = 0, beside = 0] = rates;
  t.ok(alone > 5_900, `the wire was full: ${alone}`);
  t.ok(beside >= 0.95 * alone, `${beside} of ${alone}`);
});

t.test('after five answers in a row a device that had failed is read as before', async (t) => {
  const world = new FakeWorld();
  const device = world.add('a');
  await using bench = await startBench(world, [deviceConfig('a', [pointConfig('p', 0)])]);
  device.dead = true;
  await bench.clock.advance(3_000);
  t.equal(bench.state('a'), 'offline');
  device.dead = false;
  await bench.clock.advance(5_000);
  t.equal(bench.state('a'), 'online');
  const before = readsOf(world, 'a');
  await bench.clock.advance(10_000);
  t.equal(readsOf(world, 'a') - before, 10);
});

t.test('a wire that carries four exchanges has four at once, and never more', async (t) => {
  const world = new FakeWorld();
  // Registers far apart: one exchange each.
  const registers = [0, 100, 200, 300, 400, 500];
  const device = world.add('a', Object.fromEntries(registers.map((register) => [register, register])));
  device.latency = 100;
  const points = registers.map((register) => pointConfig(`p${register}`, register));
  await using bench = await startBench(world, [deviceConfig('a', points)], { parallel: 4 });
  await bench.clock.advance(3_000);
  t.equal(world.mostBusy, 4);
  t.equal(bench.state('a'), 'online');
  const before = world.log.length;
  await bench.clock.advance(10_000);
  t.equal(world.log.length - before, 60, 'each register once a second');
});

t.test('time-outs of exchanges that were on the wire together count once', async (t) => {
  const world = new FakeWorld();
  const registers = [0, 100, 200, 300];
  const device = world.add('a', Object.fromEntries(registers.map((register) => [register, register])));
  const points = registers.map((register) => pointConfig(`p${register}`, register, { every: 5_000 }));
  await using bench = await startBench(world, [deviceConfig('a', points)], { parallel: 4 });
  await bench.clock.advance(5_000);
  device.dead = true;
  bench.devices.retry('a');
  await bench.clock.advance(600);
  device.dead = false;
  t.equal(bench.state('a'), 'degraded', 'not offline: it was one silence');
  await bench.clock.advance(10_000);
  t.equal(bench.state('a'), 'online');
});
