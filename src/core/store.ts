/**
 * What survives a power cut: queues of messages, one for each receiver, and tables of small records.
 *
 *   append, settle, set … ─▶ one batch for all ─▶ commit() resolves when it is on disk
 *
 * Everything that was said before commit() is part of one transaction or of an earlier one: after a cut all of it is there,
 * or none. A message for many receivers is written once. Implemented in src/store.
 */
import type { GatewayError } from './errors.js';
import type { Message, QoS } from './message.js';

/** One message for one receiver, as it will be sent. */
export interface Delivery {
  readonly message: Message;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Subscription Identifiers (MQTT 5.0 §3.8.2.1.2). */
  readonly identifiers: readonly number[];
  /** Of a session: name of the Shared Subscription it came through (§4.8.2). Of a link: what it knows its target by. */
  readonly share: string | undefined;
  /** A number of the receiver's own, 0 (as when it is absent) to {@link MAX_LABEL}: see {@link StoredQueue.survey}. */
  readonly label?: number;
}

export const MAX_LABEL = 2 ** 29 - 1;

/** Messages of one label within a stretch of a queue. */
export interface Surveyed {
  readonly label: number;
  readonly messages: number;
  readonly bytes: number;
  readonly lastSequence: number;
}

/** Only messages with `label & mask === value`. */
export interface LabelFilter {
  readonly mask: number;
  readonly value: number;
}

export interface StoredDelivery extends Delivery {
  readonly label: number;
  /** Grows by one with each message of the receiver; unique within its queue. */
  readonly sequence: number;
  /** Of the message as it is kept. */
  readonly bytes: number;
  /** QoS 2: the receiver has the message, its release is due (MQTT 5.0 §4.3.3); grows in the order of PUBREC. 0: not. */
  readonly released: number;
  /** In which batch it was appended; 0: it was read from disk. See {@link Store.isKept}. */
  readonly batch: number;
}

/** One receiver's messages, in order. */
export interface StoredQueue {
  readonly receiver: string;
  readonly messages: number;
  /** Of the messages as they are kept. */
  readonly bytes: number;
  /** Of the last message appended; 0: none yet. */
  readonly lastSequence: number;
  /** Durable after the next commit(). */
  append(delivery: Delivery): StoredDelivery;
  /** The receiver took it, or it is given up: it is gone. Not for what was lost. */
  settle(delivery: StoredDelivery): void;
  /** QoS 2: PUBREC came. @returns the batch: see {@link Store.isKept} */
  release(delivery: StoredDelivery): number;
  /** QoS 2: the receiver has forgotten what it said by PUBREC. @returns as {@link release} */
  unrelease(delivery: StoredDelivery): number;
  /**
   * In order, from behind `after`, so many at most (fewer when they are large); an empty answer: there are no more.
   *
   * @param isLoose - what was said in the running batch is not waited for: what was appended in it is not found, and what
   *   was settled in it still is
   */
  read(after: number, messages: number, only?: LabelFilter, isLoose?: boolean): Promise<readonly StoredDelivery[]>;
  /** The labels of so many messages from behind `after`. `lastSequence` of the stretch: 0 when there are no more. */
  survey(
    after: number,
    messages: number,
  ): Promise<{ readonly lastSequence: number; readonly labels: readonly Surveyed[] }>;
  /** Those up to this sequence that are released, in that order, from behind `after`; else as {@link read}. */
  readReleased(upTo: number, after: number, messages: number): Promise<readonly StoredDelivery[]>;
  /**
   * Removes the oldest that are not released.
   *
   * @param spared - so many of the oldest stay
   * @param sentTo - of QoS 2 only those behind this sequence go
   * @returns how many there were to remove
   */
  dropOldest(spared: number, sentTo: number, messages: number): Promise<number>;
  /** Removes everything, and the queue. */
  remove(): void;
  /** Told when what was appended or released in one batch or several is on disk. */
  onKept: (() => void) | undefined;
  /**
   * Told when a batch could not be kept: what was appended with these sequences, and not settled yet, is gone; so many
   * there were. The figures are without them already.
   */
  onLost: ((first: number, last: number, messages: number) => void) | undefined;
}

/** Small records by key, all of them also in the memory of their owner. */
export interface StoredTable {
  /** What was there at start; read once. */
  entries(): Iterable<readonly [key: string, value: Buffer]>;
  /**
   * @param isPromise - somebody will be told that it is kept: when it cannot be, the next commit() rejects and it is
   * forgotten. Else it is tried again until it is written.
   */
  set(key: string, value: Buffer, isPromise: boolean): void;
  delete(key: string): void;
}

export interface DiskState {
  /** Free on the disk, and its size; 0: not known. */
  readonly freeBytes: number;
  readonly diskBytes: number;
}

export interface StoreFigures extends DiskState {
  readonly durability: 'strict' | 'relaxed';
  /** What was acknowledged so long ago at most may be lost by a power cut, ms; 0: nothing. */
  readonly lossWindow: number;
  /** Of the database, and of its write-ahead log. */
  readonly fileBytes: number;
  readonly logBytes: number;
  readonly queues: number;
  /** Messages in all queues, a message of many receivers once for each. */
  readonly messages: number;
  readonly bytes: number;
  readonly commits: number;
  readonly failedCommits: number;
  /** Over the last ten seconds. */
  readonly commitsPerSecond: number;
  /** On average, of the last commits. */
  readonly changesPerCommit: number;
  /** From the end of a batch until it is on disk, of the last commits, ms; null: none yet. */
  readonly commitMs: { readonly p50: number | null; readonly p99: number | null };
  /** Written to disk in the last 24 hours, or since start if that is later. */
  readonly writtenLastDay: number;
  /** A damaged file or log that was found at start and set aside. */
  readonly setAside: string | null;
  /** Written to disk since start. */
  readonly writtenBytes: number;
}

export interface Store {
  /** Why nothing can be kept now; undefined: it can. */
  readonly fault: GatewayError | undefined;
  /** The queue of this receiver, made when there is none. */
  queue(receiver: string): StoredQueue;
  /** Queues found at start whose receiver has not asked for them. */
  orphans(): readonly string[];
  table(name: string): StoredTable;
  /**
   * Resolves when all that was said before is on disk. Rejects (STORE_FULL, STORE_FAILED) when the messages and promises
   * of this batch could not be kept and are forgotten. undefined: the durability is relaxed, nobody has to wait.
   */
  commit(): Promise<void> | undefined;
  /** `add` is called whenever a batch is about to leave, and may say what belongs to it. */
  beforeBatch(add: () => void): void;
  /** Of what is said now. */
  readonly batchNumber: number;
  /** Whether what was said in this batch is on disk; with relaxed durability: always. */
  isKept(batch: number): boolean;
  /** So much waits to be written that senders should be held back; {@link drained} resolves when it is over. */
  readonly isCongested: boolean;
  drained(): Promise<void>;
  figures(): StoreFigures;
  /** Of the messages in all queues. */
  readonly bytes: number;
  /** Another object whenever it was asked. */
  readonly disk: DiskState;
  /** Asks the disk, unless it has just been asked. */
  askDisk(): void;
  /** Resolves when what was said before has been worked off, well or not; rejects (STORE_FAILED) when the store has ended. */
  answers(): Promise<void>;
}
