/**
 * A damaged file: what can be read goes into a new one, the damaged one is set aside, and both are said. Runs in the worker.
 *
 * A torn write-ahead log needs none of this: SQLite ends at its last whole transaction by itself.
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { type DatabaseOptions, openDatabase } from './database.js';
import { isDamage } from './failure.js';
import type { Repair } from './protocol.js';
import { makingOf, swapIn } from './swap.js';

/**
 * The damaged file is only read until the new one is whole: ended before, the next start repairs it again.
 *
 * @param now - Unix ms, for the name of what is set aside
 */
export function repair(
  options: DatabaseOptions,
  reason: unknown,
  now: number,
): { readonly database: DatabaseSync; readonly repair: Repair } {
  const { file } = options;
  const count = { keptMessages: 0, keptRecords: 0, unreadable: 0 };
  const made = makingOf(file);
  try {
    const database = openDatabase({ ...options, file: made });
    try {
      salvageFrom(file, database, count);
      closeLog(database);
    } finally {
      database.close();
    }
  } catch (error) {
    // On a disk that is full it would be in the way.
    makingOf(file);
    throw error;
  }
  const setAside = swapIn(file, 'damaged', now);
  const text = reason instanceof Error ? reason.message : String(reason);
  return { database: openDatabase(options), repair: { setAside, reason: text, ...count } };
}

/** Closing alone would leave what it cannot write in the log, and say nothing. */
function closeLog(database: DatabaseSync): void {
  const { journal_mode: mode } = database.prepare('PRAGMA journal_mode = DELETE').get() as { journal_mode: string };
  if (mode !== 'delete') throw new Error(`the new file of the store has still the journal mode ${mode}`);
}

function salvageFrom(file: string, to: DatabaseSync, count: Count): void {
  const damaged = openDamaged(file);
  if (damaged === undefined) {
    count.unreadable++;
    return;
  }
  try {
    salvage(damaged, to, count);
  } finally {
    damaged.close();
  }
}

function openDamaged(file: string): DatabaseSync | undefined {
  for (const readOnly of [true, false]) {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(file, { readOnly });
      database.prepare('SELECT COUNT(*) FROM sqlite_master').get();
      return database;
    } catch {
      database?.close();
    }
  }
  return undefined;
}

interface Count {
  keptMessages: number;
  keptRecords: number;
  unreadable: number;
}

function salvage(from: DatabaseSync, to: DatabaseSync, count: Count): void {
  to.exec('BEGIN');
  const queue = to.prepare('INSERT OR IGNORE INTO queue (id, receiver) VALUES (?, ?)');
  copy(from, 'SELECT id, receiver FROM queue', (row) => queue.run(row.id!, row.receiver!), count);
  const record = to.prepare('INSERT OR IGNORE INTO record (folder, key, value) VALUES (?, ?, ?)');
  copy(
    from,
    'SELECT folder, key, value FROM record',
    (row) => {
      record.run(row.folder!, row.key!, row.value!);
      count.keptRecords++;
    },
    count,
  );
  // A shared record is copied into each of its entries: simpler than to trust what counts them.
  const entry = to.prepare(`
    INSERT OR IGNORE INTO entry (queue, sequence, flags, released, expires, bytes, identifiers, share, message, record)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)`);
  copy(
    from,
    `SELECT queue, sequence, flags, released, expires, bytes, identifiers, share, COALESCE(entry.record, message.record) AS record
     FROM entry LEFT JOIN message ON message.id = entry.message`,
    (row) => {
      if (row.record === null) {
        count.unreadable++;
        return;
      }
      const { queue: id, sequence, flags, released, expires, bytes, identifiers, share } = row;
      entry.run(id!, sequence!, flags!, released!, expires!, bytes!, identifiers!, share!, row.record!);
      count.keptMessages++;
    },
    count,
  );
  to.exec('COMMIT');
}

/** Reads forwards until it breaks, then backwards as far as it goes: what lies between is lost. */
function copy(from: DatabaseSync, sql: string, keep: (row: Record<string, SQLInputValue>) => void, count: Count): void {
  const keys = orderKeys(sql);
  for (const direction of ['ASC', 'DESC']) {
    const order = keys.map((key) => `${key} ${direction}`).join(', ');
    try {
      for (const row of from.prepare(`${sql} ORDER BY ${order}`).iterate()) {
        keep(row as Record<string, SQLInputValue>);
      }
      return;
    } catch (error) {
      if (!isDamage(error)) throw error;
      if (direction === 'ASC') count.unreadable++;
    }
  }
}

function orderKeys(sql: string): readonly string[] {
  if (sql.includes('FROM entry')) return ['queue', 'sequence'];
  return sql.includes('FROM record') ? ['folder', 'key'] : ['id'];
}
