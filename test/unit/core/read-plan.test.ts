import fc from 'fast-check';
import t from 'tap';
import type { ReadCosts, Span } from '../../../src/core/adapter.js';
import { type Barriers, idleUnits, type Planned, plainCosts, planReads, readMs } from '../../../src/core/read-plan.js';

const at = (id: string, start: number, length = 1, space = 'holding', limit = 125): Planned => ({
  id,
  span: { space, start, length, limit },
});
const plan = (points: readonly Planned[], costs: Partial<ReadCosts> = {}, barriers?: Barriers) =>
  planReads(points, { ...plainCosts, ...costs }, 1, barriers).map(({ points: members }) =>
    members.map(({ id }) => id).join(' '),
  );
const anyGap = { maxGap: () => Number.POSITIVE_INFINITY };

t.test('spans that touch or overlap are one exchange, others are not', async (t) => {
  t.strictSame(plan([at('b', 2, 2), at('a', 0, 2), at('c', 5), at('d', 3)]), ['a b d', 'c']);
  t.strictSame(plan([at('a', 0), at('b', 1, 1, 'input')]), ['a', 'b'], 'tables do not mix');
  t.strictSame(plan([at('a', 0), at('b', 2), at('c', 5)], { maxGap: () => 1 }), ['a b', 'c'], 'gaps by parameter');
  t.strictSame(plan([{ id: 'x', span: undefined }, at('a', 0), { id: 'y', span: undefined }]), ['a', 'x', 'y']);
});

t.test('the limit of the protocol and of the device is kept', async (t) => {
  const many = Array.from({ length: 300 }, (_, i) => at(`p${i}`, i));
  t.strictSame(
    planReads(many, plainCosts, 1)
      .map((piece) => piece.points.length)
      .toSorted((a, b) => a - b),
    [50, 125, 125],
  );
  t.equal(planReads(many, { ...plainCosts, limit: () => 60 }, 1).length, 5);
  t.strictSame(plan([at('long', 0, 10, 's', 12), at('in', 2, 2, 's', 12), at('out', 10, 4, 's', 12)]), [
    'long in',
    'out',
  ]);
  t.strictSame(
    plan([at('a', 0), at('too-long', 1, 200), at('b', 201)]),
    ['a', 'too-long', 'b'],
    'the device will say so',
  );
});

t.test('a gap is read along where that is faster than a request, by the wire', async (t) => {
  const pair = (gap: number) => [at('a', 0), at('b', 1 + gap)];
  // 9600 baud: 2.3 ms a register, 30 ms a request.
  const line = { ...anyGap, exchangeMs: 29, unitMs: () => 2.3 };
  t.strictSame(plan(pair(12), line), ['a b']);
  t.strictSame(plan(pair(14), line), ['a', 'b']);
  t.strictSame(plan(pair(100), anyGap), ['a b'], 'a round trip costs more than any gap');
  t.strictSame(
    plan(pair(100), { ...anyGap, maxGap: () => 99 }),
    ['a', 'b'],
    'but not what the device may not be asked',
  );
});

t.test('of equal times the fewest requests, of these the fewest units', async (t) => {
  t.strictSame(
    plan([at('a', 0), at('b', 2)], { ...anyGap, exchangeMs: 0, unitMs: () => 1 }),
    ['a b'],
    'one gap unit for one request',
  );
  const three = [at('a', 0), at('b', 100), at('c', 190)];
  t.strictSame(plan(three, anyGap), ['a', 'b c'], 'two requests either way: the shorter');
});

t.test('what is absent is read alone, and nothing is read across it or across a barrier', async (t) => {
  const points = Array.from({ length: 10 }, (_, i) => at(`p${i}`, i * 2));
  const absent: Barriers = {
    isAbsent: (_space, start, end) => start < 7 && end > 6,
    reach: (_space, start) => (start < 7 ? 6 : Number.POSITIVE_INFINITY),
  };
  t.strictSame(plan(points, anyGap, absent), ['p0 p1 p2', 'p4 p5 p6 p7 p8 p9', 'p3']);
  const barrier: Barriers = { isAbsent: () => false, reach: (_space, start) => (start < 9 ? 10 : 1_000) };
  t.strictSame(plan(points, anyGap, barrier), ['p0 p1 p2 p3 p4', 'p5 p6 p7 p8 p9']);
});

