/**
 * Entries on their way into their table, several with one statement: to call SQLite takes longer than to write a row
 * (test/bench K). Runs in the worker.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

/** With one statement: of more hardly anything is gained. */
const ROWS = 8;
/** Of their records, bytes: SQLite copies what it is given. */
const ENOUGH_BYTES = 64 * 1024;
const COLUMNS = 'queue, sequence, flags, released, expires, bytes, identifiers, share, message, record';
const ROW = '(?, ?, ?, 0, ?, ?, ?, ?, ?, ?)';
const FIELDS = 9;

/** A batch is refused whole, so that SQLite need not remember what each statement has changed. */
function insert(database: DatabaseSync, rows: number): StatementSync {
  return database.prepare(`INSERT OR ROLLBACK INTO entry (${COLUMNS}) VALUES ${Array(rows).fill(ROW).join(', ')}`);
}

export class EntryInserter {
  readonly #one: StatementSync;
  readonly #many: StatementSync;
  /** Of the rows that are not written yet. */
  #fields: SQLInputValue[] = [];
  /** Of their records. */
  #bytes = 0;

  constructor(database: DatabaseSync) {
    this.#one = insert(database, 1);
    this.#many = insert(database, ROWS);
  }

  /** Forgets what is not written. */
  clear(): void {
    this.#fields = [];
    this.#bytes = 0;
  }

  /** @throws Error of SQLite */
  add(
    queue: number,
    sequence: number,
    flags: number,
    expires: number | null,
    bytes: number,
    identifiers: string | null,
    share: string | null,
    message: number | null,
    record: Uint8Array | null,
  ): void {
    const fields = this.#fields;
    fields.push(queue, sequence, flags, expires, bytes, identifiers, share, message, record);
    this.#bytes += record?.length ?? 0;
    if (this.#bytes > ENOUGH_BYTES) this.flush();
    else if (fields.length === ROWS * FIELDS) {
      this.clear();
      this.#many.run(...fields);
    }
  }

  /** Writes the rest. @throws Error of SQLite */
  flush(): void {
    const fields = this.#fields;
    if (fields.length === 0) return;
    this.clear();
    for (let at = 0; at < fields.length; at += FIELDS) this.#one.run(...fields.slice(at, at + FIELDS));
  }
}
