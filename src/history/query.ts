/** Answers a query from the coarsest of samples, minutes and hours that it can be made of. Runs in the worker. */
import type { HistoryQuery, SampleView } from '../core/history.js';
import type { HistoryDatabase } from './database.js';
import { beginOf, HOUR, MINUTE, Period, type Sums } from './periods.js';
import type { Rows } from './protocol.js';
import { goodNumber, type StoredValue, sampleView } from './values.js';

/** Rows that are read for one answer; the rest is for the next one, so that what is recorded does not wait. */
const MOST_READ = 100_000;

/** @returns undefined: nothing of this point was ever recorded */
export function query(history: HistoryDatabase, asked: HistoryQuery): Rows | undefined {
  const series = history.find(asked.device, asked.point);
  if (series === undefined) return undefined;
  const rest = { unit: series.unit, samples: undefined, periods: undefined };
  if (asked.every === undefined) return { ...rest, ...samples(history, series.id, asked) };
  return { ...rest, ...periods(history, series.id, asked, asked.every) };
}

function samples(history: HistoryDatabase, series: number, asked: HistoryQuery): Pick<Rows, 'samples' | 'next'> {
  const rows = [...readSamples(history, series, asked.from, asked.to, asked.limit + 1)];
  const next = rows.length > asked.limit ? rows.at(-1)!.at : undefined;
  if (next !== undefined) {
    // Those of one millisecond that have not settled are told together: next time, or now where there is nothing before them.
    rows.splice(rows.findIndex(({ at }) => at === next));
    if (rows.length === 0) return { samples: views(readSamples(history, series, next, next + 1, -1)), next: next + 1 };
  }
  return { samples: views(rows), next };
}

function views(rows: Iterable<SampleRow>): readonly SampleView[] {
  return Array.from(rows, ({ at, value, flags }) => sampleView(at, value, flags));
}

interface SampleRow {
  readonly at: number;
  readonly value: StoredValue;
  readonly flags: number;
}

/** In order of time, settled or not. */
function* readSamples(
  { database }: HistoryDatabase,
  series: number,
  from: number,
  to: number,
  limit: number,
): Generator<SampleRow> {
  const part = (table: string) => `SELECT at, value, flags FROM ${table} WHERE series = ? AND at >= ? AND at < ?`;
  const statement = database.prepare(`${part('sample')} UNION ALL ${part('tail')} ORDER BY at LIMIT ?`);
  statement.setReadBigInts(true);
  for (const row of statement.iterate(series, from, to, series, from, to, limit)) {
    const { at, value, flags } = row as unknown as { at: bigint; value: StoredValue; flags: bigint };
    yield { at: Number(at), value, flags: Number(flags) };
  }
}

/** Whole periods: half of one would have figures that nobody can compare. */
function periods(
  history: HistoryDatabase,
  series: number,
  asked: HistoryQuery,
  every: number,
): Pick<Rows, 'periods' | 'next'> {
  const found: Period[] = [];
  const from = beginOf(asked.from, every);
  const to = beginOf(asked.to + every - 1, every);
  let next: number | undefined;
  let read = 0;
  for (const part of parts(history, series, from, to, every)) {
    const begin = beginOf(part.at, every);
    let period = found.at(-1);
    if (period?.at !== begin) {
      if (found.length === asked.limit || read >= MOST_READ) {
        next = begin;
        break;
      }
      period = new Period(begin);
      found.push(period);
    }
    read++;
    if ('count' in part) period.addSums(part);
    else period.add(goodNumber(part.value, part.flags));
  }
  return { periods: found.map((one) => one.view()), next };
}

/** What the periods are made of, in order: sums, and samples of the minutes of which not all have settled. */
function* parts(
  history: HistoryDatabase,
  series: number,
  from: number,
  to: number,
  every: number,
): Generator<(Sums & { readonly at: number }) | SampleRow> {
  if (every % MINUTE !== 0) {
    yield* readSamples(history, series, from, to, -1);
    return;
  }
  let at = from;
  for (const minute of unsettled(history, series, from, to)) {
    yield* readAllSums(history, series, at, minute, every % HOUR === 0);
    yield* readSamples(history, series, minute, minute + MINUTE, -1);
    at = minute + MINUTE;
  }
  yield* readAllSums(history, series, at, to, every % HOUR === 0);
}

/** Minutes of samples in the tail, in order; without those that will not be kept. */
function unsettled(history: HistoryDatabase, series: number, from: number, to: number): readonly number[] {
  const minutes = history.database.prepare(`
    SELECT DISTINCT at / ${MINUTE} * ${MINUTE} AS minute FROM tail
    WHERE series = ? AND at >= ? AND at < ? ORDER BY minute`);
  const all = minutes.all(series, from, to).map((row) => row.minute as number);
  const closed = new Map<number, boolean>();
  return all.filter((minute) => {
    const hour = beginOf(minute, HOUR);
    const isClosed = closed.get(hour) ?? history.isClosed(series, hour);
    closed.set(hour, isClosed);
    return !isClosed;
  });
}

/** @param byHour - whole hours by their own sums, which are kept longer */
function* readAllSums(
  history: HistoryDatabase,
  series: number,
  from: number,
  to: number,
  byHour: boolean,
): Generator<Sums & { readonly at: number }> {
  const first = Math.min(to, byHour ? beginOf(from + HOUR - 1, HOUR) : to);
  const last = Math.max(first, beginOf(to, HOUR));
  yield* readSums(history, 'minute', series, from, first);
  yield* readSums(history, 'hour', series, first, last);
  yield* readSums(history, 'minute', series, last, to);
}

function* readSums(
  { database }: HistoryDatabase,
  table: 'minute' | 'hour',
  series: number,
  from: number,
  to: number,
): Generator<Sums & { readonly at: number }> {
  if (from >= to) return;
  const columns = 'at, count, min, max, sum, last, others';
  const statement = database.prepare(
    `SELECT ${columns} FROM ${table} WHERE series = ? AND at >= ? AND at < ? ORDER BY at`,
  );
  for (const row of statement.iterate(series, from, to)) yield row as unknown as Sums & { at: number };
}
