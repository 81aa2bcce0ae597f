/**
 * Brings what was written last to its series, and makes the sums of its minutes and hours anew from all that is there: they
 * are right whatever came late, twice, or with a time that was corrected. Runs in the worker.
 */
import type { StatementSync } from 'node:sqlite';
import type { TimeSegment } from '../core/clock.js';
import type { HistoryDatabase } from './database.js';
import { beginOf, HOUR, MINUTE, Period, type Sums } from './periods.js';
import { goodNumber, type StoredValue, UNSYNCED } from './values.js';

/** Samples wait for their place so long, ms, or until there are so many. */
const INTERVAL = 300_000;
const MOST = 50_000;
/** Of one millisecond; of more only the last are kept. */
const SAME_TIME = 1_000;
/** Samples whose time is corrected at once. */
const STEP = 20_000;

/** A row of `tail` or `sample`, integers as bigints. */
interface Row {
  readonly series: bigint;
  readonly at: bigint;
  readonly value: StoredValue;
  readonly flags: bigint;
}

export class Settler {
  readonly #history: HistoryDatabase;
  readonly #tail: StatementSync;
  readonly #place: StatementSync;
  readonly #replace: StatementSync;
  readonly #count: StatementSync;
  readonly #samplesOf: StatementSync;
  readonly #minutesOf: StatementSync;
  readonly #put: Readonly<Record<'minute' | 'hour', StatementSync>>;
  readonly #drop: Readonly<Record<'minute' | 'hour', StatementSync>>;
  /** Rows in the tail. */
  #waiting: number;
  #settledAt = performance.now();

