/**
 * A damaged file: what can be read goes into a new one, the damaged one is set aside, and both are said. Runs in the worker.
 *
 * A torn write-ahead log needs none of this: SQLite ends at its last whole transaction by itself.
 */
import { renameSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { type DatabaseOptions, openDatabase } from './database.js';
import { isDamage } from './failure.js';
import type { Repair } from './protocol.js';

const parts = ['', '-wal', '-shm'] as const;

/** @param now - Unix ms, for the name of what is set aside */
export function repair(
  options: DatabaseOptions,
  reason: unknown,
  now: number,
): { readonly database: DatabaseSync; readonly repair: Repair } {
  const { file } = options;
  const setAside = `${file}.damaged-${new Date(now).toISOString().replace(/[:.]/g, '-')}`;
  for (const part of parts) renameIfThere(`${file}${part}`, `${setAside}${part}`);
  const database = openDatabase(options);
  const count = { keptMessages: 0, keptRecords: 0, unreadable: 0 };
  const damaged = openDamaged(setAside);
  if (damaged === undefined) count.unreadable++;
  else {
    try {
      salvage(damaged, database, count);
    } finally {
      damaged.close();
    }
  }
  const text = reason instanceof Error ? reason.message : String(reason);
  return { database, repair: { setAside, reason: text, ...count } };
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function openDamaged(file: string): DatabaseSync | undefined {
  try {
    const database = new DatabaseSync(file);
    database.prepare('SELECT COUNT(*) FROM sqlite_master').get();
    return database;
  } catch {
    return undefined;
  }
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
