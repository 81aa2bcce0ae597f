/** What stops a command: conditions on other points, rates, changes; and what takes its place. */
import fc from 'fast-check';
import t from 'tap';
import type { PointConfig, WriteConfig } from '../../../src/core/config.js';
import { deviceConfig, FakeWorld, pointConfig, startBench, writable } from './support.js';

async function pumpBench(write: Partial<WriteConfig>, more: Partial<PointConfig> = {}) {
  const world = new FakeWorld();
  const pump = world.add('pump', { 0: 50, 1: 1 });
  const tank = world.add('tank', { 0: 7 });
  const bench = await startBench(world, [
    deviceConfig('pump', [
      pointConfig('speed', 0, { write: { ...writable, ...write }, ...more }),
      pointConfig('on', 1),
    ]),
    deviceConfig('tank', [pointConfig('level', 0)]),
  ]);
  const set = async (value: number | string, point = 'speed') => {
    bench.publish(`hpmq/gw/pump/${point}/set`, String(value), { qos: 1 });
    await bench.clock.advance(0);
    return bench.router.last(`hpmq/gw/pump/${point}/set/result`);
  };
  return { bench, pump, tank, set };
}

const writes = (log: readonly string[]) => log.filter((line) => line.startsWith('write'));

t.test('an interlock: nothing is written unless the other point says so now', async (t) => {
  const only = [
    { device: 'pump', point: 'on', is: true },
    { device: 'tank', point: 'level', above: 5, below: 10 },
  ];
  const { bench, pump, tank, set } = await pumpBench({ only });
  t.match(await set(60), { status: 'verified', v: 60 });

  tank.registers.set(0, 5);
  await bench.clock.advance(1_000);
  t.match(await set(70), {
    status: 'refused',
    code: 'COMMAND_INTERLOCK',
    message: 'speed is written only while tank.level is above 5 and is below 10; it is 5',
  });

  tank.registers.set(0, 'refuse');
  await bench.clock.advance(1_000);
  t.match(await set(70), { status: 'refused', message: /it is bad/ });
  tank.registers.set(0, 7);
  await bench.clock.advance(2_000);
  bench.devices.pause('tank');
  t.match(await set(70), { status: 'refused', message: /it is stale/ });
  bench.devices.resume('tank');
  await bench.clock.advance(1_000);

  pump.registers.set(1, 0);
  await bench.clock.advance(1_000);
  t.match(await set(70), { status: 'refused', message: /on is true; it is 0/ });
  t.strictSame(writes(pump.log), ['write 0=60'], 'only the first ever got to the wire');
  await bench[Symbol.asyncDispose]();
});

t.test('a condition that ends while the command waits stops it, too', async (t) => {
  const { bench, pump, tank, set } = await pumpBench({ only: [{ device: 'tank', point: 'level', above: 5 }] });
  pump.latency = 400;
  tank.latency = 400;
  const before = bench.router.messages.length;
  // The wire is busy with a read of the tank, which finds it empty.
  tank.registers.set(0, 1);
  const reading = bench.devices.read('tank', 'level', new AbortController().signal);
  await bench.clock.advance(10);
  const command = bench.devices.write('pump', 'speed', { value: 70 }, new AbortController().signal);
  await bench.clock.advance(2_000);
  await reading;
  t.match(await command, { status: 'refused', error: { code: 'COMMAND_INTERLOCK' } });
  t.ok(bench.router.messages.length > before);
  t.strictSame(writes(pump.log), []);
  t.match(await set(70), { status: 'refused' });
  await bench[Symbol.asyncDispose]();
});

t.test('a reading that has become old is no condition', async (t) => {
  const { bench, pump, set } = await pumpBench({ only: [{ device: 'tank', point: 'level', above: 5 }] });
  // The wall clock is the only one that the age of a sample can be told by.
  bench.clock.setWall(bench.clock.now() + 60_000);
  t.match(await set(60), { status: 'refused', message: /its last reading is \d+ ms old/ });
  t.strictSame(writes(pump.log), []);
  await bench[Symbol.asyncDispose]();
});

t.test('at most so many writes in a time, whatever the commands', async (t) => {
  const gaps = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 5, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(gaps, async (list) => {
      const { bench, set } = await pumpBench({ rate: { writes: 3, per: 5_000 } });
      const done: number[] = [];
      for (const gap of list) {
        await bench.clock.advance(gap);
        const now = bench.clock.monotonic();
        const recent = done.filter((at) => now - at < 5_000).length;
        const { status, code } = await set(done.length);
        if (recent < 3 ? status !== 'verified' : status !== 'refused' || code !== 'COMMAND_RATE') {
          throw new Error(`${status} after ${recent} in the last 5 s`);
        }
        if (status === 'verified') done.push(now);
      }
      await bench[Symbol.asyncDispose]();
    }),
    { numRuns: 15 },
  );
  t.pass();
});

t.test('a change that is too large is refused, measured from what the device has', async (t) => {
  const { bench, pump, set } = await pumpBench({ maxChange: 10 });
  t.match(await set(60), { status: 'verified' });
  t.match(await set(71), {
    status: 'refused',
    code: 'COMMAND_CHANGE',
    message: 'from 60 to 71 is more than 10 at once',
  });
  t.match(await set(70), { status: 'verified' });
  pump.registers.set(0, 20);
  await bench.clock.advance(1_000);
  t.match(await set(70), { status: 'refused' }, 'somebody else has changed it');
  pump.registers.set(0, 'refuse');
  await bench.clock.advance(1_000);
  t.match(await set(25), { status: 'refused', message: /is not known/ });
  await bench[Symbol.asyncDispose]();
});

