/**
 * The store: everything that is said in one turn becomes one batch, and while one is on its way to the disk the next is
 * filled: the slower the disk, the larger the batches (group commit).
 *
 *   queues, tables ─▶ batch ─▶ worker: one transaction, fsync ─▶ commit() resolves
 *
 * Rules: this thread never waits for the disk; a batch is kept whole or refused whole; what was promised to nobody is
 * tried again until it is written.
 */
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../core/clock.js';
import type { GatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Service, ServiceStatus } from '../core/service.js';
import type { LabelFilter, Store, StoredQueue, StoredTable, StoreFigures, Surveyed } from '../core/store.js';
import { Batch } from './batch.js';
import { CommitMeter } from './commit-meter.js';
import { storeError } from './errors.js';
import type { DiskFigures, Found, ReadEntry, WorkerAnswer } from './protocol.js';
import { Queue, type QueueContext } from './queue.js';
import { startWorker } from './start-worker.js';
import { type BatchAnswer, failureError, WorkerLink } from './worker-link.js';

/** Waiting bytes from which on senders are held back. */
const CONGESTED_BYTES = 16 * 1024 * 1024;
/** After a refused batch, ms. */
const RETRY_INTERVAL = 1_000;
/** How often the disk is asked how full it is, ms. */
const DISK_INTERVAL = 1_000;
/** For what nobody waits for, ms: the more of it leaves at a time, the less is written. */
const LAZY_WINDOW = 20;
/** Durability relaxed: how long a change may wait before it is written; the window of what a cut can lose, ms. */
export const RELAXED_WINDOW = 1_000;

export interface StoreOptions {
  /** Made when it is not there. */
  readonly folder: string;
  readonly durability: 'strict' | 'relaxed';
  readonly tables: readonly string[];
  /** Version of this program, for those who find the store after it. */
  readonly program?: string;
  /** The highest schema that is known; tests play an older program. */
  readonly schema?: number;
  /** A newer program was given up: what it migrated makes way for its backup. */
  readonly isAfterFallback?: boolean;
  readonly log: Log;
  readonly clock: Clock;
}

export interface OpenStore extends Store, Service {}

/**
 * A folder that cannot be written is not an error here: what was kept is read as far as possible, and {@link Store.fault}
 * says why nothing more is.
 *
 * @throws GatewayError STORE_IN_USE, STORE_FAILED
 */
export async function openStore(options: StoreOptions): Promise<OpenStore> {
  const { folder, durability, tables, log } = options;
  const worker = startWorker({
    file: join(folder, 'store.sqlite'),
    durability,
    tables,
    program: options.program ?? '0',
    schema: options.schema,
    isAfterFallback: options.isAfterFallback ?? false,
  });
  const answer = await firstAnswer(worker);
  if (answer.kind === 'notOpened') throw failureError(folder, answer.failure);
  if (answer.kind !== 'opened') throw storeError('STORE_FAILED', `the store answered ${answer.kind} first`);
  const { repair, damagedLog, restored } = answer.found;
  if (damagedLog !== undefined) {
    log.error(
      { ...damagedLog },
      'the log of the store was damaged: commits behind that are lost, a copy was set aside',
    );
  }
  if (restored !== undefined) {
    log.error(
      { ...restored },
      'a newer version had migrated the store: its backup is used, what came since was set aside',
    );
  }
  if (repair !== undefined) log.error({ ...repair }, 'the store was damaged: what could be read was kept');
  return new SqliteStore(options, worker, answer.found, answer.disk);
}

function firstAnswer(worker: Worker): Promise<WorkerAnswer> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', (cause) => reject(storeError('STORE_FAILED', 'the store cannot be opened', { cause })));
    worker.once('exit', (code) => reject(storeError('STORE_FAILED', `the store ended with ${code} before it opened`)));
  });
}

