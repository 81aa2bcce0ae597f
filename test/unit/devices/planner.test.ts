import fc from 'fast-check';
import t from 'tap';
import type { ReadCosts, Span } from '../../../src/core/adapter.js';
import { extentOf, type Piece, type Planned, plainCosts } from '../../../src/core/read-plan.js';
import { Learned } from '../../../src/devices/learned.js';
import { Plan } from '../../../src/devices/planner.js';
import { ManualClock } from '../../support/manual-clock.js';

const HOUR = 3_600_000;

const at = (id: string, start: number, length = 1, space = 'holding'): Planned => ({
  id,
  span: { space, start, length, limit: 125 },
});
const row = (count: number, step = 1) => Array.from({ length: count }, (_, i) => at(`p${i}`, i * step));
const greedy = { ...plainCosts, maxGap: () => Number.POSITIVE_INFINITY };

interface Bench {
  readonly clock: ManualClock;
  readonly learned: Learned;
  readonly plan: Plan<Planned>;
}

function bench(points: readonly Planned[], costs: ReadCosts = greedy, before?: Learned, every = 1_000): Bench {
  const clock = new ManualClock();
  const learned = new Learned(clock, () => {}, before?.record());
  return { clock, learned, plan: new Plan(points, { clock, costs, learned, every }) };
}

/** A device as Modbus has it: one unit that it does not have, and the whole read is refused. */
type IsRefused = (start: number, end: number, space: string) => boolean;
const holes =
  (...units: readonly number[]): IsRefused =>
  (start, end) =>
    units.some((unit) => start <= unit && unit < end);

/** One beat: all that is due, and the searches that come of it. */
function beat(
  { plan }: Bench,
  isRefused: IsRefused,
  isLasting = true,
): { good: Set<string>; bad: Set<string>; exchanges: number } {
  const good = new Set<string>();
  const bad = new Set<string>();
  const queue: Piece<Planned>[] = [...plan.pieces()];
  let exchanges = 0;
  for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) {
    if (!plan.has(piece)) continue;
    exchanges++;
    const { start, end } = extentOf(piece.points);
    const { span } = piece.points[0]!;
    if (span !== undefined && isRefused(start, end, span.space)) {
      const parts = plan.refused(piece, isLasting);
      if (parts === undefined) for (const { id } of piece.points) bad.add(id);
      else queue.push(...parts);
    } else {
      plan.answered(piece);
      for (const { id } of piece.points) good.add(id);
    }
  }
  return { good, bad, exchanges };
}

const span: fc.Arbitrary<Span> = fc.record({
  space: fc.constantFrom('coil', 'holding'),
  start: fc.integer({ min: 0, max: 200 }),
  length: fc.integer({ min: 1, max: 4 }),
  limit: fc.constantFrom(20, 125),
});
const points = fc
  .array(fc.option(span, { nil: undefined, freq: 8 }), { maxLength: 60 })
  .map((spans) => spans.map((s, i): Planned => ({ id: `p${i}`, span: s })));

t.test('property: whatever units are absent, all other points are read, and it settles', async (t) => {
  fc.assert(
    fc.property(points, fc.array(fc.integer({ min: 0, max: 203 }), { maxLength: 6 }), (list, absent) => {
      const world = bench(list);
      const isRefused = holes(...absent);
      const hasAbsent = ({ span: s }: Planned) => s !== undefined && isRefused(s.start, s.start + s.length, s.space);
      const expected = list.filter((point) => !hasAbsent(point)).length;
      const read = new Set<string>();
      for (let round = 0; round < 12; round++) {
        for (const id of beat(world, isRefused).good) read.add(id);
        void world.clock.advance(1_000);
      }
      if (read.size !== expected) return false;
      const last = beat(world, isRefused);
      const covered = world.plan.all().flatMap((piece) => piece.points.map(({ id }) => id));
      if (covered.length !== list.length || new Set(covered).size !== list.length) return false;
      return last.good.size === expected && last.exchanges <= world.plan.all().length;
    }),
  );
  t.pass('held for all inputs');
});

t.test('a hole in the middle of 100 points is found in 2·log2 exchanges and costs two from then on', async (t) => {
  const world = bench(row(100));
  const first = beat(world, holes(37));
  t.equal(first.good.size, 99);
  t.strictSame([...first.bad], ['p37']);
  t.ok(first.exchanges <= 1 + 2 * Math.ceil(Math.log2(100)), `${first.exchanges} exchanges`);
  await world.clock.advance(1_000);
  t.equal(beat(world, holes(37)).exchanges, 3, 'at its next beat the point is tried once more');
  await world.clock.advance(1_000);
  const later = beat(world, holes(37));
  t.equal(later.exchanges, 2, 'then it rests');
  t.equal(later.good.size, 99);
  t.strictSame(
    world.plan.resting().map(({ id }) => id),
    ['p37'],
  );
});

t.test('a hole that nobody asked for becomes a barrier, no point is bad', async (t) => {
  const world = bench(row(50, 2));
  const first = beat(world, holes(31));
  t.equal(first.good.size, 50);
  t.equal(first.bad.size, 0);
  await world.clock.advance(1_000);
  t.equal(beat(world, holes(31)).exchanges, 2);
  t.match(world.learned.record(), { absences: [], barriers: [{ before: 31, after: 32 }] });
});

