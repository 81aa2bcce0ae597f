/** The parts of the limits, each for itself. */
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import t from 'tap';
import { BurstLog } from '../../../../src/broker/limits/burst-log.js';
import { IncompletePackets } from '../../../../src/broker/limits/incomplete-packets.js';
import { SocketMemory } from '../../../../src/broker/limits/socket-memory.js';
import { THROTTLE_STEP, Throttle } from '../../../../src/broker/limits/throttle.js';
import { TokenBucket } from '../../../../src/broker/limits/token-bucket.js';
import { Turns } from '../../../../src/broker/limits/turns.js';
import { silentLog } from '../../../../src/core/log.js';
import { ManualClock, settle } from '../../../support/manual-clock.js';

t.test('a token bucket gives its capacity at once and its rate after that, never more (property)', async (t) => {
  const step = fc.record({ wait: fc.integer({ min: 0, max: 500 }), count: fc.integer({ min: 1, max: 5 }) });
  const rate = fc.integer({ min: 1, max: 100 });
  fc.assert(
    fc.property(rate, fc.integer({ min: 1, max: 50 }), fc.array(step), (perSecond, capacity, steps) => {
      const bucket = new TokenBucket(perSecond, capacity, 0);
      let now = 0;
      let taken = 0;
      for (const { wait, count } of steps) {
        now += wait;
        if (bucket.tryTake(count, now)) taken += count;
        if (taken > capacity + (perSecond * now) / 1_000 + 1e-6) throw new Error(`${taken} by ${now} ms`);
      }
    }),
  );
  const bucket = new TokenBucket(10, 2, 0);
  t.notOk(bucket.take(2, 0));
  t.ok(bucket.take(1, 0), 'one too many: a debt');
  t.equal(bucket.wait(0, 0), 100, 'paid after a tenth of a second');
  t.equal(bucket.wait(100, 0), 200, 'and one more ahead');
  t.notOk(bucket.isFull(200));
  t.ok(bucket.isFull(300));
});

t.test('connections take turns, a slice each, and the others are heard between two turns', async (t) => {
  let now = 0;
  const clock = Object.assign(new ManualClock(), { monotonic: () => now });
  const turns = new Turns(clock);
  const order: string[] = [];
  const busy = (name: string, slices: number) => {
    let left = slices;
    const goOn = () => {
      order.push(name);
      now += 0.15;
      if (--left > 0) turns.wait(goOn);
    };
    turns.wait(goOn);
  };
  busy('a', 3);
  busy('b', 2);
  busy('c', 1);
  for (let i = 0; i < 3; i++) {
    setImmediate(() => order.push('|'));
    await turn();
  }
  t.equal(order.join(''), 'ab|ca|ba|', 'in order, and no more at once than the time of a turn');
});

t.test('one timer lets all throttled connections go on, each when it is due', async (t) => {
  const clock = new ManualClock();
  const throttle = new Throttle(clock);
  const order: number[] = [];
  for (const ms of [500, 100, 101, 102, 2_000]) throttle.wait(ms, () => order.push(ms));
  t.equal(clock.pending, 1);
  await clock.advance(99);
  t.same(order, []);
  await clock.advance(1 + THROTTLE_STEP);
  t.same(order, [100, 101, 102], 'together');
  t.equal(clock.pending, 1);
  await clock.advance(1_000);
  t.same(order, [100, 101, 102, 500]);
  throttle[Symbol.dispose]();
  t.equal(clock.pending, 0);
  t.equal(throttle.size, 0);
});

t.test('the share of a connection shrinks as memory does; the sum keeps to the limit', async (t) => {
  const one = new SocketMemory(1_000_000, 1_000);
  t.equal(one.share, 500_000 / 64, 'plenty for the first');
  const memory = new SocketMemory(1_000_000, 1_000);
  for (let i = 0; i < 1_000; i++) memory.add(memory.share);
  t.ok(memory.used <= 1_000_000, `${memory.used}`);
  t.equal(memory.share, 500, 'its own');
  memory.remove(memory.used);
  memory.add(2_000_000);
  let called = 0;
  const goOn = () => called++;
  memory.wait(400_000, goOn);
  memory.wait(10_000_000, () => called++);
  memory.remove(1_000_000);
  await settle();
  t.equal(called, 0);
  memory.remove(600_000);
  await settle();
  t.equal(called, 2, 'larger than everything: half of it is enough');
  memory.add(1_000_000);
  memory.wait(500_000, goOn);
  memory.forget(goOn);
  memory.remove(1_000_000);
  await settle();
  t.equal(called, 2);
});

t.test('of too many incomplete packets the one that began first goes', async (t) => {
  const gone: string[] = [];
  const parts = new IncompletePackets<{ tooMuch(): void }>(200_000);
  const holder = (name: string) => ({
    tooMuch() {
      gone.push(name);
      parts.set(this, 0);
    },
  });
  const [a, b, c] = [holder('a'), holder('b'), holder('c')];
  parts.set(a, 20_000);
  parts.set(b, 90_000);
  parts.set(a, 70_000);
  parts.set(c, 1_000);
  t.equal(parts.used, 160_000, 'small parts are not counted');
  parts.set(c, 60_000);
  t.same(gone, ['a']);
  t.equal(parts.used, 150_000);
  parts.set(b, 0);
  parts.set(c, 0);
  t.equal(parts.used, 0);
});

t.test('a burst is said when it begins and when it is over', async (t) => {
  const clock = new ManualClock();
  const lines: unknown[] = [];
  const log = { ...silentLog, warn: (fields: unknown, message?: string) => void lines.push([message, fields]) };
  const bursts = new BurstLog<'rate' | 'full'>(clock, log, 'refused');
  for (let i = 0; i < 100; i++) bursts.report('rate', { address: `a${i}` });
  t.same(lines, [['refused', { reason: 'rate', address: 'a0' }]]);
  await clock.advance(6_000);
  bursts.report('rate', {});
  bursts.report('full', { address: 'b' });
  await clock.advance(9_000);
  t.equal(lines.length, 2);
  await clock.advance(2_000);
  t.same(lines[2], ['refused: over', { reason: 'rate', count: 101 }]);
  t.equal(lines.length, 3, 'what happened once is said once');
  t.equal(clock.pending, 0);
  bursts.report('rate', {});
  bursts.report('rate', {});
  bursts[Symbol.dispose]();
  t.same(lines.at(-1), ['refused: over', { reason: 'rate', count: 2 }]);
  t.equal(clock.pending, 0);
});
