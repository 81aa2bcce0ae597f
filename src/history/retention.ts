/** What is kept, and for how long. A little at a time: what is recorded meanwhile must not wait. Runs in the worker. */
import type { HistoryDatabase } from './database.js';
import { beginOf, HOUR } from './periods.js';
import type { WorkerOptions } from './protocol.js';

/** How often it is looked whether something is too old, ms. */
const INTERVAL = 60_000;
/** Rows of one series that go at a time. */
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

export class Retention {
  readonly #history: HistoryDatabase;
  readonly #options: Limits;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** The last look left something. */
  #isUnfinished = false;
  #floor: number;
  /** The floor when empty series were forgotten last. */
  #forgotAt: number | undefined;
  #shortened: number | undefined;
  #held: number | undefined;

  constructor(history: HistoryDatabase, options: Limits) {
    this.#history = history;
    this.#options = options;
    this.#shortened = history.fact('shortened');
    this.#floor = history.fact('floor') ?? 0;
  }

  /** Samples that are older are not kept, Unix ms. */
  get floor(): number {
    return Math.max(this.#floor, this.#shortened ?? 0);
  }

  /** What is older went before its time, Unix ms; undefined: nothing did, or it would have gone by now. */
  shortened(now: number): number | undefined {
    return this.#shortened !== undefined && this.#shortened > now - this.#options.keep ? this.#shortened : undefined;
  }

  /** The clock leapt: until then nothing goes for its age, Unix ms. */
  get heldUntil(): number | undefined {
    return this.#held === undefined ? undefined : this.#held + HOLD;
  }

  /** @param now - Unix ms; undefined: the time is not known, and nothing goes for its age. @throws Error of SQLite */
  apply(now: number | undefined): void {
    if (now !== undefined && (this.#isUnfinished || Math.abs(now - this.#lookedAt) >= INTERVAL)) {
      this.#lookedAt = now;
      this.#history.transact(() => {
        if (this.#isBelieved(now)) this.#removeOld(now);
      });
      if (!this.#isUnfinished && this.#forgotAt !== this.#floor) {
        this.#history.forgetEmpty();
        this.#forgotAt = this.#floor;
      }
    }
    this.#makeRoom();
    this.#giveBack();
  }

  #removeOld(now: number): void {
    const history = this.#history;
    const { keepHours } = this.#options;
    this.#isUnfinished = false;
    const floor = this.#floorAt(now);
    if (floor > this.#floor) {
      this.#floor = floor;
      history.setFact('floor', floor);
    }
    this.#remove('sample', this.#floor);
    this.#remove('minute', this.#floor);
    this.#remove('hour', beginOf(now - keepHours, HOUR));
  }

  /** Whole hours: the sums of one are made of all its minutes. */
  #floorAt(now: number): number {
    return beginOf(now - this.#options.keep, HOUR);
  }

  /** Time that went by with the gateway off is no leap, where it is less than a week; more is believed a day later. */
  #isBelieved(now: number): boolean {
    const history = this.#history;
    const seen = history.fact('seen') ?? now;
    const held = history.fact('held');
    const oldest = now - seen > LEAP ? this.#oldest('sample') : undefined;
    if (oldest !== undefined && oldest < this.#floorAt(now)) {
      // Held by a clock that was wrong another way: begins anew.
      const since = held !== undefined && now >= held && now - held < LEAP ? held : now;
      if (since !== held) history.setFact('held', since);
      this.#held = since;
      if (now - since < HOLD) return false;
    }
    if (held !== undefined) history.database.exec("DELETE FROM fact WHERE name = 'held'");
    this.#held = undefined;
    if (Math.abs(now - seen) >= HOUR || history.fact('seen') === undefined) history.setFact('seen', now);
    return true;
  }

  #remove(table: 'sample' | 'minute' | 'hour', before: number): void {
    const { database } = this.#history;
    const ends = database.prepare(`SELECT at FROM ${table} WHERE series = ? ORDER BY at LIMIT 1 OFFSET ${STEP}`);
    for (const series of this.#history.seriesIds()) {
      const end = ends.get(series)?.at as number | undefined;
      const isMore = end !== undefined && end < before;
      this.#removeOf(table, series, isMore ? end : before);
      if (isMore) this.#isUnfinished = true;
    }
  }

  #removeOf(table: 'sample' | 'minute' | 'hour', series: number, before: number): void {
    const { database } = this.#history;
    const { changes } = database.prepare(`DELETE FROM ${table} WHERE series = ? AND at < ?`).run(series, before);
    if (table !== 'sample' || changes === 0) return;
    database.prepare('UPDATE series SET samples = samples - ? WHERE id = ?').run(changes, series);
  }

  /** Hour after hour, the oldest first; sums of hours when nothing else is left. */
  #makeRoom(): void {
    const history = this.#history;
    const { maxBytes } = this.#options;
    if (history.pages().used <= maxBytes) return;
    history.transact(() => {
      for (let hours = 0; hours < MAX_HOURS_AT_A_TIME && history.pages().used > maxBytes * ENOUGH; hours++) {
        const table = this.#oldest('sample') === undefined ? 'hour' : 'sample';
        const oldest = this.#oldest(table);
        if (oldest === undefined) return;
        const end = beginOf(oldest, HOUR) + HOUR;
        for (const series of history.seriesIds()) {
          this.#removeOf(table, series, end);
          if (table === 'sample') this.#removeOf('minute', series, end);
        }
        this.#shortened = Math.max(this.#shortened ?? 0, end);
        history.setFact('shortened', this.#shortened);
      }
    });
  }

  #giveBack(): void {
    const { used, free } = this.#history.pages();
    if (free < MUCH_FREE || free < used * FREE_SHARE) return;
    this.#history.database.exec(`PRAGMA incremental_vacuum(${PAGES_AT_A_TIME})`);
  }

  #oldest(table: 'sample' | 'hour'): number | undefined {
    const least = this.#history.database.prepare(`SELECT MIN(at) AS at FROM ${table} WHERE series = ?`);
    let oldest: number | undefined;
    for (const series of this.#history.seriesIds()) {
      const { at } = least.get(series) as { at: number | null };
      if (at !== null && (oldest === undefined || at < oldest)) oldest = at;
    }
    return oldest;
  }
}
