/** What is counted of a window. */
import t from 'tap';
import { median, windowOf } from './windows.js';

/** 1,000 round trips, one each ms from 0 on; those of the list take longer. */
function result(long: Readonly<Record<number, number>> = {}) {
  const all = Array.from({ length: 1_000 }, (_, at) => [long[at] ?? 0.1, at] as const);
  const slowest = all.toSorted(([a], [b]) => b - a).slice(0, 100);
  return { p50: 0.1, p99: slowest[10]![0], own: 0, sent: 1_000, received: 1_000, slowest };
}

/** So many round trips in a row take 4 ms. */
const slow = (from: number, count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [from + i, 4]));

t.test('a round trip counts unless a core was away while it was under way', async (t) => {
  const long = { ...slow(100, 8), ...slow(500, 8) };
  t.match(windowOf(result(long), []), { p99: 4, p99OfAll: 4, disturbed: 0 });
  const window = windowOf(result(long), [[103.5, 106]]);
  // Sent at 100 to 106, and at 107 while what waited was answered.
  t.match(window, { p99: 0.1, p99OfAll: 4, disturbed: 0.007 });
  t.equal(windowOf(result(long), [[300, 304]]).p99, 4, 'a pause in which none of them was under way');
});

t.test('what is slow without a pause is seen, however many pauses there are', async (t) => {
  const pauses = Array.from({ length: 20 }, (_, i) => [i * 4, i * 4 + 2] as const);
  t.equal(windowOf(result(slow(600, 11)), pauses).p99, 4);
  t.equal(windowOf(result(slow(600, 9)), pauses).p99, 0.1);
});

t.test('where all of the slowest were disturbed, the quickest of them counts', async (t) => {
  t.equal(windowOf(result(), [[-1, 2_000]]).p99, 0.1);
});

t.test('nothing came back: as bad as can be', async (t) => {
  const none = { p50: null, p99: null, own: null, sent: 10, received: 0, slowest: [] };
  t.strictSame(windowOf(none, []), { p50: Infinity, p99: Infinity, p99OfAll: Infinity, disturbed: 0, received: 0 });
});

t.test('the median', async (t) => {
  t.equal(median([3, 1, 2]), 2);
  t.equal(median([4, 1, 2, 3]), 2.5);
});
