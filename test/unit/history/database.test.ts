/** What is written is found again, summed up right, settled or not. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import t from 'tap';
import type { HistoryValue, PeriodView } from '../../../src/core/history.js';
import { HistoryDatabase } from '../../../src/history/database.js';
import { HOUR, MINUTE } from '../../../src/history/periods.js';
import type { Rows } from '../../../src/history/protocol.js';
import { query } from '../../../src/history/query.js';
import { tempFolder } from '../../support/gateway.js';
import { ALL, open, START, sample, TestHistory } from './test-history.js';

const SETTLED = [false, true];
const FIGURE = { good: 0, stale: 1, bad: 2 } as const;

t.test('values of every kind come back as they were', async (t) => {
  const values: (HistoryValue | undefined)[] = [
    ...[71.4, -0.1, 0, 7, true, false, 'running', '', 42n],
    ...[9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n, 18_446_744_073_709_551_615n],
    undefined,
  ];
  for (const isSettled of SETTLED) {
    const history = open(t);
    history.put(...values.map((value, i) => sample(START + i, value, value === undefined ? { quality: 'bad' } : {})));
    if (isSettled) history.settler.settle();
    t.equal(query(history, ALL)!.unit, '°C');
    t.strictSame(
      history.samplesOf().map(({ at, value, quality }) => [at - START, value, quality]),
      [
        ...[71.4, -0.1, 0, 7, true, false, 'running', '', 42].map((value, i) => [i, value, 'good']),
        [9, '9223372036854775807', 'good'],
        [10, '-9223372036854775808', 'good'],
        [11, '18446744073709551615', 'good'],
        [12, null, 'bad'],
      ],
    );
    const [period] = history.periodsOf({ every: MINUTE });
    t.match(
      period,
      { count: 10, min: -(2 ** 63), max: 2 ** 64, last: 2 ** 64, others: 3 },
      'integers of any size count',
    );
  }
});

t.test('two of one millisecond are two', async (t) => {
  for (const isSettled of SETTLED) {
    const history = open(t);
    history.put(sample(START, 1), sample(START, 2));
    history.put(sample(START, 3));
    if (isSettled) history.settler.settle();
    t.strictSame(
      history.samplesOf().map(({ value }) => value),
      [1, 2, 3],
    );
    t.match(history.periodsOf({ every: MINUTE }), [{ at: START, count: 3, min: 1, max: 3, mean: 2, last: 3 }]);
  }
});

t.test('of very many of one millisecond the last are kept', async (t) => {
  const history = open(t);
  const drawn = Array.from({ length: 3_000 }, (_, i) => sample(START, i));
  history.put(...drawn);
  history.settler.settle();
  const kept = history.samplesOf();
  t.equal(kept.length, 1_001);
  t.equal(kept.at(-1)!.value, 2_999);
  t.equal(history.list()[0]!.samples, kept.length);
});

t.test('the end is not included, and where there is more it says from where', async (t) => {
  for (const isSettled of SETTLED) {
    const history = open(t);
    history.put(...Array.from({ length: 10 }, (_, i) => sample(START + i * MINUTE, i)));
    if (isSettled) history.settler.settle();
    const page = query(history, { ...ALL, from: START + MINUTE, to: START + 8 * MINUTE, limit: 3 })!;
    t.strictSame(
      page.samples!.map(({ value }) => value),
      [1, 2, 3],
    );
    t.equal(page.next, START + 4 * MINUTE);
    t.strictSame(
      history.samplesOf({ from: page.next!, to: START + 8 * MINUTE }).map(({ value }) => value),
      [4, 5, 6, 7],
    );
    const periods = query(history, { ...ALL, every: MINUTE, from: START, to: START + 8 * MINUTE, limit: 3 })!;
    t.equal(periods.periods!.length, 3);
    t.equal(periods.next, START + 3 * MINUTE);
    const whole = history.periodsOf({ every: 5 * MINUTE, from: START + MINUTE, to: START + 6 * MINUTE });
    t.match(whole, [
      { at: START, count: 5 },
      { at: START + 5 * MINUTE, count: 5 },
    ]);
  }
  t.equal(query(open(t), ALL), undefined);
});

t.test('pages of unsettled samples of one millisecond lose none and repeat none', async (t) => {
  const history = open(t);
  history.put(...Array.from({ length: 20 }, (_, i) => sample(START + Math.floor(i / 3), i)));
  for (const limit of [1, 2, 4]) {
    const found: unknown[] = [];
    let from: number | undefined = 0;
    while (from !== undefined && found.length <= 20) {
      const page: Rows = query(history, { ...ALL, from, limit })!;
      found.push(...page.samples!.map(({ value }) => value));
      from = page.next;
    }
    t.strictSame(
      found,
      Array.from({ length: 20 }, (_, i) => i),
    );
  }
});

t.test('very much is answered in parts, and the parts are the whole', async (t) => {
  const history = open(t);
  const count = 250_000;
  for (let i = 0; i < count; i += 50_000) {
    history.put(...Array.from({ length: 50_000 }, (_, j) => sample(START + (i + j) * 100, 1)));
    history.settler.settle();
  }
  let asked = 0;
  let counted = 0;
  let from: number | undefined = START;
  while (from !== undefined) {
    const page: Rows = query(history, { ...ALL, every: 7_000, from })!;
    counted += page.periods!.reduce((sum, period) => sum + period.count, 0);
    from = page.next;
    asked++;
  }
  t.equal(counted, count);
  t.ok(asked >= 3, `${asked} answers`);
});

t.test('sums of any length are those of the samples, however they were written, late ones too', async (t) => {
  const value = fc.oneof(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.boolean(),
    fc.constantFrom<HistoryValue>('text', 12n),
    fc.constant(undefined),
  );
  const quality = fc.constantFrom('good', 'stale');
  const one = fc.record({ at: fc.integer({ min: 0, max: 3 * HOUR }), value, quality, settles: fc.boolean() });
  const every = fc.constantFrom(1_000, 7_000, 30_000, MINUTE, 5 * MINUTE, HOUR, 2 * HOUR);
  const folder = tempFolder(t);
  let files = 0;
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 60 }), every, (drawn, every) => {
      const history = new TestHistory(join(folder, `${++files}`));
      try {
        for (const { at, value, quality, settles } of drawn) {
          history.put(sample(START + at, value, { quality: value === undefined ? 'bad' : (quality as 'good') }));
          if (settles) history.settler.settle();
        }
        const kept = history.samplesOf();
        t.equal(kept.length, drawn.length);
        t.equal(history.list()[0]!.samples, drawn.length);
        const expected = new Map<number, { numbers: number[]; others: number }>();
        for (const { at, value, quality } of kept) {
          const begin = Math.floor(at / every) * every;
          let period = expected.get(begin);
          if (period === undefined) {
            period = { numbers: [], others: 0 };
            expected.set(begin, period);
          }
          if (FIGURE[quality] === 0 && typeof value !== 'string' && value !== null) period.numbers.push(Number(value));
          else period.others++;
        }
        const found = history.periodsOf({ every });
        t.strictSame(
          found.map(({ mean: _, ...rest }) => rest),
          [...expected].map(
            ([at, { numbers, others }]): Omit<PeriodView, 'mean'> => ({
              at,
              count: numbers.length,
              min: numbers.length === 0 ? null : Math.min(...numbers),
              max: numbers.length === 0 ? null : Math.max(...numbers),
              last: numbers.at(-1) ?? null,
              others,
            }),
          ),
        );
        for (const [i, { numbers }] of [...expected.values()].entries()) {
          const { mean } = found[i]!;
          if (numbers.length === 0) t.equal(mean, null);
          else t.ok(Math.abs(mean! - numbers.reduce((a, b) => a + b, 0) / numbers.length) < 1e-6);
        }
      } finally {
        history.close();
      }
    }),
    { numRuns: 100 },
  );
});

t.test('a write that fails leaves nothing, and what comes after it is whole', async (t) => {
  const history = open(t);
  history.put(sample(START, 1));
  const broken = sample(START + 1, Symbol('no value') as unknown as number, { point: 'other' });
  t.throws(() => history.put(sample(START + 1, 2), broken));
  t.equal(history.samplesOf().length, 1);
  t.equal(history.find('boiler', 'other'), undefined);
  history.put(sample(START + 1, 2), sample(START + 1, 3, { point: 'other' }));
  t.equal(history.samplesOf().length, 2);
  t.match(history.list(), [
    { device: 'boiler', point: 'other', unit: '°C', samples: 1 },
    { device: 'boiler', point: 'temperature', samples: 2, first: START, last: START + 1 },
  ]);
});

t.test('a batch whose answer was lost is written once, also by another start', async (t) => {
  const folder = tempFolder(t);
  const first = new HistoryDatabase(join(folder, 'history.sqlite'));
  t.equal(first.write([sample(START, 1)], 'run 7'), 1);
  t.equal(first.write([sample(START, 1)], 'run 7'), 0);
  first.close();
  const second = open(t, folder);
  t.equal(second.write([sample(START, 1)], 'run 7'), 0);
  t.equal(second.write([sample(START + 1, 2)], 'run 8'), 1);
  t.equal(second.samplesOf().length, 2);
});

t.test('times of an unknown clock are corrected wherever they are, and only those', async (t) => {
  const history = open(t);
  const [from, offset] = [START + 10 * MINUTE, -4 * MINUTE];
  const guessed = (at: number, value: number) => sample(from + at, value, { isUnsynced: true });
  history.put(guessed(0, 1), guessed(1_000, 2));
  history.settler.settle();
  // By now the clock is right, and comes to the times that were guessed.
  history.put(sample(from + 500, 50), guessed(60_000, 3));
  t.match(history.samplesOf()[0], { timeQuality: 'unsynced' });
  t.ok(history.settler.correct([{ from, to: from + 60_000, offset }]));
  for (const isSettled of SETTLED) {
    if (isSettled) history.settler.settle();
    t.strictSame(
      history.samplesOf().map(({ at, value, timeQuality }) => [at - from, value, timeQuality]),
      [
        [offset, 1, undefined],
        [offset + 1_000, 2, undefined],
        [offset + 60_000, 3, undefined],
        [500, 50, undefined],
      ],
    );
    t.match(history.periodsOf({ every: MINUTE }), [
      { at: from + offset, count: 2 },
      { at: from + offset + MINUTE, count: 1 },
      { at: from, count: 1, last: 50 },
    ]);
    t.match(history.periodsOf({ every: HOUR }), [{ count: 4 }]);
    t.equal(history.list()[0]!.samples, 4);
  }
  history.put(guessed(2_000, 9));
  history.settler.correct([{ from, to: from + 60_000, offset }]);
  t.match(history.samplesOf().at(-1), { value: 9, timeQuality: 'unsynced' }, 'done once');
});

t.test('many times of an unknown clock are corrected a little at a time', async (t) => {
  const history = open(t);
  const count = 45_000;
  history.put(...Array.from({ length: count }, (_, i) => sample(START + i, i, { isUnsynced: true })));
  history.settler.settle();
  const segments = [{ from: START, to: START + count, offset: HOUR }];
  const left = () => query(history, { ...ALL, to: START + HOUR, limit: count })!.samples!.length;
  const lefts = [1, 2, 3].map(() => {
    history.settler.correct(segments);
    return left();
  });
  t.strictSame(lefts, [25_000, 5_000, 0]);
  history.settler.settle();
  t.match(history.periodsOf({ every: HOUR }), [{ at: START + HOUR, count }]);
});

t.test('it is there after another start, and only its owner may read it', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'history.sqlite');
  const first = new TestHistory(file);
  first.put(sample(START, 1));
  first.close();
  t.equal(statSync(file).mode & 0o777, 0o600);
  const second = open(t, folder);
  second.put(sample(START + 1, 2, { unit: 'K' }));
  t.match(query(second, ALL), { unit: 'K', samples: [{ value: 1 }, { value: 2 }] });
  second.settler.settleWhenDue();
  t.match(second.database.prepare('SELECT COUNT(*) AS count FROM tail').get(), { count: 0 }, 'what was left settles');
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
