/** What is kept, and for how long. A little at a time: what is recorded meanwhile must not wait. Runs in the worker. */
import { type HistoryDatabase, HOUR } from './database.js';
import { beginOf } from './periods.js';
import type { WorkerOptions } from './protocol.js';

/** How often it is looked whether something is too old, ms. */
const INTERVAL = 60_000;
/** Rows of one series that go at a time. */
const STEP = 2_000;
/** Of maxBytes, left when room was made. */
const ENOUGH = 0.98;
const MAX_HOURS_AT_A_TIME = 24;

export class Retention {
  readonly #history: HistoryDatabase;
  readonly #options: Pick<WorkerOptions, 'keep' | 'keepHours' | 'maxBytes'>;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** The last look left something. */
  #isUnfinished = false;
  #shortened: number | undefined;

  constructor(history: HistoryDatabase, options: Pick<WorkerOptions, 'keep' | 'keepHours' | 'maxBytes'>) {
    this.#history = history;
    this.#options = options;
    this.#shortened = history.fact('shortened');
  }

  /** What is older went before its time, Unix ms; undefined: nothing did, or it would have gone by now. */
  shortened(now: number): number | undefined {
    return this.#shortened !== undefined && this.#shortened > now - this.#options.keep ? this.#shortened : undefined;
  }

  /** @param now - Unix ms. @throws Error of SQLite */
  apply(now: number): void {
    const history = this.#history;
    if (this.#isUnfinished || Math.abs(now - this.#lookedAt) >= INTERVAL) {
      this.#lookedAt = now;
      const { keep, keepHours } = this.#options;
      history.transact(() => {
        this.#isUnfinished = false;
        this.#remove('sample', now - keep);
        this.#remove('minute', beginOf(now - keep, 60_000));
        this.#remove('hour', beginOf(now - keepHours, HOUR));
      });
    }
    this.#makeRoom();
  }

  #remove(table: 'sample' | 'minute' | 'hour', before: number): void {
    const { database } = this.#history;
    const ends = database.prepare(`SELECT at FROM ${table} WHERE series = ? ORDER BY at LIMIT 1 OFFSET ${STEP}`);
    const remove = database.prepare(`DELETE FROM ${table} WHERE series = ? AND at < ?`);
    for (const series of this.#history.seriesIds()) {
      const end = ends.get(series)?.at as number | undefined;
      const isMore = end !== undefined && end < before;
      remove.run(series, isMore ? end : before);
      if (isMore) this.#isUnfinished = true;
    }
  }

  /** Hour after hour, the oldest first; sums of hours when nothing else is left. */
  #makeRoom(): void {
    const history = this.#history;
    const { maxBytes } = this.#options;
    if (history.usedBytes() <= maxBytes) return;
    history.transact(() => {
      for (let hours = 0; hours < MAX_HOURS_AT_A_TIME && history.usedBytes() > maxBytes * ENOUGH; hours++) {
        const table = this.#oldest('sample') === undefined ? 'hour' : 'sample';
        const oldest = this.#oldest(table);
        if (oldest === undefined) return;
        const end = beginOf(oldest, HOUR) + HOUR;
        for (const series of history.seriesIds()) {
          for (const one of table === 'sample' ? ['sample', 'minute'] : ['hour']) {
            history.database.prepare(`DELETE FROM ${one} WHERE series = ? AND at < ?`).run(series, end);
          }
        }
        if (table === 'sample') {
          this.#shortened = end;
          history.setFact('shortened', end);
        }
      }
    });
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