interface Waiter {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

/** A batch on its way. */
interface Posted {
  waiter: Waiter | undefined;
  readonly number: number;
  readonly bytes: number;
  readonly changes: number;
  /** Monotonic ms. */
  readonly at: number;
  readonly touched: ReadonlySet<Queue>;
}

class SqliteStore implements OpenStore, QueueContext {
  readonly name = 'store';
  readonly #options: StoreOptions;
  readonly #link: WorkerLink;
  readonly #queues = new Map<string, Queue>();
  /** Found at start and not yet asked for. */
  readonly #unclaimed: Set<string>;
  readonly #tables: ReadonlyMap<string, readonly (readonly [string, Uint8Array])[]>;
  #batch = new Batch();
  #waiter: Waiter | undefined;
  /** Queues that want to know what becomes of the batch. */
  #touched = new Set<Queue>();
  /** Of the batch that is filled. */
  #number = 1;
  /** Of the last batch that is on disk. */
  #kept = 0;
  #messages = 0;
  #bytes = 0;
  /** Oldest first. */
  readonly #posted: Posted[] = [];
  #postedBytes = 0;
  #immediate: NodeJS.Immediate | undefined;
  /** There is more in the batch than what nobody waits for. */
  #isUrgent = false;
  #timer: Timer | undefined;
  #nextQueue: number;
  #nextMessage: number;
  #fault: GatewayError | undefined;
  #since: number;
  #drain: Waiter | undefined;
  readonly #additions: (() => void)[] = [];
  /** What is said now goes with the batch that leaves. */
  #isLeaving = false;
  #disk: DiskFigures;
  /** Not to be asked before, monotonic ms. */
  #askAt = 0;
  readonly #meter = new CommitMeter();
  readonly #setAside: string | null;
  #failedCommits = 0;
  #closing: Promise<void> | undefined;

