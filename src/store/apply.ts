/** A batch → statements, inside the transaction of the caller. Runs in the worker. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { HEADER_BYTES, Operation } from './batch.js';

/** Tables are numbered in the order in which they were asked for; their names come with the first record. */
const textDecoder = new TextDecoder();

interface Record {
  readonly bytes: Uint8Array;
  readonly entries: number;
}

export class Applier {
  readonly #tables: readonly string[];
  readonly #statements: ReturnType<typeof prepare>;
  /** Number of the last release: they have to be told apart by when they came [MQTT-4.6.0-4]. */
  #lastRelease: number;

  constructor(database: DatabaseSync, tables: readonly string[]) {
    this.#tables = tables;
    this.#statements = prepare(database);
    const last = database.prepare('SELECT MAX(released) AS number FROM entry').get() as { number: number | null };
    this.#lastRelease = last.number ?? 0;
  }

  /** @throws Error of SQLite */
  apply(bytes: Buffer): void {
    /** Of this batch: id → record. */
    const messages = new Map<number, Record>();
    for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at + 1)) this.#operation(bytes, at, messages);
  }

  #operation(bytes: Buffer, start: number, messages: Map<number, Record>): void {
    const { insertMessage, insertReference, settle, release, unrelease, removeQueue, addQueue, set, remove } =
      this.#statements;
    const at = start + HEADER_BYTES;
    switch (bytes[start]) {
      case Operation.message: {
        const id = bytes.readDoubleBE(at);
        const entries = bytes.readUInt32BE(at + 8);
        const record = bytes.subarray(at + 16, at + 16 + bytes.readUInt32BE(at + 12));
        messages.set(id, { bytes: record, entries });
        if (entries === 1) return;
        insertMessage.run(id, record);
        insertReference.run(id, entries);
        return;
      }
      case Operation.entry:
        this.#insertEntry(bytes, at, messages);
        return;
      case Operation.settle: {
        const row = settle.get(bytes.readUInt32BE(at), bytes.readDoubleBE(at + 4)) as
          | { message: number | null }
          | undefined;
        if (row !== undefined && row.message !== null) this.#unreference(row.message);
        return;
      }
      case Operation.release:
        release.run(++this.#lastRelease, bytes.readUInt32BE(at), bytes.readDoubleBE(at + 4));
        return;
      case Operation.unrelease:
        unrelease.run(bytes.readUInt32BE(at), bytes.readDoubleBE(at + 4));
        return;
      case Operation.addQueue:
        addQueue.run(bytes.readUInt32BE(at), text(bytes, at + 4).text);
        return;
      case Operation.removeQueue: {
        const queue = bytes.readUInt32BE(at);
        for (const row of this.#statements.clearQueue.all(queue) as { message: number | null }[]) {
          if (row.message !== null) this.#unreference(row.message);
        }
        removeQueue.run(queue);
        return;
      }
      case Operation.set: {
        const key = text(bytes, at + 2);
        const valueAt = key.end + 4;
        const value = bytes.subarray(valueAt, valueAt + bytes.readUInt32BE(key.end));
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

  #insertEntry(bytes: Buffer, at: number, messages: Map<number, Record>): void {
    const queue = bytes.readUInt32BE(at);
    const sequence = bytes.readDoubleBE(at + 4);
    const id = bytes.readDoubleBE(at + 12);
    const expires = bytes.readDoubleBE(at + 20);
    const flags = bytes.readUInt32BE(at + 28);
    const share = text(bytes, at + 32);
    const { bytes: record, entries } = messages.get(id)!;
    this.#statements.insertEntry.run(
      queue,
      sequence,
      flags,
      expires === Number.POSITIVE_INFINITY ? null : expires,
      record.length,
      identifiersOf(bytes, share.end),
      share.text === '' ? null : share.text,
      entries === 1 ? null : id,
      entries === 1 ? record : null,
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
    insertEntry: one(`
      INSERT INTO entry (queue, sequence, flags, released, expires, bytes, identifiers, share, message, record)
      VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?)`),
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

function identifiersOf(bytes: Buffer, at: number): string | null {
  const count = bytes.readUInt16BE(at);
  if (count === 0) return null;
  return Array.from({ length: count }, (_, i) => bytes.readUInt32BE(at + 2 + i * 4)).join(',');
}

function text(bytes: Buffer, at: number): { readonly text: string; readonly end: number } {
  const end = at + 4 + bytes.readUInt32BE(at);
  return { text: textDecoder.decode(bytes.subarray(at + 4, end)), end };
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
