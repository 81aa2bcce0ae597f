/** A batch → statements, inside the transaction of the caller. Runs in the worker. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { HEADER_BYTES, Operation, viewOf } from './batch.js';
import { EntryInserter } from './entry-inserter.js';

const NOTHING = new Uint8Array();

export class Applier {
  /** Numbered in this order. */
  readonly #tables: readonly string[];
  readonly #statements: ReturnType<typeof prepare>;
  readonly #inserter: EntryInserter;
  /** The message that the next entries are of. */
  #record: Uint8Array = NOTHING;
  /** How many those are. */
  #entries = 0;
  /** Number of the last release: they have to be told apart by when they came [MQTT-4.6.0-4]. */
  #lastRelease: number;

  constructor(database: DatabaseSync, tables: readonly string[]) {
    this.#tables = tables;
    this.#statements = prepare(database);
    this.#inserter = new EntryInserter(database);
    const last = database.prepare('SELECT MAX(released) AS number FROM entry').get() as { number: number | null };
    this.#lastRelease = last.number ?? 0;
  }

  /** @throws Error of SQLite */
  apply(bytes: Buffer): void {
    const view = viewOf(bytes);
    try {
      for (let at = 0; at < bytes.length; at += view.getUint32(at + 1)) this.#operation(bytes, view, at);
      this.#inserter.flush();
    } finally {
      // The bytes are not held on to.
      this.#inserter.clear();
      this.#record = NOTHING;
    }
  }

  #operation(bytes: Buffer, view: DataView, start: number): void {
    const { insertMessage, insertReference, settle, release, unrelease, removeQueue, addQueue, set, remove } =
      this.#statements;
    const at = start + HEADER_BYTES;
    const code = bytes[start];
    // What follows may be about the entries before it.
    if (code !== Operation.entry && code !== Operation.message && code !== Operation.none) this.#inserter.flush();
    switch (code) {
      case Operation.message: {
        this.#entries = view.getUint32(at + 8);
        this.#record = new Uint8Array(bytes.buffer, bytes.byteOffset + at + 16, view.getUint32(at + 12));
        if (this.#entries === 1) return;
        const id = view.getFloat64(at);
        insertMessage.run(id, this.#record);
        insertReference.run(id, this.#entries);
        return;
      }
      case Operation.entry:
        this.#insertEntry(bytes, view, at);
        return;
      case Operation.settle: {
        const row = settle.get(view.getUint32(at), view.getFloat64(at + 4)) as { message: number | null } | undefined;
        if (row !== undefined && row.message !== null) this.#unreference(row.message);
        return;
      }
      case Operation.release:
        release.run(++this.#lastRelease, view.getUint32(at), view.getFloat64(at + 4));
        return;
      case Operation.unrelease:
        unrelease.run(view.getUint32(at), view.getFloat64(at + 4));
        return;
      case Operation.addQueue:
        addQueue.run(view.getUint32(at), text(bytes, at + 4).text);
        return;
      case Operation.removeQueue: {
        const queue = view.getUint32(at);
        for (const row of this.#statements.clearQueue.all(queue) as { message: number | null }[]) {
          if (row.message !== null) this.#unreference(row.message);
        }
        removeQueue.run(queue);
        return;
      }
      case Operation.set: {
        const key = text(bytes, at + 2);
        const valueAt = key.end + 4;
        const value = bytes.subarray(valueAt, valueAt + view.getUint32(key.end));
        set.run(this.#tables[bytes[at + 1]!]!, key.text, value);
        return;
      }
      case Operation.delete:
        remove.run(this.#tables[bytes[at]!]!, text(bytes, at + 1).text);
        return;
      default:
        return;
    }
  }

  #insertEntry(bytes: Buffer, view: DataView, at: number): void {
    const expires = view.getFloat64(at + 20);
    const share = text(bytes, at + 32);
    const isOwn = this.#entries === 1;
    this.#inserter.add(
      view.getUint32(at),
      view.getFloat64(at + 4),
      view.getUint32(at + 28),
      expires === Number.POSITIVE_INFINITY ? null : expires,
      this.#record.length,
      identifiersOf(view, share.end),
      share.text === '' ? null : share.text,
      isOwn ? null : view.getFloat64(at + 12),
      isOwn ? this.#record : null,
    );
  }

  #unreference(message: number): void {
    const { unreference, removeMessage, removeReference } = this.#statements;
    const row = unreference.get(message) as { entries: number } | undefined;
    if (row !== undefined && row.entries > 0) return;
    removeMessage.run(message);
    removeReference.run(message);
  }

  /** @see StoredQueue.dropOldest */
  dropOldest(queue: number, spared: number, sentTo: number, messages: number): { messages: number; bytes: number } {
    let bytes = 0;
    const rows = this.#statements.dropOldest.all(queue, queue, sentTo, messages, spared) as {
      bytes: number;
      message: number | null;
    }[];
    for (const row of rows) {
      bytes += row.bytes;
      if (row.message !== null) this.#unreference(row.message);
    }
    return { messages: rows.length, bytes };
  }
}

function prepare(database: DatabaseSync) {
  const one = (sql: string): StatementSync => database.prepare(sql);
  return {
    insertMessage: one('INSERT INTO message (id, record) VALUES (?, ?)'),
    insertReference: one('INSERT INTO reference (message, entries) VALUES (?, ?)'),
    settle: one('DELETE FROM entry WHERE queue = ? AND sequence = ? RETURNING message'),
    release: one('UPDATE entry SET released = ? WHERE queue = ? AND sequence = ? AND released = 0'),
    unrelease: one('UPDATE entry SET released = 0 WHERE queue = ? AND sequence = ?'),
    unreference: one('UPDATE reference SET entries = entries - 1 WHERE message = ? RETURNING entries'),
    removeMessage: one('DELETE FROM message WHERE id = ?'),
    removeReference: one('DELETE FROM reference WHERE message = ?'),
    addQueue: one('INSERT OR IGNORE INTO queue (id, receiver) VALUES (?, ?)'),
    clearQueue: one('DELETE FROM entry WHERE queue = ? RETURNING message'),
    removeQueue: one('DELETE FROM queue WHERE id = ?'),
    dropOldest: one(`
      DELETE FROM entry WHERE queue = ? AND sequence IN (
        SELECT sequence FROM entry WHERE queue = ? AND released = 0 AND (sequence > ? OR flags & 3 = 1)
        ORDER BY sequence LIMIT ? OFFSET ?
      ) RETURNING bytes, message`),
    set: one(
      'INSERT INTO record (folder, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    ),
    remove: one('DELETE FROM record WHERE folder = ? AND key = ?'),
  };
}

function identifiersOf(view: DataView, at: number): string | null {
  const count = view.getUint16(at);
  if (count === 0) return null;
  return Array.from({ length: count }, (_, i) => view.getUint32(at + 2 + i * 4)).join(',');
}

function text(bytes: Buffer, at: number): { readonly text: string; readonly end: number } {
  const end = at + 4 + bytes.readUInt32BE(at);
  return { text: bytes.toString('utf8', at + 4, end), end };
}

/** What of a refused batch must not be forgotten: everything but messages, their entries and promises. */
export function withoutPromises(bytes: Buffer): Buffer {
  const kept: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at + 1)) {
    const code = bytes[at];
    const isPromise = code === Operation.set && bytes[at + HEADER_BYTES] === 1;
    if (code === Operation.none || code === Operation.message || code === Operation.entry || isPromise) continue;
    kept.push(bytes.subarray(at, at + bytes.readUInt32BE(at + 1)));
  }
  return Buffer.concat(kept);
}
