/** Answers a query from the coarsest of samples, minutes and hours that it can be made of. Runs in the worker. */
import type { HistoryQuery } from '../core/history.js';
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
    rows.pop();
    // Those of one millisecond that have not settled are told together, next time.
    const together = rows.findIndex(({ at }) => at === next);
    if (together > 0) rows.splice(together);
  }
  return { samples: rows.map(({ at, value, flags }) => sampleView(at, value, flags)), next };
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

/** What the periods are made of, in order: sums as far as they go, then samples. */
function* parts(
  history: HistoryDatabase,
  series: number,
  from: number,
  to: number,
  every: number,
): Generator<(Sums & { readonly at: number }) | SampleRow> {
  // Sums are of what has settled: from the minute of the first that has not, it is samples.
  const settled = every % MINUTE === 0 ? Math.min(to, firstUnsettled(history, series)) : from;
  const minutes = Math.max(from, beginOf(settled, MINUTE));
  const hours = every % HOUR === 0 ? Math.max(from, beginOf(minutes, HOUR)) : from;
  yield* readSums(history, 'hour', series, from, hours);
  yield* readSums(history, 'minute', series, hours, minutes);
  yield* readSamples(history, series, minutes, to, -1);
}

function firstUnsettled({ database }: HistoryDatabase, series: number): number {
  const { at } = database.prepare('SELECT MIN(at) AS at FROM tail WHERE series = ?').get(series) as {
    at: number | null;
  };
  return at ?? Number.POSITIVE_INFINITY;
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
