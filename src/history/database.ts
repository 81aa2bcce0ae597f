/**
 * The file of the history, a database of SQLite. Runs in the worker.
 *
 * A sample is written behind the others of its time, to `tail`: a page for all points, not one for each. Some minutes later
 * they settle: each goes to its series in `sample`, and what sums up its minute and hour is made anew from there.
 */
import { closeSync, openSync, statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { HistorySample, SeriesView } from '../core/history.js';
import { flagsOf, stored } from './values.js';

const SCHEMA_VERSION = 1;
const SUMS =
  'series INTEGER, at INTEGER, count INTEGER, min REAL, max REAL, sum REAL, last REAL, others INTEGER, PRIMARY KEY (series, at)';
const SCHEMA = `
CREATE TABLE series (
  id INTEGER PRIMARY KEY, device TEXT NOT NULL, point TEXT NOT NULL, unit TEXT, samples INTEGER NOT NULL DEFAULT 0,
  UNIQUE (device, point)
);
CREATE TABLE tail (series INTEGER, at INTEGER, value, flags INTEGER);
CREATE TABLE sample (series INTEGER, at INTEGER, value, flags INTEGER, PRIMARY KEY (series, at)) WITHOUT ROWID;
CREATE TABLE minute (${SUMS}) WITHOUT ROWID;
CREATE TABLE hour (${SUMS}) WITHOUT ROWID;
CREATE TABLE fact (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
`;

/** A gateway that has just been killed may still hold the file for a moment, ms. */
const BUSY_TIMEOUT = 2_000;
/** The log is cut to this when it was larger, bytes. */
const JOURNAL_LIMIT = 16 * 1024 * 1024;
/** A power cut loses what was written since, at most, ms. */
const SYNC_INTERVAL = 10_000;

export class NewerHistory extends Error {
  readonly code = 'HISTORY_NEWER';
}

/** A series as the worker knows it. */
interface Series {
  readonly id: number;
  unit: string | undefined;
}

/** @throws Error of SQLite, with `errcode`; NewerHistory */
export function openDatabase(file: string): DatabaseSync {
  // What a plant does is nobody else's business.
  closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT, enableForeignKeyConstraints: false });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    // Before there is anything in it.
    database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec(`PRAGMA journal_size_limit = ${JOURNAL_LIMIT}`);
    database.exec('PRAGMA cache_size = -4096');
    const { user_version: found } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (found > SCHEMA_VERSION) {
      throw new NewerHistory(`${file} has the schema ${found}, this version knows ${SCHEMA_VERSION}`);
    }
    if (found === 0) {
      database.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

export class HistoryDatabase {
  readonly database: DatabaseSync;
  readonly #file: string;
  readonly #series = new Map<string, Series>();
  readonly #addSeries: StatementSync;
  readonly #setUnit: StatementSync;
  readonly #add: StatementSync;
  readonly #fact: StatementSync;
  readonly #setFact: StatementSync;
  #syncedAt = Number.NEGATIVE_INFINITY;

  /** @throws what {@link openDatabase} does */
  constructor(file: string) {
    this.#file = file;
    const database = openDatabase(file);
    this.database = database;
    try {
      this.#readSeries();
      this.#addSeries = database.prepare('INSERT INTO series (device, point, unit) VALUES (?, ?, ?)');
      this.#setUnit = database.prepare('UPDATE series SET unit = ? WHERE id = ?');
      this.#add = database.prepare('INSERT INTO tail (series, at, value, flags) VALUES (?, ?, ?, ?)');
      this.#fact = database.prepare('SELECT value FROM fact WHERE name = ?');
      this.#setFact = database.prepare('INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)');
    } catch (error) {
      database.close();
      throw error;
    }
  }

  get seriesCount(): number {
    return this.#series.size;
  }

  seriesIds(): readonly number[] {
    return [...this.#series.values()].map(({ id }) => id);
  }

  find(device: string, point: string): Readonly<Series> | undefined {
    return this.#series.get(keyOf(device, point));
  }

  /**
   * All of them or none; a batch that was written already is not written again. @throws Error of SQLite
   *
   * @param batch - its name, unlike that of any other
   * @returns how many were written
   */
  write(samples: readonly HistorySample[], batch: string): number {
    if (samples.length === 0 || this.#fact.get('batch')?.value === batch) return 0;
    const made: string[] = [];
    this.#syncing(() =>
      this.transact(
        () => {
          for (const sample of samples) {
            this.#add.run(this.#seriesFor(sample, made).id, sample.at, stored(sample.value), flagsOf(sample));
          }
          this.#setFact.run('batch', batch);
        },
        () => {
          for (const key of made) this.#series.delete(key);
        },
      ),
    );
    return samples.length;
  }

  /** All of it or nothing. @param undo - of what was changed in memory, when nothing was changed in the file */
  transact(work: () => void, undo = () => {}): void {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.database.exec('COMMIT');
    } catch (error) {
      // The system may have ended it already.
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      undo();
      throw error;
    }
  }

  list(): readonly SeriesView[] {
    const rows = this.database.prepare(`
      SELECT device, point, unit, samples + COALESCE(count, 0) AS samples,
        (SELECT MIN(at) FROM sample WHERE series = id) AS first, tailFirst,
        (SELECT MAX(at) FROM sample WHERE series = id) AS last, tailLast
      FROM series LEFT JOIN
        (SELECT series, COUNT(*) AS count, MIN(at) AS tailFirst, MAX(at) AS tailLast FROM tail GROUP BY series) ON series = id
      ORDER BY device, point`);
    return rows.all().map((row) => {
      const { unit, first, tailFirst, last, tailLast, ...rest } = row as unknown as ListRow;
      const [oldest, newest] = [Math.min(...known(first, tailFirst)), Math.max(...known(last, tailLast))];
      return {
        ...rest,
        ...(unit === null ? {} : { unit }),
        first: Number.isFinite(oldest) ? oldest : null,
        last: Number.isFinite(newest) ? newest : null,
      };
    });
  }

  /** Series of which nothing is left. @throws Error of SQLite */
  forgetEmpty(): void {
    const { changes } = this.database
      .prepare(`
        DELETE FROM series WHERE samples = 0
          AND NOT EXISTS (SELECT 1 FROM tail WHERE series = id) AND NOT EXISTS (SELECT 1 FROM hour WHERE series = id)`)
      .run();
    if (changes === 0) return;
    this.#series.clear();
    this.#readSeries();
  }

  /** What is used of the file, and what is free within it, bytes. */
  pages(): { readonly used: number; readonly free: number } {
    const one = (name: string) => Object.values(this.database.prepare(`PRAGMA ${name}`).get()!)[0] as number;
    const [size, free] = [one('page_size'), one('freelist_count')];
    return { used: (one('page_count') - free) * size, free: free * size };
  }

  /** Of the file and its log, bytes. */
  fileBytes(): number {
    return [this.#file, `${this.#file}-wal`].reduce(
      (sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  }

  fact(name: string): number | undefined {
    return this.#fact.get(name)?.value as number | undefined;
  }

  setFact(name: string, value: number): void {
    this.#setFact.run(name, value);
  }

  close(): void {
    this.database.close();
  }

  #readSeries(): void {
    for (const row of this.database.prepare('SELECT id, device, point, unit FROM series').all()) {
      const { id, device, point, unit } = row as { id: number; device: string; point: string; unit: string | null };
      this.#series.set(keyOf(device, point), { id, unit: unit ?? undefined });
    }
  }

  /** A commit is with the system; from time to time it is on the disk, with all before. */
  #syncing(work: () => void): void {
    if (performance.now() - this.#syncedAt < SYNC_INTERVAL) {
      work();
      return;
    }
    this.database.exec('PRAGMA synchronous = FULL');
    try {
      work();
      this.#syncedAt = performance.now();
    } finally {
      this.database.exec('PRAGMA synchronous = NORMAL');
    }
  }

  #seriesFor({ device, point, unit }: HistorySample, made: string[]): Series {
    const key = keyOf(device, point);
    let series = this.#series.get(key);
    if (series === undefined) {
      const { lastInsertRowid } = this.#addSeries.run(device, point, unit ?? null);
      series = { id: Number(lastInsertRowid), unit };
      this.#series.set(key, series);
      made.push(key);
    } else if (series.unit !== unit) {
      this.#setUnit.run(unit ?? null, series.id);
      series.unit = unit;
    }
    return series;
  }
}

interface ListRow extends Omit<SeriesView, 'unit'> {
  readonly unit: string | null;
  readonly tailFirst: number | null;
  readonly tailLast: number | null;
}

function known(...times: readonly (number | null)[]): readonly number[] {
  return times.filter((time) => time !== null);
}

/** Names of devices and points have no slash. */
function keyOf(device: string, point: string): string {
  return `${device}/${point}`;
}
