/** A safe value that is written when no further command comes in time. */
import t from 'tap';
import { ManualClock } from '../../support/manual-clock.js';
import { deviceConfig, FakeTables, FakeWorld, pointConfig, startBench, writable } from './support.js';

async function start(world: FakeWorld, tables: FakeTables, wall?: number) {
  const store = tables.open();
  const write = { ...writable, revert: { after: 10_000, value: 5 }, maxChange: 100, rate: { writes: 3, per: 60_000 } };
  const points = [pointConfig('speed', 0, { write }), pointConfig('on', 1)];
  const bench = await startBench(world, [deviceConfig('pump', points)], {}, new ManualClock(wall), store);
  const set = async (value: number) => {
    bench.publish('hpmq/gw/pump/speed/set', String(value), { qos: 1 });
    await bench.clock.advance(0);
    return bench.router.last('hpmq/gw/pump/speed/set/result').status;
  };
  return { bench, set, kill: () => store.close() };
}

function newWorld() {
  const world = new FakeWorld();
  const pump = world.add('pump', { 0: 50, 1: 1 });
  return { world, pump };
}

t.test(
  'the safe value is written once, so long after the last command, and the audit log says who did it',
  async (t) => {
    const { world, pump } = newWorld();
    const { bench, set } = await start(world, new FakeTables());
    await bench.clock.advance(60_000);
    t.equal(pump.registers.get(0), 50, 'nobody has written: nothing to return from');
    t.equal(await set(60), 'verified');
    await bench.clock.advance(9_000);
    t.equal(await set(61), 'verified');
    await bench.clock.advance(9_900);
    t.equal(pump.registers.get(0), 61);
    await bench.clock.advance(200);
    t.equal(pump.registers.get(0), 5);
    t.match(bench.router.last('hpmq/gw/pump/speed/set/result'), { status: 'verified', v: 5 });
    t.match(bench.audits.at(-1), {
      who: 'dead man',
      action: 'revert point',
      target: 'pump.speed',
      from: '61',
      to: '5',
    });
    pump.registers.set(0, 44);
    await bench.clock.advance(60_000);
    t.equal(pump.registers.get(0), 44, 'once');
    await bench[Symbol.asyncDispose]();
    t.equal(bench.clock.pending, 0);
  },
);

t.test('the safe value as a command is the end of it', async (t) => {
  const { world, pump } = newWorld();
  const { bench, set } = await start(world, new FakeTables());
  await set(60);
  await set(5);
  pump.log.length = 0;
  await bench.clock.advance(30_000);
  t.notOk(pump.log.some((line) => line.startsWith('write')));
  await bench[Symbol.asyncDispose]();
});

t.test(
  'it outlives the gateway: what is due when it starts is done, with the device away as soon as it is back',
  async (t) => {
    for (const away of [2_000, 100_000]) {
      const { world, pump } = newWorld();
      const tables = new FakeTables();
      const first = await start(world, tables);
      await first.set(60);
      await first.bench.clock.advance(1_000);
      first.kill();
      pump.dead = true;
      const second = await start(world, tables, first.bench.clock.now() + away);
      await second.bench.clock.advance(20_000);
      t.equal(pump.registers.get(0), 60);
      pump.dead = false;
      await second.bench.clock.advance(60_000);
      t.equal(pump.registers.get(0), 5, `after ${away} ms`);
      t.equal(tables.tables.get('dead-man')!.size, 0);
      await second.bench[Symbol.asyncDispose]();
    }
  },
);

t.test('a clock that was set back does not make it wait longer than it may', async (t) => {
  const { world, pump } = newWorld();
  const tables = new FakeTables();
  const first = await start(world, tables);
  await first.set(60);
  first.kill();
  const second = await start(world, tables, Date.UTC(1970, 0, 2));
  await second.bench.clock.advance(10_100);
  t.equal(pump.registers.get(0), 5);
  await second.bench[Symbol.asyncDispose]();
});

t.test('killed with a command on the wire that nobody knows of: it returns all the same', async (t) => {
  const { world, pump } = newWorld();
  const tables = new FakeTables();
  const first = await start(world, tables);
  pump.onWrite = 'silent';
  first.bench.publish('hpmq/gw/pump/speed/set', '60', { qos: 1 });
  await first.bench.clock.advance(10);
  first.kill();
  pump.registers.set(0, 60);
  pump.onWrite = 'store';
  const second = await start(world, tables, first.bench.clock.now());
  await second.bench.clock.advance(11_000);
  t.equal(pump.registers.get(0), 5);
  await second.bench[Symbol.asyncDispose]();
});

t.test('a command that is refused neither arms it nor keeps it from firing', async (t) => {
  const { world, pump } = newWorld();
  const { bench, set } = await start(world, new FakeTables());
  pump.onWrite = 'refuse';
  t.equal(await set(60), 'failed');
  pump.onWrite = 'store';
  await bench.clock.advance(20_000);
  t.equal(pump.registers.get(0), 50, 'not armed');
  await set(60);
  await bench.clock.advance(9_000);
  pump.onWrite = 'refuse';
  t.equal(await set(70), 'failed');
  pump.onWrite = 'store';
  await bench.clock.advance(1_100);
  t.equal(pump.registers.get(0), 5, 'when it was due');
  await bench[Symbol.asyncDispose]();
});

t.test('a command that comes while the safe value is not through yet ends the attempts', async (t) => {
  const { world, pump } = newWorld();
  const { bench, set } = await start(world, new FakeTables());
  await set(60);
  pump.onWrite = 'refuse';
  await bench.clock.advance(12_000);
  pump.onWrite = 'store';
  t.equal(await set(70), 'verified');
  await bench.clock.advance(9_000);
  t.equal(pump.registers.get(0), 70);
  await bench.clock.advance(1_100);
  t.equal(pump.registers.get(0), 5);
  await bench[Symbol.asyncDispose]();
});
