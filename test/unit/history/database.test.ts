/** The file of the history as the worker uses it: what is written is found again, summed up right, and goes in time. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { HistoryQuery, HistorySample, HistoryValue, PeriodView } from '../../../src/core/history.js';
import { HistoryDatabase, HOUR, MINUTE } from '../../../src/history/database.js';
import { query } from '../../../src/history/query.js';
import { Retention } from '../../../src/history/retention.js';
import { tempFolder } from '../../support/gateway.js';

const START = Date.UTC(2026, 0, 1);
const DAY = 24 * HOUR;
const ALL = { device: 'boiler', point: 'temperature', from: 0, to: 8e15, every: undefined, limit: 10_000 };

function open(t: Test, folder = tempFolder(t)) {
  const history = new HistoryDatabase(join(folder, 'history.sqlite'));
  t.teardown(() => history.close());
  return history;
}

function sample(at: number, value: HistoryValue | undefined, more: Partial<HistorySample> = {}): HistorySample {
  return { device: 'boiler', point: 'temperature', unit: '°C', value, quality: 'good', at, ...more };
}

const periodsOf = (history: HistoryDatabase, asked: Partial<HistoryQuery>) =>
  query(history, { ...ALL, ...asked })!.periods!;

t.test('values of every kind come back as they were', async (t) => {
  const history = open(t);
  const values: (HistoryValue | undefined)[] = [
    71.4,
    -0.1,
    0,
    7,
    true,
    false,
    'running',
    '',
    42n,
    9_223_372_036_854_775_807n,
    18_446_744_073_709_551_615n,
    undefined,
  ];
  history.write(values.map((value, i) => sample(START + i, value, value === undefined ? { quality: 'bad' } : {})));
  const rows = query(history, ALL)!;
  t.equal(rows.unit, '°C');
  t.strictSame(rows.samples, [
    ...[71.4, -0.1, 0, 7, true, false, 'running', '', 42].map((value, i) => ({
      at: START + i,
      value,
      quality: 'good',
    })),
    { at: START + 9, value: '9223372036854775807', quality: 'good' },
    { at: START + 10, value: '18446744073709551615', quality: 'good' },
    { at: START + 11, value: null, quality: 'bad' },
  ]);
});

t.test('two of one millisecond are two', async (t) => {
  const history = open(t);
  history.write([sample(START, 1), sample(START, 2)]);
  history.write([sample(START, 3)]);
  t.strictSame(
    query(history, ALL)!.samples!.map(({ at, value }) => [at - START, value]),
    [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
  );
  t.match(periodsOf(history, { every: MINUTE }), [{ at: START, count: 3, min: 1, max: 3, mean: 2, last: 3 }]);
});

t.test('the end is not included, and where there is more it says from where', async (t) => {
  const history = open(t);
  history.write(Array.from({ length: 10 }, (_, i) => sample(START + i * MINUTE, i)));
  const page = query(history, { ...ALL, from: START + MINUTE, to: START + 8 * MINUTE, limit: 3 })!;
  t.strictSame(
    page.samples!.map(({ value }) => value),
    [1, 2, 3],
  );
  t.equal(page.next, START + 4 * MINUTE);
  const rest = query(history, { ...ALL, from: page.next!, to: START + 8 * MINUTE })!;
  t.strictSame(
    rest.samples!.map(({ value }) => value),
    [4, 5, 6, 7],
  );
  t.equal(rest.next, undefined);
  const periods = query(history, { ...ALL, every: MINUTE, from: START, to: START + 8 * MINUTE, limit: 3 })!;
  t.equal(periods.periods!.length, 3);
  t.equal(periods.next, START + 3 * MINUTE);
  t.equal(query(history, { ...ALL, point: 'nothing' }), undefined);
});

t.test('sums of any length are those of the samples, however they were written', async (t) => {
  const value = fc.oneof(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.boolean(),
    fc.constantFrom<HistoryValue>('text', 12n),
    fc.constant(undefined),
  );
  const samples = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 * HOUR }), value, fc.boolean()), { maxLength: 60 });
  const folder = tempFolder(t);
  let files = 0;
  const every = fc.constantFrom(1_000, 7_000, 30_000, MINUTE, 5 * MINUTE, HOUR, 2 * HOUR);
  fc.assert(
    fc.property(samples, every, fc.integer({ min: 1, max: 5 }), (drawn, every, batches) => {
      const history = new HistoryDatabase(join(folder, `${++files}`));
      try {
        const all = drawn
          .sort(([a], [b]) => a - b)
          .map(([at, value, isStale]) =>
            sample(START + at, value, { quality: value === undefined ? 'bad' : isStale ? 'stale' : 'good' }),
          );
        const size = Math.ceil(all.length / batches) || 1;
        for (let i = 0; i < all.length; i += size) history.write(all.slice(i, i + size));
        const found = all.length === 0 ? [] : periodsOf(history, { every });
        const kept = all.length === 0 ? [] : query(history, ALL)!.samples!;
        t.equal(kept.length, all.length);
        const expected = new Map<number, number[]>();
        const others = new Map<number, number>();
        for (const { at, value, quality } of kept) {
          const begin = Math.floor(at / every) * every;
          if (!expected.has(begin)) expected.set(begin, []);
          if (quality === 'good' && (typeof value === 'number' || typeof value === 'boolean')) {
            expected.get(begin)!.push(Number(value));
          } else others.set(begin, (others.get(begin) ?? 0) + 1);
        }
        t.strictSame(
          found.map(({ mean: _, ...rest }) => rest),
          [...expected].map(
            ([at, numbers]): Omit<PeriodView, 'mean'> => ({
              at,
              count: numbers.length,
              min: numbers.length === 0 ? null : Math.min(...numbers),
              max: numbers.length === 0 ? null : Math.max(...numbers),
              last: numbers.at(-1) ?? null,
              others: others.get(at) ?? 0,
            }),
          ),
        );
        for (const [i, numbers] of [...expected.values()].entries()) {
          const { mean } = found[i]!;
          if (numbers.length === 0) t.equal(mean, null);
          else {
            const sum = numbers.reduce((a, b) => a + b, 0);
            t.ok(Math.abs(mean! - sum / numbers.length) < 1e-6);
          }
        }
      } finally {
        history.close();
      }
    }),
    { numRuns: 60 },
  );
});

t.test('a write that fails leaves nothing, and what comes after it is whole', async (t) => {
  const history = open(t);
  history.write([sample(START, 1)]);
  const broken = sample(START + 1, Symbol('no value') as unknown as number, { point: 'other' });
  t.throws(() => history.write([sample(START + 1, 2), broken]));
  t.equal(query(history, ALL)!.samples!.length, 1);
  t.equal(history.find('boiler', 'other'), undefined);
  history.write([sample(START + 1, 2), sample(START + 1, 3, { point: 'other' })]);
  t.equal(query(history, ALL)!.samples!.length, 2);
  t.match(history.list(), [
    { device: 'boiler', point: 'other', unit: '°C', samples: 1 },
    { device: 'boiler', point: 'temperature', samples: 2, first: START, last: START + 1 },
  ]);
});

t.test('it is there after another start, and only its owner may read it', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'history.sqlite');
  const first = new HistoryDatabase(file);
  first.write([sample(START, 1)]);
  first.close();
  t.equal(statSync(file).mode & 0o777, 0o600);
  const second = open(t, folder);
  second.write([sample(START + 1, 2, { unit: 'K' })]);
  t.match(query(second, ALL), { unit: 'K', samples: [{ value: 1 }, { value: 2 }] });
});

t.test('a file of a newer version is left alone', async (t) => {
  const file = join(tempFolder(t), 'history.sqlite');
  const database = new DatabaseSync(file);
  database.exec('PRAGMA user_version = 99');
  database.close();
  t.throws(() => new HistoryDatabase(file), /has the schema 99/);
});

t.test('a file that is none of SQLite is refused with its code', async (t) => {
  const file = join(tempFolder(t), 'history.sqlite');
  writeFileSync(file, 'x'.repeat(8_192));
  t.throws(() => new HistoryDatabase(file), /not a database/);
});

t.test('samples go after their time, sums of hours later', async (t) => {
  const history = open(t);
  const retention = new Retention(history, { keep: DAY, keepHours: 10 * DAY, maxBytes: 1e9 });
  const points = Array.from({ length: 20 * 24 }, (_, hour) => sample(START + hour * HOUR, hour));
  history.write(points);
  const now = START + 20 * DAY;
  for (let i = 0; i < 10; i++) retention.apply(now + i);
  t.equal(query(history, ALL)!.samples![0]!.at, now - DAY);
  t.equal(periodsOf(history, { every: MINUTE })[0]!.at, now - DAY);
  t.equal(periodsOf(history, { every: HOUR })[0]!.at, now - 10 * DAY);
  t.equal(retention.shortened(now), undefined, 'nothing went before its time');
});

t.test('much that is too old goes a little at a time', async (t) => {
  const history = open(t);
  history.write(Array.from({ length: 9_000 }, (_, i) => sample(START + i * 1_000, i)));
  const retention = new Retention(history, { keep: HOUR, keepHours: DAY, maxBytes: 1e9 });
  const left: number[] = [];
  for (let i = 0; i < 8; i++) {
    retention.apply(START + 10 * DAY + i * 1_000);
    left.push(query(history, ALL)!.samples!.length);
  }
  t.strictSame(left.slice(0, 5), [7_000, 5_000, 3_000, 1_000, 0]);
});

t.test('maxBytes: the oldest hours go, it is said since when, and the sums stay', async (t) => {
  const history = open(t);
  const retention = new Retention(history, { keep: 1_000 * DAY, keepHours: 1_000 * DAY, maxBytes: 1e6 });
  const steps = 12;
  for (let step = 0; step < steps; step++) {
    retention.apply(START + step * HOUR);
    history.write(Array.from({ length: 6_000 }, (_, i) => sample(START + step * HOUR + i * 600, i + 0.5)));
  }
  const now = START + steps * HOUR;
  retention.apply(now);
  t.ok(history.usedBytes() <= 1e6, `${history.usedBytes()} bytes`);
  const first = query(history, ALL)!.samples![0]!.at;
  t.ok(first > START && first < now, 'the newest are there');
  t.equal(retention.shortened(now), first);
  t.equal(periodsOf(history, { every: HOUR }).length, steps);
  const again = new Retention(history, { keep: 1_000 * DAY, keepHours: 1_000 * DAY, maxBytes: 1e6 });
  t.equal(again.shortened(now), first, 'known after another start');
  t.equal(again.shortened(first + 1_001 * DAY), undefined, 'until it would have gone anyway');
});