t.test('time and idle units of a read', async (t) => {
  const points = [at('a', 10, 2), at('b', 15), at('c', 15), at('d', 20, 4)];
  t.equal(idleUnits(points), 7);
  t.equal(readMs(points, { ...plainCosts, exchangeMs: 5, unitMs: () => 0.5 }, 3), 5 + 3 + 14 * 0.5);
  t.equal(readMs([{ id: 'x', span: undefined }], plainCosts, 3), 3);
});

const span: fc.Arbitrary<Span> = fc.record({
  space: fc.constantFrom('coil', 'holding'),
  start: fc.integer({ min: 0, max: 200 }),
  length: fc.integer({ min: 1, max: 8 }),
  limit: fc.constantFrom(8, 20, 125),
});
const points = fc
  .array(fc.option(span, { nil: undefined, freq: 8 }), { maxLength: 60 })
  .map((spans) => spans.map((s, i): Planned => ({ id: `p${i}`, span: s })));

t.test('property: every point exactly once, limits and gaps kept', async (t) => {
  fc.assert(
    fc.property(points, fc.integer({ min: 0, max: 5 }), (list, maxGap) => {
      const pieces = planReads(list, { ...plainCosts, maxGap: () => maxGap }, 1);
      const covered = pieces.flatMap((piece) => piece.points.map(({ id }) => id));
      if (covered.length !== list.length || new Set(covered).size !== list.length) return false;
      const reads = list.filter(({ span: s }) => s !== undefined);
      return pieces.every((piece) => {
        if (piece.points.some((point) => point.span === undefined)) return piece.points.length === 1;
        const spans = piece.points.map((point) => point.span!);
        const start = Math.min(...spans.map((s) => s.start));
        const end = Math.max(...spans.map((s) => s.start + s.length));
        let idle = 0;
        for (let unit = start; unit < end; unit++) {
          const isAsked = reads.some(
            ({ span: s }) => s!.space === spans[0]!.space && s!.start <= unit && unit < s!.start + s!.length,
          );
          idle = isAsked ? 0 : idle + 1;
          if (idle > maxGap) return false;
        }
        return new Set(spans.map((s) => s.space)).size === 1 && spans.every((s) => end - start <= s.limit);
      });
    }),
  );
  t.pass('held for all inputs');
});

/** Of all ways to share the points out among reads, the cheapest: tries each of the 2^(n−1). */
function cheapest(starts: readonly number[], requestMs: number, unitMs: number, limit: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let cuts = 0; cuts < 2 ** (starts.length - 1); cuts++) {
    let ms = 0;
    let from = 0;
    for (let i = 1; i <= starts.length; i++) {
      if (i < starts.length && (cuts & (1 << (i - 1))) === 0) continue;
      const units = starts[i - 1]! + 1 - starts[from]!;
      ms += units > limit ? Number.POSITIVE_INFINITY : requestMs + units * unitMs;
      from = i;
    }
    best = Math.min(best, ms);
  }
  return best;
}

t.test('property: no other way to read the same is faster', async (t) => {
  const starts = fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 11 });
  fc.assert(
    fc.property(starts, fc.integer({ min: 1, max: 60 }), fc.constantFrom(0, 1, 2.3), (list, requestMs, unitMs) => {
      const sorted = list.toSorted((a, b) => a - b);
      const costs = { ...plainCosts, ...anyGap, exchangeMs: requestMs, unitMs: () => unitMs, limit: () => 50 };
      const pieces = planReads(
        sorted.map((start) => at(`p${start}`, start)),
        costs,
        0,
      );
      const ms = pieces.reduce((sum, piece) => sum + readMs(piece.points, costs, 0), 0);
      return Math.abs(ms - cheapest(sorted, requestMs, unitMs, 50)) < 1e-6;
    }),
  );
  t.pass('held for all inputs');
});
