/** Answers a query from the coarsest of samples, minutes and hours that it can be made of. Runs in the worker. */
import type { StatementSync } from 'node:sqlite';
import type { HistoryQuery } from '../core/history.js';
import { type HistoryDatabase, HOUR, MINUTE } from './database.js';
import { beginOf, Period, type Sums } from './periods.js';
import type { Rows } from './protocol.js';
import { type SampleRow, sampleView } from './values.js';

/** @returns undefined: nothing of this point was ever recorded */
export function query(history: HistoryDatabase, asked: HistoryQuery): Rows | undefined {
  const series = history.find(asked.device, asked.point);
  if (series === undefined) return undefined;
  const rest = { unit: series.unit, samples: undefined, periods: undefined };
  if (asked.every === undefined) return { ...rest, ...samples(history, series.id, asked) };
  return { ...rest, ...periods(history, series.id, asked, asked.every) };
}

function samples(history: HistoryDatabase, series: number, asked: HistoryQuery): Pick<Rows, 'samples' | 'next'> {
  const statement = sampleRows(history);
  const rows = statement.all(series, asked.from, asked.to, asked.limit + 1) as unknown as SampleRow[];
  const more = rows.length > asked.limit ? rows.pop() : undefined;
  return { samples: rows.map(sampleView), next: more === undefined ? undefined : Number(more.at) };
}

function sampleRows({ database }: HistoryDatabase): StatementSync {
  const statement = database.prepare(
    'SELECT at, value, flags FROM sample WHERE series = ? AND at >= ? AND at < ? ORDER BY at LIMIT ?',
  );
  statement.setReadBigInts(true);
  return statement;
}

function periods(
  history: HistoryDatabase,
  series: number,
  asked: HistoryQuery,
  every: number,
): Pick<Rows, 'periods' | 'next'> {
  const found: Period[] = [];
  // Whole periods: half of one would have figures that nobody can compare.
  const from = beginOf(asked.from, every);
  for (const { at, ...sums } of parts(history, series, from, asked.to, every)) {
    const begin = beginOf(at, every);
    let period = found.at(-1);
    if (period?.at !== begin) {
      if (found.length === asked.limit) return { periods: found.map((one) => one.view()), next: begin };
      period = new Period(series, begin);
      found.push(period);
    }
    period.addSums(sums);
  }
  return { periods: found.map((one) => one.view()), next: undefined };
}

/** What the periods are made of, in order. */
function* parts(
  { database }: HistoryDatabase,
  series: number,
  from: number,
  to: number,
  every: number,
): Generator<Sums & { readonly at: number }> {
  const table = every % HOUR === 0 ? 'hour' : every % MINUTE === 0 ? 'minute' : undefined;
  const sums =
    table === undefined
      ? // Of a good number, as in values.ts; anything else is one of the others.
        `SELECT at, good AS count, value AS min, value AS max, COALESCE(value, 0) AS sum, value AS last, 1 - good AS others
         FROM (
           SELECT at, is_good AS good, CASE is_good WHEN 1 THEN CAST(value AS REAL) END AS value
           FROM (SELECT at, value, flags & 3 = 0 AND typeof(value) IN ('integer', 'real') AND abs(value) < 9e999 AS is_good
                 FROM sample WHERE series = ? AND at >= ? AND at < ? ORDER BY at))`
      : `SELECT at, count, min, max, sum, last, others FROM ${table} WHERE series = ? AND at >= ? AND at < ? ORDER BY at`;
  for (const row of database.prepare(sums).iterate(series, from, to)) yield row as unknown as Sums & { at: number };
}
