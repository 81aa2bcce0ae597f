/**
 * The worker: the only one who touches the disk. One request at a time; a batch is one transaction, and its answer
 * comes when it is on disk. Ends with `close`, or when the gateway does.
 */
import { readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { collectGarbage } from '../core/collect-garbage.js';
import type { Surveyed } from '../core/store.js';
import { Applier, withoutPromises } from './apply.js';
import { LABEL_SHIFT } from './batch.js';
import { type EntryRow, EntryWriter } from './entries.js';
import { failureOf } from './failure.js';
import { open, reopen } from './open.js';
import type { DiskFigures, Failure, Found, WorkerAnswer, WorkerOptions, WorkerRequest } from './protocol.js';

/** Records in one answer to `read`, bytes: more come with the next. */
const READ_BYTES = 1024 * 1024;
/** How often the disk is asked how full it is, ms. */
const DISK_INTERVAL = 1_000;
/** What waits to be tried again, bytes; beyond it the oldest is given up. */
const MAX_CARRIED_BYTES = 64 * 1024 * 1024;

/**
 * Written to ask whether a fault is over, bytes: as much as the refused batch had, at least room for a few messages, so that
 * a disk that takes one small page more does not pass for one with space.
 */
const MIN_PROBE_BYTES = 64 * 1024;
const MAX_PROBE_BYTES = 1024 * 1024;

const options = workerData as WorkerOptions;
const { file, tables } = options;
const port = parentPort!;

interface Statements {
  readonly applier: Applier;
  readonly read: StatementSync;
  readonly readOnly: StatementSync;
  readonly survey: StatementSync;
  readonly readReleased: StatementSync;
  readonly probe: StatementSync;
  readonly removeProbe: StatementSync;
}

function prepare(database: DatabaseSync): Statements {
  const entries = `
    SELECT sequence, flags, released, identifiers, share, COALESCE(entry.record, message.record) AS record
    FROM entry LEFT JOIN message ON message.id = entry.message`;
  return {
    applier: new Applier(database, tables),
    read: database.prepare(`${entries} WHERE queue = ? AND sequence > ? ORDER BY sequence LIMIT ?`),
    readOnly: database.prepare(`
      ${entries} WHERE queue = ? AND sequence > ? AND (flags >> ${LABEL_SHIFT}) & ? = ? ORDER BY sequence LIMIT ?`),
    survey: database.prepare(`
      SELECT flags >> ${LABEL_SHIFT} AS label, COUNT(*) AS messages, SUM(bytes) AS bytes, MAX(sequence) AS lastSequence
      FROM (SELECT flags, bytes, sequence FROM entry WHERE queue = ? AND sequence > ? ORDER BY sequence LIMIT ?)
      GROUP BY label`),
    readReleased: database.prepare(
      `${entries} WHERE queue = ? AND sequence <= ? AND released > ? ORDER BY released LIMIT ?`,
    ),
    probe: database.prepare("INSERT OR REPLACE INTO record (folder, key, value) VALUES ('probe', '', zeroblob(?))"),
    removeProbe: database.prepare("DELETE FROM record WHERE folder = 'probe'"),
  };
}

class StoreWorker {
  #database: DatabaseSync;
  #statements: Statements;
  /** Nothing can be written, and why. */
  #blocked: Failure | undefined;
  /** What was found may not be all there is. */
  readonly #isUnsure: boolean;
  #carried: Buffer[] = [];
  /** What has to fit for a fault to be over. */
  #probeBytes = MIN_PROBE_BYTES;
  #disk: DiskFigures;
  #diskAt = 0;

  constructor(database: DatabaseSync, found: Found, isWhole: boolean) {
    this.#database = database;
    this.#statements = prepare(database);
    this.#blocked = found.blocked;
    this.#isUnsure = !isWhole || (found.queues.length === 0 && found.tables.length === 0);
    this.#disk = askDisk();
  }

  get disk(): DiskFigures {
    const now = performance.now();
    if (now - this.#diskAt >= DISK_INTERVAL) {
      this.#diskAt = now;
      this.#disk = askDisk();
    }
    return this.#disk;
  }

  answer(request: WorkerRequest): WorkerAnswer {
    switch (request.kind) {
      case 'batch':
        return this.#batch(request.id, Buffer.from(request.bytes, 0, request.length));
      case 'read':
        return this.#entries(request.id, () => {
          const { receiver, after, messages, only } = request;
          if (only === undefined) return this.#statements.read.iterate(receiver, after, messages);
          return this.#statements.readOnly.iterate(receiver, after, only.mask, only.value, messages);
        });
      case 'survey':
        return this.#survey(request.id, request.receiver, request.after, request.messages);
      case 'readReleased':
        return this.#entries(request.id, () => {
          const { receiver, upTo, after, messages } = request;
          return this.#statements.readReleased.iterate(receiver, upTo, after, messages);
        });
      case 'dropOldest':
        return this.#dropOldest(request.id, request.receiver, request.spared, request.sentTo, request.messages);
      case 'disk':
        return { kind: 'disk', id: request.id, disk: this.disk };
      case 'close':
        this.#database.close();
        return { kind: 'closed', id: request.id };
    }
  }

  #batch(id: number, bytes: Buffer): WorkerAnswer {
    const failure = this.#transaction(() => {
      for (const carried of this.#carried) this.#statements.applier.apply(carried);
      this.#statements.applier.apply(bytes);
      // A transaction without changes succeeds on any disk.
      if (bytes.length === 0) this.#statements.probe.run(this.#probeBytes);
    });
    if (failure === undefined) {
      this.#carried = [];
      this.#probeBytes = MIN_PROBE_BYTES;
      // Not in the same transaction, which would leave nothing to be written. What fails here is overwritten by the next.
      if (bytes.length === 0) this.#transaction(() => this.#statements.removeProbe.run());
      return { kind: 'committed', id, disk: this.disk };
    }
    this.#probeBytes = Math.min(MAX_PROBE_BYTES, Math.max(this.#probeBytes, bytes.length));
    const rest = withoutPromises(bytes);
    if (rest.length > 0) this.#carried.push(rest);
    let size = this.#carried.reduce((sum, one) => sum + one.length, 0);
    while (size > MAX_CARRIED_BYTES) size -= this.#carried.shift()!.length;
    return { kind: 'refused', id, failure, disk: this.disk };
  }

  #entries(id: number, rows: () => Iterable<unknown>): WorkerAnswer {
    const writer = new EntryWriter();
    try {
      for (const row of rows()) {
        writer.add(row as EntryRow);
        if (writer.bytes >= READ_BYTES) break;
      }
      return { kind: 'entries', id, slabs: writer.take() };
    } catch (error) {
      return { kind: 'entries', id, slabs: writer.take(), failure: failureOf(error) };
    }
  }

  #survey(id: number, receiver: number, after: number, messages: number): WorkerAnswer {
    try {
      const labels = this.#statements.survey.all(receiver, after, messages) as unknown as Surveyed[];
      return { kind: 'surveyed', id, labels };
    } catch (error) {
      return { kind: 'surveyed', id, labels: [], failure: failureOf(error) };
    }
  }

  #dropOldest(id: number, receiver: number, spared: number, sentTo: number, messages: number): WorkerAnswer {
    let dropped = { messages: 0, bytes: 0 };
    const failure = this.#transaction(() => {
      dropped = this.#statements.applier.dropOldest(receiver, spared, sentTo, messages);
    });
    if (failure !== undefined) return { kind: 'dropped', id, messages: 0, bytes: 0, failure };
    return { kind: 'dropped', id, ...dropped };
  }

  #transaction(change: () => void): Failure | undefined {
    if (this.#blocked !== undefined && !this.#unblock()) return this.#blocked;
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      change();
      this.#database.exec('COMMIT');
      return undefined;
    } catch (error) {
      // After some failures SQLite has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      return failureOf(error);
    }
  }

  /** @returns whether the file can be written now */
  #unblock(): boolean {
    const database = reopen(options, this.#isUnsure);
    if (database === undefined) return false;
    this.#database.close();
    this.#database = database;
    this.#statements = prepare(database);
    this.#blocked = undefined;
    return true;
  }
}

function askDisk(): DiskFigures {
  try {
    const { bavail, blocks, bsize } = statfsSync(dirname(file));
    const space = { freeBytes: bavail * bsize, diskBytes: blocks * bsize };
    return { ...space, writtenBytes: writtenBytes(), fileBytes: sizeOf(file), logBytes: sizeOf(`${file}-wal`) };
  } catch {
    return { freeBytes: 0, diskBytes: 0, writtenBytes: 0, fileBytes: 0, logBytes: 0 };
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Of this thread; proc(5). */
function writtenBytes(): number {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync('/proc/thread-self/io', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

try {
  const { database, found, isWhole } = open(options);
  const worker = new StoreWorker(database, found, isWhole);
  port.on('message', (request: WorkerRequest) => {
    const answer = worker.answer(request);
    port.postMessage(answer, answer.kind === 'entries' ? answer.slabs.map(({ buffer }) => buffer) : []);
    if (answer.kind === 'closed') port.close();
  });
  port.postMessage({ kind: 'opened', found, disk: worker.disk } satisfies WorkerAnswer);
  collectGarbage();
} catch (error) {
  port.postMessage({ kind: 'notOpened', failure: failureOf(error) } satisfies WorkerAnswer);
  port.close();
}