t.test('steps that wait behind one another are each measured from the one before', async (t) => {
  const { bench, pump } = await pumpBench({ maxChange: 10 });
  pump.latency = 50;
  for (const value of [60, 70, 80]) bench.publish('hpmq/gw/pump/speed/set', String(value));
  await bench.clock.advance(2_000);
  const results = bench.router.on('hpmq/gw/pump/speed/set/result').map((text) => JSON.parse(text).status);
  t.strictSame(results, ['verified', 'verified', 'verified']);
  await bench[Symbol.asyncDispose]();
});

t.test('however it is commanded, a value does not move faster than it may', async (t) => {
  const commands = fc.array(
    fc.record({ gap: fc.integer({ min: 0, max: 2_000 }), by: fc.integer({ min: -12, max: 12 }) }),
    {
      minLength: 10,
      maxLength: 40,
    },
  );
  await fc.assert(
    fc.asyncProperty(commands, async (list) => {
      const { bench, pump, set } = await pumpBench({ maxChangePerSecond: 5 });
      const moves: { at: number; change: number }[] = [];
      let refused = 0;
      for (const { gap, by } of list) {
        await bench.clock.advance(gap);
        const before = pump.registers.get(0) as number;
        const { status } = await set(before + by);
        const change = Math.abs((pump.registers.get(0) as number) - before);
        if (status === 'refused') refused++;
        if (change > 0) moves.push({ at: bench.clock.monotonic(), change });
        for (const [i, from] of moves.entries()) {
          const moved = moves.slice(i).reduce((sum, move) => sum + move.change, 0);
          const seconds = (bench.clock.monotonic() - from.at) / 1_000;
          if (moved > 5 * (seconds + 1) + 1e-6) throw new Error(`${moved} in ${seconds} s`);
        }
        // What the allowance covers is let through.
        if (status === 'refused' && Math.abs(by) <= 5 && gap >= 1_000 * 2) throw new Error(`${by} after ${gap} ms`);
      }
      await bench[Symbol.asyncDispose]();
      return refused >= 0;
    }),
    { numRuns: 20 },
  );
  t.pass();
});

t.test('only the latest of the commands that wait is wanted, where the point says so', async (t) => {
  const { bench, pump } = await pumpBench({ coalesce: true });
  pump.latency = 100;
  for (const value of [1, 2, 3, 4, 5]) bench.publish('hpmq/gw/pump/speed/set', String(value));
  await bench.clock.advance(2_000);
  const results = bench.router.on('hpmq/gw/pump/speed/set/result').map((text) => JSON.parse(text));
  t.strictSame(writes(pump.log), ['write 0=1', 'write 0=5'], 'the first was on the wire already');
  const superseded = results.filter(({ code }) => code === 'COMMAND_SUPERSEDED');
  t.equal(superseded.length, 3);
  t.equal(results.filter(({ status }) => status === 'verified').length, 2);
  await bench[Symbol.asyncDispose]();
});

t.test('without an answer: unknown, once; sent again where that does no harm, until the deadline', async (t) => {
  for (const idempotent of [false, true]) {
    const { bench, pump } = await pumpBench({ idempotent });
    pump.onWrite = 'silent';
    bench.publish('hpmq/gw/pump/speed/set', '60', { expiresAt: bench.clock.now() + 30_000 });
    await bench.clock.advance(2_500);
    pump.onWrite = 'store';
    await bench.clock.advance(40_000);
    const results = bench.router.on('hpmq/gw/pump/speed/set/result').map((text) => JSON.parse(text));
    t.equal(results.length, 1);
    t.equal(results[0].status, idempotent ? 'verified' : 'unknown');
    if (!idempotent) t.strictSame(writes(pump.log), ['write 0=60'], 'never twice');
    await bench[Symbol.asyncDispose]();
  }
});

t.test('one that may be sent again ends as unknown when its time is up', async (t) => {
  const { bench, pump } = await pumpBench({ idempotent: true });
  pump.onWrite = 'silent';
  bench.publish('hpmq/gw/pump/speed/set', '60', { expiresAt: bench.clock.now() + 5_000 });
  await bench.clock.advance(60_000);
  const results = bench.router.on('hpmq/gw/pump/speed/set/result').map((text) => JSON.parse(text));
  t.match(results, [{ status: 'unknown', code: 'FAKE_TIMEOUT' }]);
  await bench[Symbol.asyncDispose]();
});

t.test('a command to a device with one value that may not be written now writes none', async (t) => {
  const { bench, pump } = await pumpBench({ only: [{ device: 'tank', point: 'level', above: 8 }] });
  bench.publish('hpmq/gw/pump/set', '{"speed":60}');
  await bench.clock.advance(100);
  t.match(bench.router.last('hpmq/gw/pump/set/result'), { points: { speed: { code: 'COMMAND_INTERLOCK' } } });
  t.strictSame(writes(pump.log), []);
  await bench[Symbol.asyncDispose]();
});

t.test('the audit log has one line per command: who, from what, to what, and how it ended', async (t) => {
  const { bench, set } = await pumpBench({ max: 90 });
  await set(60);
  await set(95);
  await bench.devices.write('pump', 'speed', { value: 61 }, new AbortController().signal).catch(() => {});
  await bench.clock.advance(100);
  t.strictSame(bench.audits, [
    { who: 'client:test', action: 'write point', target: 'pump.speed', outcome: 'verified', from: '50', to: '60' },
    {
      who: 'client:test',
      action: 'write point',
      target: 'pump.speed',
      outcome: 'refused POINT_OUT_OF_RANGE',
      to: '95',
    },
    { who: 'control socket', action: 'write point', target: 'pump.speed', outcome: 'verified', from: '60', to: '61' },
  ]);
  await bench[Symbol.asyncDispose]();
});
