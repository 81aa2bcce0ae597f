/**
 * The file of the history, a database of SQLite. Runs in the worker.
 *
 * A sample is written behind the others of its time, to `tail`: a page for all points, not one for each. Some minutes later
 * they settle: each goes to its series in `sample`, and what sums up its minute and hour is made anew from there.
 */
import { closeSync, openSync, statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { HistorySample, SeriesView } from '../core/history.js';
import { HOUR } from './periods.js';
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
  readonly unit: string | undefined;
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
  #series: Map<string, Series>;
  readonly #addSeries: StatementSync;
  readonly #setUnit: StatementSync;
  readonly #add: StatementSync;
  readonly #fact: StatementSync;
  readonly #setFact: StatementSync;
  readonly #closed: StatementSync;
  #syncedAt = Number.NEGATIVE_INFINITY;
  /** Something was committed since. */
  #isDirty = false;

  /** @throws what {@link openDatabase} does */
  constructor(file: string) {
    this.#file = file;
    const database = openDatabase(file);
    this.database = database;
    try {
      this.#series = this.#readSeries();
      this.#addSeries = database.prepare('INSERT INTO series (device, point, unit) VALUES (?, ?, ?)');
      this.#setUnit = database.prepare('UPDATE series SET unit = ? WHERE id = ?');
      this.#add = database.prepare('INSERT INTO tail (series, at, value, flags) VALUES (?, ?, ?, ?)');
      this.#closed = database.prepare(`
        SELECT 1 FROM hour WHERE series = ? AND at = ?
          AND NOT EXISTS (SELECT 1 FROM minute WHERE series = ? AND at >= ? AND at < ?)`);
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
    const undo: (() => void)[] = [];
    this.#syncing(() =>
      this.transact(
        () => {
          for (const sample of samples) {
            this.#add.run(this.#seriesFor(sample, undo), sample.at, stored(sample.value), flagsOf(sample));
          }
          this.#setFact.run('batch', batch);
        },
        () => {
          for (const one of undo) one();
        },
      ),
    );
    return samples.length;
  }

  /** What was written is on the disk. @throws Error of SQLite */
  sync(): void {
    if (!this.#isDirty) return;
    this.#syncedAt = Number.NEGATIVE_INFINITY;
    // A commit of nothing syncs nothing.
    this.#syncing(() => this.setFact('synced', (this.fact('synced') ?? 0) + 1));
  }

  /** All of it or nothing. @param undo - of what was changed in memory, when nothing was changed in the file */
  transact(work: () => void, undo = () => {}): void {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.database.exec('COMMIT');
    } catch (error) {
      try {
        // The system may have ended it already.
        if (this.database.isTransaction) this.database.exec('ROLLBACK');
      } finally {
        undo();
      }
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
    if (changes > 0) this.#series = this.#readSeries();
  }

  /** The samples of this hour are gone, and only its sums are kept. @param hour - its begin, Unix ms */
  isClosed(series: number, hour: number): boolean {
    return this.#closed.get(series, hour, series, hour, hour + HOUR) !== undefined;
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

  #readSeries(): Map<string, Series> {
    const all = new Map<string, Series>();
    for (const row of this.database.prepare('SELECT id, device, point, unit FROM series').all()) {
      const { id, device, point, unit } = row as { id: number; device: string; point: string; unit: string | null };
      all.set(keyOf(device, point), { id, unit: unit ?? undefined });
    }
    return all;
  }

  /** A commit is with the system; from time to time it is on the disk, with all before. */
  #syncing(work: () => void): void {
    if (performance.now() - this.#syncedAt < SYNC_INTERVAL) {
      work();
      this.#isDirty = true;
      return;
    }
    this.database.exec('PRAGMA synchronous = FULL');
    try {
      work();
      this.#syncedAt = performance.now();
      this.#isDirty = false;
    } finally {
      this.database.exec('PRAGMA synchronous = NORMAL');
    }
  }

  /** @returns its id */
  #seriesFor({ device, point, unit }: HistorySample, undo: (() => void)[]): number {
    const all = this.#series;
    const key = keyOf(device, point);
    const known = all.get(key);
    if (known !== undefined && known.unit === unit) return known.id;
    undo.push(known === undefined ? () => all.delete(key) : () => all.set(key, known));
    if (known !== undefined) this.#setUnit.run(unit ?? null, known.id);
    const id = known?.id ?? Number(this.#addSeries.run(device, point, unit ?? null).lastInsertRowid);
    all.set(key, { id, unit });
    return id;
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
