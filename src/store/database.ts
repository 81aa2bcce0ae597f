/** The SQLite file: its tables, how it is opened, and what was in it. Runs in the worker. */
import { DatabaseSync } from 'node:sqlite';
import { migrate, refuseNewer, SCHEMA_VERSION, schemaOf, sign, WRITTEN } from './migrations.js';
import type { Found, FoundQueue, WorkerOptions } from './protocol.js';

/** An entry has its record itself, or, when several receivers got the message, shares it. */
const SCHEMA = `
CREATE TABLE queue (id INTEGER PRIMARY KEY, receiver TEXT NOT NULL UNIQUE);
CREATE TABLE entry (
  queue INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  released INTEGER NOT NULL,
  expires REAL,
  bytes INTEGER NOT NULL,
  identifiers TEXT,
  share TEXT,
  message INTEGER,
  record BLOB,
  PRIMARY KEY (queue, sequence)
) WITHOUT ROWID;
CREATE TABLE message (id INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE reference (message INTEGER PRIMARY KEY, entries INTEGER NOT NULL);
CREATE TABLE record (folder TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (folder, key)) WITHOUT ROWID;
${WRITTEN}
`;

/** Pages are written to the file itself once the write-ahead log has so many: 4 MiB. */
const CHECKPOINT_PAGES = 1_024;
/** The log is cut to this when it was larger, bytes. */
const JOURNAL_LIMIT = 16 * 1024 * 1024;
/** A gateway that has just been killed may still hold the file for a moment, ms. */
const BUSY_TIMEOUT = 2_000;

export type DatabaseOptions = Omit<WorkerOptions, 'tables' | 'isAfterFallback'>;

/** @throws Error of SQLite, with `errcode`; MigrationError */
export function openDatabase({ file, durability, program, schema = SCHEMA_VERSION }: DatabaseOptions): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT, enableForeignKeyConstraints: false });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(`PRAGMA synchronous = ${durability === 'strict' ? 'FULL' : 'NORMAL'}`);
    database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.exec(`PRAGMA journal_size_limit = ${JOURNAL_LIMIT}`);
    database.exec('PRAGMA cache_size = -8192');
    database.exec('PRAGMA temp_store = MEMORY');
    refuseNewer(database, file, program, schema);
    const found = schemaOf(database);
    if (found === 0) createSchema(database);
    else if (found < schema) migrate(database, file, program, schema, Date.now());
    sign(database, program);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

export function createSchema(database: DatabaseSync): void {
  database.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
}

/** Reads all that the gateway keeps in memory. @throws Error of SQLite when the file is damaged */
export function readAll(database: DatabaseSync): Omit<Found, 'repair' | 'damagedLog' | 'blocked' | 'restored'> {
  const queues = database
    .prepare(`
      SELECT queue.id AS id, receiver, COUNT(sequence) AS messages, COALESCE(SUM(bytes), 0) AS bytes,
        COALESCE(MAX(sequence), 0) AS lastSequence
      FROM queue LEFT JOIN entry ON entry.queue = queue.id GROUP BY queue.id`)
    .all() as unknown as FoundQueue[];
  const tables = new Map<string, [string, Uint8Array][]>();
  for (const row of database.prepare('SELECT folder, key, value FROM record').iterate()) {
    const { folder, key, value } = row as { folder: string; key: string; value: Uint8Array };
    const entries = tables.get(folder);
    if (entries === undefined) tables.set(folder, [[key, value]]);
    else entries.push([key, value]);
  }
  const last = database.prepare('SELECT MAX(id) AS id FROM message').get() as { id: number | null };
  // Messages of one receiver have no row of their own, but their numbers need not be unique with these.
  return {
    queues,
    tables: Array.from(tables, ([name, entries]) => ({ name, entries })),
    lastMessageId: last.id ?? 0,
  };
}
