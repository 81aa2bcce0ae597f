/**
 * The file of the history, a database of SQLite: samples, and what sums up their minutes and hours. Runs in the worker.
 *
 * A sample and the sums that it is part of are one transaction, so they agree after any end.
 */
import { closeSync, openSync, statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { HistorySample, SeriesView } from '../core/history.js';
import { type Period, sumUp } from './periods.js';
import { flagsOf, isGoodNumber, stored } from './values.js';

const SCHEMA_VERSION = 1;
const SUMS = 'series INTEGER, at INTEGER, count INTEGER, min, max, sum, last, others INTEGER, PRIMARY KEY (series, at)';
const SCHEMA = `
CREATE TABLE series (id INTEGER PRIMARY KEY, device TEXT NOT NULL, point TEXT NOT NULL, unit TEXT, UNIQUE (device, point));
CREATE TABLE sample (series INTEGER, at INTEGER, value, flags INTEGER, PRIMARY KEY (series, at)) WITHOUT ROWID;
CREATE TABLE minute (${SUMS}) WITHOUT ROWID;
CREATE TABLE hour (${SUMS}) WITHOUT ROWID;
CREATE TABLE fact (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
`;

export const MINUTE = 60_000;
export const HOUR = 3_600_000;
/** A gateway that has just been killed may still hold the file for a moment, ms. */
const BUSY_TIMEOUT = 2_000;
/** The log is cut to this when it was larger, bytes. */
const JOURNAL_LIMIT = 16 * 1024 * 1024;

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
    database.exec('PRAGMA journal_mode = WAL');
    // The last seconds may be lost by a power cut, never the file.
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
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #series = new Map<string, Series>();
  readonly #addSeries: StatementSync;
  readonly #setUnit: StatementSync;
  readonly #add: StatementSync;
  readonly #addMinute: StatementSync;
  readonly #addHour: StatementSync;

  /** @throws what {@link openDatabase} does */
  constructor(file: string) {
    this.#file = file;
    const database = openDatabase(file);
    this.#database = database;
    try {
      for (const row of database.prepare('SELECT id, device, point, unit FROM series').all()) {
        const { id, device, point, unit } = row as { id: number; device: string; point: string; unit: string | null };
        this.#series.set(keyOf(device, point), { id, unit: unit ?? undefined });
      }
      this.#addSeries = database.prepare('INSERT INTO series (device, point, unit) VALUES (?, ?, ?)');
      this.#setUnit = database.prepare('UPDATE series SET unit = ? WHERE id = ?');
      this.#add = database.prepare('INSERT OR IGNORE INTO sample (series, at, value, flags) VALUES (?, ?, ?, ?)');
      this.#addMinute = database.prepare(adding('minute'));
      this.#addHour = database.prepare(adding('hour'));
    } catch (error) {
      database.close();
      throw error;
    }
  }

  get database(): DatabaseSync {
    return this.#database;
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

  /** All of them or none. @throws Error of SQLite */
  write(samples: readonly HistorySample[]): void {
    const made: string[] = [];
    this.transact(
      () => {
        const minutes = new Map<string, Period>();
        const hours = new Map<string, Period>();
        for (const sample of samples) {
          const { id } = this.#seriesFor(sample, made);
          const value = stored(sample.value);
          const flags = flagsOf(sample);
          let { at } = sample;
          // Two in one millisecond are two.
          while (this.#add.run(id, at, value, flags).changes === 0) at++;
          const number = isGoodNumber(sample) ? Number(sample.value) : undefined;
          sumUp(minutes, id, at, MINUTE, number);
          sumUp(hours, id, at, HOUR, number);
        }
        for (const period of minutes.values()) this.#addMinute.run(...period.row());
        for (const period of hours.values()) this.#addHour.run(...period.row());
      },
      () => {
        for (const key of made) this.#series.delete(key);
      },
    );
  }

  /** @param undo - of what was changed in memory */
  transact(work: () => void, undo = () => {}): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      undo();
      // The system may have ended it already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  list(): readonly SeriesView[] {
    const rows = this.#database.prepare(`
      SELECT device, point, unit,
        (SELECT COALESCE(SUM(count + others), 0) FROM minute WHERE series = id) AS samples,
        (SELECT MIN(at) FROM sample WHERE series = id) AS first,
        (SELECT MAX(at) FROM sample WHERE series = id) AS last
      FROM series ORDER BY device, point`);
    return rows.all().map((row) => {
      const { unit, ...rest } = row as unknown as Omit<SeriesView, 'unit'> & { readonly unit: string | null };
      return { ...rest, ...(unit === null ? {} : { unit }) };
    });
  }

  /** What is used of the file, bytes. */
  usedBytes(): number {
    const one = (name: string) => Object.values(this.#database.prepare(`PRAGMA ${name}`).get()!)[0] as number;
    return (one('page_count') - one('freelist_count')) * one('page_size');
  }

  /** Of the file and its log, bytes. */
  fileBytes(): number {
    return [this.#file, `${this.#file}-wal`].reduce(
      (sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  }

  fact(name: string): number | undefined {
    const row = this.#database.prepare('SELECT value FROM fact WHERE name = ?').get(name);
    return row === undefined ? undefined : (row.value as number);
  }

  setFact(name: string, value: number): void {
    this.#database.prepare('INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)').run(name, value);
  }

  close(): void {
    this.#database.close();
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

/** Names of devices and points have no slash. */
function keyOf(device: string, point: string): string {
  return `${device}/${point}`;
}

/** MIN and MAX of two are NULL when one is. */
function adding(table: string): string {
  const both = (name: string) => `COALESCE(${name}(${name}, excluded.${name}), ${name}, excluded.${name})`;
  return `
    INSERT INTO ${table} (series, at, count, min, max, sum, last, others) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (series, at) DO UPDATE SET count = count + excluded.count, min = ${both('min')}, max = ${both('max')},
      sum = sum + excluded.sum, last = COALESCE(excluded.last, last), others = others + excluded.others`;
}
