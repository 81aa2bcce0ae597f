/**
 * What is kept, and for how long. Samples and minutes go by whole hours, so that the sums of an hour are made of all its
 * minutes or stay as they are. A little at a time: what is recorded meanwhile must not wait. Runs in the worker.
 */
import type { HistoryDatabase } from './database.js';
import { beginOf, HOUR } from './periods.js';
import type { WorkerOptions } from './protocol.js';

/** How often it is looked whether something is too old, ms. */
const INTERVAL = 60_000;
/** Rows of one series that go at a time, at least an hour of them. */
const STEP = 2_000;
/** Of maxBytes, left when room was made. */
const ENOUGH = 0.98;
const MAX_HOURS_AT_A_TIME = 24;
const DAY = 24 * HOUR;
/** A clock that leaps so far forward is not believed at once: a wrong one would take all that is kept. */
const LEAP = 7 * DAY;
const HOLD = DAY;
/** Free pages go back to the disk when they are so many, bytes and share of the used ones; some at a time. */
const MUCH_FREE = 16 * 1024 * 1024;
const FREE_SHARE = 0.25;
const PAGES_AT_A_TIME = 500;

type Limits = Pick<WorkerOptions, 'keep' | 'keepHours' | 'maxBytes'>;
type Table = 'sample' | 'minute' | 'hour';

export class Retention {
  readonly #history: HistoryDatabase;
  readonly #options: Limits;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** The last look left something. */
  #isUnfinished = false;
  #shortened: number | undefined;
  #held: number | undefined;

  constructor(history: HistoryDatabase, options: Limits) {
    this.#history = history;
    this.#options = options;
    this.#shortened = history.fact('shortened');
  }

  /** What is older went before its time, Unix ms; undefined: nothing did, or it would have gone by now. */
  shortened(now: number): number | undefined {
    const at = this.#shortened;
    return at !== undefined && at > now - this.#options.keep && at <= now ? at : undefined;
  }

  /** The clock leapt: until then nothing goes for its age, Unix ms. */
  get heldUntil(): number | undefined {
    return this.#held === undefined ? undefined : this.#held + HOLD;
  }

  /** What is too old goes. @param now - the time of the world, Unix ms. @throws Error of SQLite */
  removeOld(now: number): void {
    if (!this.#isUnfinished && Math.abs(now - this.#lookedAt) < INTERVAL) return;
    const history = this.#history;
    const [floor, hourFloor] = this.#floorsAt(now);
    let held: number | undefined;
    let isUnfinished = false;
    history.transact(() => {
      held = this.#holding(now);
      if (held !== undefined) return;
      for (const series of history.seriesIds()) {
        const isMore = this.#removeSome('sample', series, floor);
        isUnfinished = this.#removeSome('hour', series, hourFloor) || isMore || isUnfinished;
      }
    });
    this.#held = held;
    this.#lookedAt = now;
    this.#isUnfinished = isUnfinished;
    if (held === undefined && !isUnfinished) history.forgetEmpty();
    this.#giveBack();
  }

  /**
   * Beyond maxBytes the oldest hour goes, and the next: samples as long as there are more than those of a day, then sums of
   * hours, then what is left. @throws Error of SQLite
   */
  makeRoom(): void {
    const history = this.#history;
    const { maxBytes } = this.#options;
    if (history.pages().used <= maxBytes) return;
    let shortened = this.#shortened;
    history.transact(() => {
      for (let hours = 0; hours < MAX_HOURS_AT_A_TIME && history.pages().used > maxBytes * ENOUGH; hours++) {
        const [oldest, newest] = [this.#end('MIN', 'sample'), this.#end('MAX', 'sample')];
        const oldestHour = this.#end('MIN', 'hour');
        const isLongAgo = oldestHour !== undefined && (newest === undefined || oldestHour < newest - DAY);
        if (oldest !== undefined && newest !== undefined && (oldest < newest - DAY || !isLongAgo)) {
          const begin = beginOf(oldest, HOUR);
          const end = begin + HOUR;
          for (const series of history.seriesIds()) this.#remove('sample', series, end);
          // Of the hour that is going on the sums begin anew, too.
          if (end > newest) history.database.prepare('DELETE FROM hour WHERE at = ?').run(begin);
          shortened = Math.min(end, newest);
        } else if (oldestHour !== undefined) {
          for (const series of history.seriesIds()) this.#remove('hour', series, oldestHour + HOUR);
        } else return;
      }
      if (shortened !== undefined) history.setFact('shortened', shortened);
    });
    this.#shortened = shortened;
  }

  /** What is older than these goes for its age: samples, and sums of hours, which outlive the samples they are made of. */
  #floorsAt(now: number): readonly [samples: number, hours: number] {
    const { keep, keepHours } = this.#options;
    return [beginOf(now - keep, HOUR), beginOf(now - Math.max(keep, keepHours), HOUR)];
  }

  /**
   * Time that went by with the gateway off is no leap where it is less than a week; more is believed a day later.
   *
   * @returns since when nothing goes, Unix ms; undefined: the clock is believed
   */
  #holding(now: number): number | undefined {
    const history = this.#history;
    const seen = history.fact('seen') ?? now;
    const before = history.fact('held');
    if (now - seen > LEAP && this.#wouldGo(now)) {
      // One of a clock that was wrong another way begins anew.
      const since = before !== undefined && now >= before && now - before < LEAP ? before : now;
      if (since !== before) history.setFact('held', since);
      if (now - since < HOLD) return since;
    }
    if (before !== undefined) history.database.exec("DELETE FROM fact WHERE name = 'held'");
    if (history.fact('seen') === undefined || Math.abs(now - seen) >= HOUR) history.setFact('seen', now);
    return undefined;
  }

