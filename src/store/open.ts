/** How the worker comes to its database: as it is, repaired, or, where nothing can be written, only read. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { createSchema, openDatabase, readAll } from './database.js';
import { failureOf, isDamage, isUnwritable } from './failure.js';
import { checkLog } from './log-check.js';
import type { Found, WorkerOptions } from './protocol.js';
import { repair } from './repair.js';

export interface Opened {
  readonly database: DatabaseSync;
  readonly found: Found;
}

/** @throws Error when another process has the file, or the file is of a newer gateway */
export function open({ file, durability }: WorkerOptions): Opened {
  let database: DatabaseSync | undefined;
  const damagedLog = checkLog(file, Date.now());
  try {
    database = openWritable(file, durability);
    return { database, found: { ...readAll(database), repair: undefined, damagedLog, blocked: undefined } };
  } catch (error) {
    database?.close();
    if (isUnwritable(error)) return openBlocked(file, error);
    if (!isDamage(error)) throw error;
    try {
      const mended = repair(file, durability, error, Date.now());
      return {
        database: mended.database,
        found: { ...readAll(mended.database), repair: mended.repair, damagedLog, blocked: undefined },
      };
    } catch (repairError) {
      if (!isUnwritable(repairError)) throw repairError;
      return openBlocked(file, repairError);
    }
  }
}

/** Once more after {@link open} found it blocked. @returns undefined: not yet */
export function reopen({ file, durability }: WorkerOptions, wasEmpty: boolean): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = openWritable(file, durability);
    const { queues, tables } = readAll(database);
    // What we could not see at start must not be overwritten by what we think is there: that takes a restart.
    if (!wasEmpty || (queues.length === 0 && tables.length === 0)) return database;
  } catch {
    // As before.
  }
  database?.close();
  return undefined;
}

function openWritable(file: string, durability: WorkerOptions['durability']): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
  // Messages are nobody else's business.
  closeSync(openSync(file, 'a', 0o600));
  return openDatabase(file, durability);
}

function openBlocked(file: string, reason: unknown): Opened {
  const blocked = failureOf(reason);
  // A file that was closed well has no log beside it, and can be read as it is without one.
  const immutable = pathToFileURL(file);
  immutable.searchParams.set('immutable', '1');
  for (const location of [file, immutable]) {
    try {
      const database = new DatabaseSync(location, { readOnly: true });
      return { database, found: { ...readAll(database), repair: undefined, damagedLog: undefined, blocked } };
    } catch {
      // The next way.
    }
  }
  const database = new DatabaseSync(':memory:');
  createSchema(database);
  return { database, found: { ...readAll(database), repair: undefined, damagedLog: undefined, blocked } };
}