  constructor(options: StoreOptions, worker: Worker, found: Found, disk: DiskFigures) {
    this.#options = options;
    this.#disk = disk;
    this.#setAside = found.repair?.setAside ?? found.damagedLog?.setAside ?? found.restored?.setAside ?? null;
    this.#since = options.clock.now();
    this.#tables = new Map(found.tables.map(({ name, entries }) => [name, entries]));
    for (const queue of found.queues) this.#queues.set(queue.receiver, new Queue(this, queue));
    this.#unclaimed = new Set(this.#queues.keys());
    this.#nextQueue = found.queues.reduce((last, { id }) => Math.max(last, id), 0) + 1;
    this.#nextMessage = found.lastMessageId + 1;
    this.#link = new WorkerLink(worker, options.folder, {
      onBatch: (answer) => this.#answered(answer),
      onFailed: (cause) => this.#failed(storeError('STORE_FAILED', `the store stopped: ${cause.message}`, { cause })),
    });
    if (found.blocked !== undefined) this.#setFault(failureError(options.folder, found.blocked));
  }

  get fault(): GatewayError | undefined {
    return this.#fault;
  }

  get batch(): Batch {
    return this.#batch;
  }

  get batchNumber(): number {
    return this.#number;
  }

  isKept(batch: number): boolean {
    return batch <= this.#kept || this.#options.durability === 'relaxed';
  }

  get isCongested(): boolean {
    return this.#batch.bytes + this.#postedBytes >= CONGESTED_BYTES;
  }

  async start(): Promise<void> {}

  status(): ServiceStatus {
    const fault = this.#fault;
    if (fault === undefined) return { state: 'up', since: this.#since };
    return { state: 'degraded', since: this.#since, reason: fault.message, hint: fault.hint };
  }

  queue(receiver: string): StoredQueue {
    this.#unclaimed.delete(receiver);
    let queue = this.#queues.get(receiver);
    if (queue === undefined) {
      queue = new Queue(this, { id: this.#nextQueue++, receiver, messages: 0, bytes: 0, lastSequence: 0 });
      this.#queues.set(receiver, queue);
      this.#batch.addQueue(queue.id, receiver);
      this.said();
    }
    return queue;
  }

  orphans(): readonly string[] {
    return [...this.#unclaimed];
  }

  table(name: string): StoredTable {
    const number = this.#options.tables.indexOf(name);
    if (number < 0) throw new RangeError(`the store has no table ${name}`);
    const found = this.#tables.get(name) ?? [];
    return {
      *entries() {
        for (const [key, value] of found) yield [key, Buffer.from(value.buffer, value.byteOffset, value.byteLength)];
      },
      set: (key, value, isPromise) => {
        this.#batch.set(number, key, value, isPromise);
        this.said();
      },
      delete: (key) => {
        this.#batch.delete(number, key);
        this.said();
      },
    };
  }

  commit(): Promise<void> | undefined {
    if (this.#options.durability === 'relaxed') return undefined;
    if (this.#closing !== undefined) return Promise.reject(storeError('STORE_FAILED', 'the store is closed'));
    this.#isUrgent ||= !this.#batch.isEmpty;
    if (this.#isUrgent) this.said();
    if (this.#batch.isEmpty) {
      const last = this.#posted.at(-1);
      if (last === undefined) return undefined;
      last.waiter ??= newWaiter();
      return last.waiter.promise;
    }
    this.#waiter ??= newWaiter();
    return this.#waiter.promise;
  }

  drained(): Promise<void> {
    if (!this.isCongested) return Promise.resolve();
    this.#drain ??= newWaiter();
    return this.#drain.promise;
  }

  figures(): StoreFigures {
    const now = this.#options.clock.monotonic();
    return {
      messages: this.#messages,
      bytes: this.#bytes,
      durability: this.#options.durability,
      lossWindow: this.#options.durability === 'strict' ? 0 : RELAXED_WINDOW,
      queues: this.#queues.size,
      commits: this.#meter.commits,
      failedCommits: this.#failedCommits,
      commitsPerSecond: this.#meter.perSecond(now),
      changesPerCommit: this.#meter.changesPerCommit,
      commitMs: this.#meter.took,
      writtenLastDay: this.#meter.writtenLastDay(now),
      setAside: this.#setAside,
      ...this.#disk,
    };
  }

  get bytes(): number {
    return this.#bytes;
  }

  get disk(): DiskFigures {
    return this.#disk;
  }

  askDisk(): void {
    const now = this.#options.clock.monotonic();
    if (now < this.#askAt) return;
    this.#askAt = now + DISK_INTERVAL;
    this.#link.disk().then(
      (disk) => {
        this.#disk = disk;
      },
      // The store is closed.
      () => {},
    );
  }

  async answers(): Promise<void> {
    this.#disk = await this.#link.disk();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  said(isUrgent = true): void {
    if (isUrgent) this.#isUrgent = true;
    if (this.#posted.length > 0 || this.#immediate !== undefined || this.#closing !== undefined) return;
    if (this.#isLeaving) return;
    if (this.#options.durability === 'strict' && this.#fault === undefined && this.#isUrgent) {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#immediate = setImmediate(() => {
        this.#immediate = undefined;
        this.#post();
      });
      return;
    }
    if (this.#timer !== undefined) return;
    const { durability, clock } = this.#options;
    const wait = durability === 'strict' ? LAZY_WINDOW : RELAXED_WINDOW;
    this.#timer = clock.after(this.#fault === undefined ? wait : RETRY_INTERVAL, () => {
      this.#timer = undefined;
      this.#post();
    });
  }

  touched(queue: Queue): void {
    this.#touched.add(queue);
  }

  count(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
  }

  nextMessageId(): number {
    return this.#nextMessage++;
  }

  read(
    queue: number,
    after: number,
    messages: number,
    only?: LabelFilter,
    isLoose = false,
  ): Promise<readonly ReadEntry[]> {
    if (!isLoose) this.#flush();
    return this.#link.read(queue, after, messages, only);
  }

  survey(queue: number, after: number, messages: number): Promise<readonly Surveyed[]> {
    this.#flush();
    return this.#link.survey(queue, after, messages);
  }

  readReleased(queue: number, upTo: number, after: number, messages: number): Promise<readonly ReadEntry[]> {
    this.#flush();
    return this.#link.readReleased(queue, upTo, after, messages);
  }

  dropOldest(
    queue: number,
    spared: number,
    sentTo: number,
    messages: number,
  ): Promise<{ messages: number; bytes: number }> {
    this.#flush();
    return this.#link.dropOldest(queue, spared, sentTo, messages);
  }

  removed(queue: Queue): void {
    if (this.#queues.get(queue.receiver) === queue) this.#queues.delete(queue.receiver);
  }

  /** What is asked next must see what was said before. */
  #flush(): void {
    if (!this.#batch.isEmpty) this.#post();
  }

  beforeBatch(add: () => void): void {
    this.#additions.push(add);
  }

  #post(): void {
    this.#add();
    this.#send();
  }

  #add(): void {
    this.#isLeaving = true;
    for (const add of this.#additions) add();
    this.#isLeaving = false;
  }

  #send(): void {
    const changes = this.#batch.operations;
    const { bytes, length } = this.#batch.take();
    this.#posted.push({
      waiter: this.#waiter,
      number: this.#number++,
      bytes: length,
      changes,
      at: this.#options.clock.monotonic(),
      touched: this.#touched,
    });
    this.#postedBytes += length;
    this.#batch = new Batch();
    this.#isUrgent = false;
    this.#waiter = undefined;
    this.#touched = new Set();
    this.#link.post(bytes, length);
  }

  #answered(answer: BatchAnswer): void {
    this.#disk = answer.disk;
    const posted = this.#posted.shift()!;
    this.#postedBytes -= posted.bytes;
    if (answer.kind === 'committed') {
      const now = this.#options.clock.monotonic();
      this.#meter.committed(now, now - posted.at, posted.changes);
      this.#meter.wrote(now, answer.disk.writtenBytes);
      this.#kept = posted.number;
      this.#setFault(undefined);
      posted.waiter?.resolve();
      for (const queue of posted.touched) queue.kept(posted.number);
    } else {
      this.#failedCommits++;
      const error = failureError(this.#options.folder, answer.failure);
      this.#setFault(error);
      posted.waiter?.reject(error);
      for (const queue of posted.touched) {
        queue.lost(posted.number);
        // What was released is written with the next batch.
        this.#touched.add(queue);
      }
    }
    if (this.#batch.isEmpty && this.#posted.length === 0) {
      // All that somebody waits for was taken before it left.
      this.#waiter?.resolve();
      this.#waiter = undefined;
    }
    // While there is a fault, an empty batch asks whether it is over: the worker writes something for it.
    // What was struck out still takes its room until it leaves.
    const isPressing = this.#fault !== undefined || this.isCongested;
    if (!this.#batch.isEmpty || isPressing) this.said(this.#isUrgent || isPressing);
    if (this.#drain !== undefined && !this.isCongested) {
      this.#drain.resolve();
      this.#drain = undefined;
    }
  }

  #setFault(fault: GatewayError | undefined): void {
    if (fault?.code === this.#fault?.code) return;
    const { log, clock } = this.#options;
    if (fault === undefined) log.info({ failedCommits: this.#failedCommits }, 'the store writes again');
    else log.error({ error: fault }, 'the store cannot write: messages that must be kept are refused');
    this.#fault = fault;
    this.#since = clock.now();
    if (fault !== undefined) this.said();
  }

  /** The worker is gone. */
  #failed(error: GatewayError): void {
    this.#setFault(error);
    this.#end(error);
  }

  /** Nothing is answered any more. */
  #end(error: GatewayError): void {
    for (const { waiter } of this.#posted.splice(0)) waiter?.reject(error);
    this.#waiter?.reject(error);
    this.#waiter = undefined;
  }

  async #close(): Promise<void> {
    clearImmediate(this.#immediate);
    this.#timer?.cancel();
    this.#add();
    if (!this.#batch.isEmpty) this.#send();
    await this.#link.close();
    this.#end(storeError('STORE_FAILED', 'the store is closed'));
  }
}

function newWaiter(): Waiter {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Nobody may be waiting.
  promise.catch(() => {});
  return { promise, resolve: () => resolve(), reject };
}