  #wouldGo(now: number): boolean {
    const [floor, hourFloor] = this.#floorsAt(now);
    const sample = this.#end('MIN', 'sample');
    const hour = this.#end('MIN', 'hour');
    return (sample !== undefined && sample < floor) || (hour !== undefined && hour < hourFloor);
  }

  /** @returns whether there is more */
  #removeSome(table: 'sample' | 'hour', series: number, before: number): boolean {
    const { database } = this.#history;
    const at = database.prepare(`SELECT at FROM ${table} WHERE series = ? ORDER BY at LIMIT 1 OFFSET ?`);
    const first = at.get(series, 0)?.at as number | undefined;
    if (first === undefined || first >= before) return false;
    const last = (at.get(series, STEP)?.at as number | undefined) ?? before;
    const end = Math.min(before, Math.max(beginOf(last, HOUR), beginOf(first, HOUR) + HOUR));
    this.#remove(table, series, end);
    return end < before;
  }

  /** With a sample goes its minute. */
  #remove(table: 'sample' | 'hour', series: number, before: number): void {
    const { database } = this.#history;
    const remove = (from: Table) =>
      database.prepare(`DELETE FROM ${from} WHERE series = ? AND at < ?`).run(series, before).changes;
    const changes = remove(table);
    if (table === 'hour') return;
    remove('minute');
    if (changes > 0) database.prepare('UPDATE series SET samples = samples - ? WHERE id = ?').run(changes, series);
  }

  #giveBack(): void {
    const { used, free } = this.#history.pages();
    if (free < MUCH_FREE || free < used * FREE_SHARE) return;
    this.#history.database.exec(`PRAGMA incremental_vacuum(${PAGES_AT_A_TIME})`);
    this.#isUnfinished = true;
  }

  /** The oldest or the newest, Unix ms. */
  #end(which: 'MIN' | 'MAX', table: 'sample' | 'hour'): number | undefined {
    const end = this.#history.database.prepare(
      `SELECT ${which}(at) AS at FROM (SELECT (SELECT ${which}(at) FROM ${table} WHERE series = id) AS at FROM series)`,
    );
    return (end.get() as { readonly at: number | null }).at ?? undefined;
  }
}