  constructor(history: HistoryDatabase) {
    this.#history = history;
    const { database } = history;
    this.#tail = database.prepare('SELECT series, at, value, flags FROM tail ORDER BY series, at, rowid');
    this.#tail.setReadBigInts(true);
    const columns = 'INTO sample (series, at, value, flags) VALUES (?, ?, ?, ?)';
    this.#place = database.prepare(`INSERT OR IGNORE ${columns}`);
    this.#replace = database.prepare(`INSERT OR REPLACE ${columns}`);
    this.#count = database.prepare('UPDATE series SET samples = samples + ? WHERE id = ?');
    const between = 'WHERE series = ? AND at >= ? AND at < ?';
    this.#samplesOf = database.prepare(`SELECT value, flags FROM sample ${between} ORDER BY at`);
    this.#samplesOf.setReadBigInts(true);
    this.#minutesOf = database.prepare(`SELECT count, min, max, sum, last, others FROM minute ${between} ORDER BY at`);
    const put = (table: string) => database.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
    const drop = (table: string) => database.prepare(`DELETE FROM ${table} WHERE series = ? AND at = ?`);
    this.#put = { minute: put('minute'), hour: put('hour') };
    this.#drop = { minute: drop('minute'), hour: drop('hour') };
    this.#waiting = (database.prepare('SELECT COUNT(*) AS count FROM tail').get() as { count: number }).count;
    // What the last run left.
    if (this.#waiting > 0) this.#settledAt = Number.NEGATIVE_INFINITY;
  }

  /** So many more were written. */
  wrote(count: number): void {
    this.#waiting += count;
  }

  /** @throws Error of SQLite */
  settleWhenDue(): void {
    if (this.#waiting === 0) return;
    if (this.#waiting >= MOST || performance.now() - this.#settledAt >= INTERVAL) this.settle();
  }

  /** @throws Error of SQLite */
  settle(): void {
    const history = this.#history;
    history.transact(() => {
      const touched = new Touched();
      const added = new Map<number, number>();
      const hours = new Map<string, boolean>();
      for (const row of this.#tail.iterate() as Iterable<unknown>) {
        const { series: id, at: time, value, flags } = row as Row;
        const series = Number(id);
        let at = Number(time);
        const hour = beginOf(at, HOUR);
        const key = `${series} ${hour}`;
        const isClosed = hours.get(key) ?? history.isClosed(series, hour);
        hours.set(key, isClosed);
        if (isClosed) continue;
        // Two of one millisecond are two.
        const last = at + SAME_TIME;
        let isNew = this.#place.run(series, at, value, flags).changes > 0;
        while (!isNew && at < last) isNew = this.#place.run(series, ++at, value, flags).changes > 0;
        if (!isNew) this.#replace.run(series, at, value, flags);
        else added.set(series, (added.get(series) ?? 0) + 1);
        touched.add(series, at);
      }
      for (const [series, count] of added) this.#count.run(count, series);
      this.#sumUp(touched);
      history.database.exec('DELETE FROM tail');
    });
    this.#waiting = 0;
    this.#settledAt = performance.now();
  }

  /**
   * Gives samples with a time of an unknown clock the time that they should have had; some of them at a time.
   *
   * @param segments - what is known of such times by now, in order
   * @returns whether that were all
   * @throws Error of SQLite
   */
  correct(segments: readonly TimeSegment[]): boolean {
    const done = this.#history.fact('corrected') ?? Number.NEGATIVE_INFINITY;
    return segments.every((segment) => segment.to <= done || this.#correctOne(segment));
  }

  /** @returns whether that was all of it */
  #correctOne({ from, to, offset }: TimeSegment): boolean {
    const history = this.#history;
    const { database } = history;
    const move = Math.round(offset);
    let left = STEP;
    let moved = 0;
    history.transact(() => {
      const isMeant = `at >= ? AND at <= ? AND flags & ${UNSYNCED} <> 0`;
      const shift = `UPDATE tail SET at = at + ?, flags = flags - ${UNSYNCED} WHERE ${isMeant}`;
      database.prepare(shift).run(move, from, to);
      const find = database.prepare(`SELECT at FROM sample WHERE series = ? AND ${isMeant} ORDER BY at LIMIT ?`);
      const back = database.prepare(`
        INSERT INTO tail SELECT series, at + ?, value, flags - ${UNSYNCED} FROM sample WHERE series = ? AND ${isMeant}`);
      const remove = database.prepare(`DELETE FROM sample WHERE series = ? AND ${isMeant}`);
      const touched = new Touched();
      for (const series of history.seriesIds()) {
        const times = find.all(series, from, to, left) as unknown as { readonly at: number }[];
        const end = times.at(-1)?.at;
        if (end === undefined) continue;
        for (const { at } of times) touched.add(series, at);
        back.run(move, series, from, end);
        const { changes } = remove.run(series, from, end);
        this.#count.run(-Number(changes), series);
        moved += times.length;
        left -= times.length;
        if (left <= 0) break;
      }
      this.#sumUp(touched);
      if (left > 0) history.setFact('corrected', to);
    });
    this.#waiting += moved;
    return left > 0;
  }

  #sumUp(touched: Touched): void {
    for (const [series, minutes] of touched.minutes) {
      for (const minute of minutes) {
        const period = new Period(minute);
        for (const row of this.#samplesOf.iterate(series, minute, minute + MINUTE) as Iterable<unknown>) {
          const { value, flags } = row as Row;
          period.add(goodNumber(value, Number(flags)));
        }
        this.#keep('minute', series, period);
      }
      for (const hour of new Set([...minutes].map((minute) => beginOf(minute, HOUR)))) {
        const period = new Period(hour);
        for (const row of this.#minutesOf.iterate(series, hour, hour + HOUR)) period.addSums(row as unknown as Sums);
        this.#keep('hour', series, period);
      }
    }
  }

  #keep(table: 'minute' | 'hour', series: number, period: Period): void {
    if (period.isEmpty) this.#drop[table].run(series, period.at);
    else this.#put[table].run(series, period.at, ...period.row());
  }
}

/** Minutes of which samples came or went, by series. */
class Touched {
  readonly minutes = new Map<number, Set<number>>();

  add(series: number, at: number): void {
    let minutes = this.minutes.get(series);
    if (minutes === undefined) {
      minutes = new Set();
      this.minutes.set(series, minutes);
    }
    minutes.add(beginOf(at, MINUTE));
  }
}