t.test('an absent point is asked for ever less, down to once an hour, and is back when it answers', async (t) => {
  const world = bench(row(10), greedy, undefined, 60_000);
  let asked = 0;
  const isRefused: IsRefused = (start, end) => {
    const hit = holes(4)(start, end, '');
    if (hit && end - start === 1) asked++;
    return hit;
  };
  for (let minute = 0; minute < 24 * 60; minute++) {
    beat(world, isRefused);
    await world.clock.advance(60_000);
  }
  t.ok(asked < 8 + 26, `${asked} times in a day`);
  await world.clock.advance(HOUR);
  t.ok(beat(world, () => false).good.has('p4'));
  await world.clock.advance(1_000);
  t.equal(beat(world, () => false).exchanges, 1, 'one read again');
  t.strictSame(world.learned.record(), { absences: [], barriers: [] });
});

t.test('what was learned is known to the next plan: nothing is searched again', async (t) => {
  const first = bench(row(100));
  for (let i = 0; i < 4; i++) {
    beat(first, holes(10, 55, 56));
    await first.clock.advance(1_000);
  }
  const next = bench(row(100), greedy, first.learned);
  const { exchanges, good } = beat(next, holes(10, 55, 56));
  t.equal(good.size, 97);
  t.equal(exchanges, 3 + 3, 'three reads around the holes, and each absent point once');
});

t.test('a device that refuses everything is known after few exchanges and asked whole again', async (t) => {
  const world = bench(row(120));
  const first = beat(world, () => true);
  t.ok(first.exchanges <= 33, `${first.exchanges} exchanges`);
  const second = beat(world, () => true);
  t.equal(second.exchanges, 1);
  t.equal(second.bad.size, 120);
  t.equal(beat(world, () => false).good.size, 120);
  await world.clock.advance(600_000);
  t.equal(beat(world, holes(3)).good.size, 119, 'searched again later');
});

t.test('a refusal for another reason is searched, too, but forgotten after ten minutes', async (t) => {
  const world = bench(row(20));
  t.equal(beat(world, holes(7), false).good.size, 19);
  t.strictSame(world.learned.record(), { absences: [], barriers: [] }, 'nothing to keep');
  await world.clock.advance(1_200_000);
  t.equal(beat(world, () => false, false).good.size, 20);
});

t.test('a barrier is doubted after a day', async (t) => {
  const world = bench(row(50, 2));
  beat(world, holes(31));
  await world.clock.advance(25 * HOUR);
  t.equal(beat(world, () => false).exchanges, 1);
});

t.test('a device that takes fewer units at once than it should is read in parts', async (t) => {
  const world = bench(row(100));
  const isRefused: IsRefused = (start, end) => end - start > 30;
  beat(world, isRefused);
  for (let i = 0; i < 3; i++) {
    await world.clock.advance(1_000);
    beat(world, isRefused);
  }
  const { good, exchanges } = beat(world, isRefused);
  t.equal(good.size, 100);
  t.equal(exchanges, 4);
});

t.test(
  'a read across a gap that is never answered is cut there, and tried whole once the device is there',
  async (t) => {
    const world = bench([at('a', 0), at('b', 50)]);
    const { plan } = world;
    const [whole] = plan.pieces();
    t.notOk(plan.silent(whole!), 'once may be noise');
    t.ok(plan.silent(whole!));
    t.equal(plan.pieces().length, 2);
    plan.recheck();
    t.equal(plan.pieces().length, 1, 'the device may have been away');
    plan.silent(plan.pieces()[0]!);
    t.ok(plan.silent(plan.pieces()[0]!));
    plan.recheck();
    t.equal(plan.pieces().length, 2, 'it was not');
    t.match(world.learned.record().barriers, [{ before: 1, after: 50 }]);
  },
);

t.test('a read that was answered once is not cut when the device goes away', async (t) => {
  const { plan } = bench([at('a', 0), at('b', 50)]);
  plan.answered(plan.pieces()[0]!);
  for (let i = 0; i < 5; i++) t.notOk(plan.silent(plan.pieces()[0]!));
  t.equal(plan.pieces().length, 1);
});

t.test('a search that meets silence is given up, what it found stays', async (t) => {
  const world = bench(row(8));
  const { plan } = world;
  const [whole] = plan.pieces();
  const [left, right] = plan.refused(whole!, true)!;
  t.equal(plan.pieces().length, 0, 'its points are on their way already');
  plan.answered(left!);
  plan.failed(right!);
  t.equal(plan.pieces().length, 1);
  t.notOk(plan.has(right!));
  t.strictSame(plan.refused(right!, true), [], 'it is no longer part of the plan');
});

t.test('the plan follows the latency that is measured', async (t) => {
  const line: ReadCosts = { ...greedy, latencyMs: 5, exchangeMs: 10, unitMs: () => 1 };
  const { plan } = bench([at('a', 0), at('b', 31)], line);
  t.equal(plan.all().length, 2);
  plan.adapt(6);
  t.equal(plan.all().length, 2);
  plan.adapt(50);
  t.equal(plan.all().length, 1, 'a request has become dearer than the gap');
  plan.adapt(4);
  t.equal(plan.all().length, 2);
});

t.test('which read has a point', async (t) => {
  const list = [at('a', 0), at('b', 1), at('c', 200)];
  const { plan } = bench(list);
  t.strictSame(plan.pieceOf(list[1]!)?.points, list.slice(0, 2));
  t.equal(plan.pieceOf(list[2]!), plan.pieces()[1]);
});
