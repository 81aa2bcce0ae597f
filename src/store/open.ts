/** How the worker comes to its database: as it is, repaired, or, where nothing can be written, only read. */
import { closeSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { createSchema, openDatabase, readAll } from './database.js';
import { failureOf, isDamage, isUnwritable } from './failure.js';
import { checkLog } from './log-check.js';
import { MigrationError, readBackup, restoreBackup, SCHEMA_VERSION } from './migrations.js';
import type { Failure, Found, Repair, Restored, WorkerOptions } from './protocol.js';
import { repair } from './repair.js';
import { finishSwap } from './swap.js';

/** Where the disk cannot be written, this can. */
const MEMORY = '/dev/shm';
/** Of a store that is copied to be read. */
const MAX_COPY_BYTES = 64 * 1024 * 1024;

export interface Opened {
  readonly database: DatabaseSync;
  readonly found: Found;
  /** false: there may be more in the file than was found. */
  readonly isWhole: boolean;
}

/** @throws Error when another process has the file, or the file is of a newer gateway */
export function open(options: WorkerOptions): Opened {
  try {
    return openAsItIs(options);
  } catch (error) {
    const isNewer = error instanceof MigrationError && error.code === 'STORE_NEWER';
    if (!isNewer || !options.isAfterFallback) throw error;
    let restored: ReturnType<typeof restoreBackup>;
    try {
      restored = restoreBackup(options.file, options.schema ?? SCHEMA_VERSION, Date.now());
    } catch (restoreError) {
      if (!isUnwritable(restoreError)) throw restoreError;
      return openNothing(failureOf(restoreError));
    }
    if (restored === undefined) throw error;
    const opened = openAsItIs(options);
    const { setAside, backup } = restored;
    return {
      ...opened,
      found: { ...opened.found, restored: { setAside, schema: backup.schema, backupAt: backup.at } },
    };
  }
}

function openAsItIs(options: WorkerOptions): Opened {
  const { file } = options;
  let database: DatabaseSync | undefined;
  const damagedLog = checkLog(file, Date.now());
  try {
    const finished = finish(file);
    database = openWritable(options);
    const all = readAll(database);
    return {
      database,
      found: { ...all, ...told(all, file, finished), damagedLog, blocked: undefined },
      isWhole: true,
    };
  } catch (error) {
    database?.close();
    if (isUnwritable(error)) return openBlocked(file, error);
    if (!isDamage(error)) throw error;
    try {
      const mended = repair(options, error, Date.now());
      return {
        database: mended.database,
        found: {
          ...readAll(mended.database),
          repair: mended.repair,
          damagedLog,
          restored: undefined,
          blocked: undefined,
        },
        isWhole: true,
      };
    } catch (repairError) {
      if (!isUnwritable(repairError)) throw repairError;
      return openBlocked(file, repairError);
    }
  }
}

/** Once more after {@link open} found it blocked. @returns undefined: not yet */
export function reopen(options: WorkerOptions, isUnsure: boolean): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = openWritable(options);
    const { queues, tables } = readAll(database);
    // What we could not see at start must not be overwritten by what we think is there: that takes a restart.
    if (!isUnsure || (queues.length === 0 && tables.length === 0)) return database;
  } catch {
    // As before.
  }
  database?.close();
  return undefined;
}

/** @returns what was set aside by a repair or a way back that was cut off; undefined: there was none */
function finish(file: string): string | undefined {
  mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
  return finishSwap(file);
}

/** What was begun by an earlier start is told by the one that ends it. */
function told(
  { queues, tables }: Pick<Found, 'queues' | 'tables'>,
  file: string,
  setAside: string | undefined,
): { readonly repair: Repair | undefined; readonly restored: Restored | undefined } {
  if (setAside === undefined) return { repair: undefined, restored: undefined };
  const backup = setAside.startsWith(`${file}.newer-`) ? readBackup(dirname(file)) : undefined;
  if (backup !== undefined) {
    return { repair: undefined, restored: { setAside, schema: backup.schema, backupAt: backup.at } };
  }
  const keptMessages = queues.reduce((sum, { messages }) => sum + messages, 0);
  const keptRecords = tables.reduce((sum, { entries }) => sum + entries.length, 0);
  const reason = 'what an earlier start had begun was finished';
  return { repair: { setAside, reason, keptMessages, keptRecords, unreadable: undefined }, restored: undefined };
}

function openWritable(options: WorkerOptions): DatabaseSync {
  const { file } = options;
  finish(file);
  // Messages are nobody else's business.
  closeSync(openSync(file, 'a', 0o600));
  return openDatabase(options);
}

/** Read only, as far as it can be. */
function openBlocked(file: string, reason: unknown): Opened {
  const blocked = failureOf(reason);
  const rest = { repair: undefined, damagedLog: undefined, restored: undefined, blocked };
  // SQLite cannot read a log without writing beside it; a file that was closed well has none, and can be read as it is.
  const isClosed = (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0;
  const immutable = pathToFileURL(file);
  immutable.searchParams.set('immutable', '1');
  const ways: readonly [open: () => DatabaseSync, isWhole: boolean][] = [
    [() => new DatabaseSync(file, { readOnly: true }), true],
    [() => openCopy(file), true],
    [() => new DatabaseSync(immutable, { readOnly: true }), isClosed],
  ];
  for (const [openIt, isWhole] of ways) {
    try {
      const database = openIt();
      return { database, found: { ...readAll(database), ...rest }, isWhole };
    } catch {
      // The next way.
    }
  }
  return openNothing(blocked);
}

/** What is in the file cannot be known. */
function openNothing(blocked: Failure): Opened {
  const database = new DatabaseSync(':memory:');
  createSchema(database);
  const rest = { repair: undefined, damagedLog: undefined, restored: undefined, blocked };
  return { database, found: { ...readAll(database), ...rest }, isWhole: false };
}

/** A copy with its log, where something can be written; it is gone with the connection. @throws Error: there is no room */
function openCopy(file: string): DatabaseSync {
  const parts = [file, `${file}-wal`].filter((part) => existsSync(part));
  const bytes = parts.reduce((sum, part) => sum + statSync(part).size, 0);
  if (bytes > MAX_COPY_BYTES) throw new Error(`${bytes} bytes are too many for a copy`);
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'hpmq-store-'));
  try {
    for (const part of parts) copyFileSync(part, join(folder, basename(part)));
    const database = new DatabaseSync(join(folder, basename(file)));
    readAll(database);
    return database;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
