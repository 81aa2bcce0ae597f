/** One receiver's queue as the gateway sees it: what it says goes into the running batch, what it asks goes to the worker. */

import type { QoS } from '../core/message.js';
import { decodeMessageRecord } from '../core/message-record.js';
import type { Delivery, LabelFilter, StoredDelivery, StoredQueue, Surveyed } from '../core/store.js';
import { type Batch, LABEL_SHIFT, type Place } from './batch.js';
import type { FoundQueue, ReadEntry } from './protocol.js';

/** What a queue needs of its store. */
export interface QueueContext {
  /** The batch that is being filled; {@link QueueContext.said} after each change. */
  readonly batch: Batch;
  readonly batchNumber: number;
  /** @param isUrgent - somebody may wait for it */
  said(isUrgent?: boolean): void;
  /** The queue wants to be told of the end of the running batch: {@link Queue.kept}, {@link Queue.lost}. */
  touched(queue: Queue): void;
  /** Of all queues. */
  count(messages: number, bytes: number): void;
  nextMessageId(): number;
  read(
    queue: number,
    after: number,
    messages: number,
    only?: LabelFilter,
    isLoose?: boolean,
  ): Promise<readonly ReadEntry[]>;
  survey(queue: number, after: number, messages: number): Promise<readonly Surveyed[]>;
  readReleased(queue: number, upTo: number, after: number, messages: number): Promise<readonly ReadEntry[]>;
  dropOldest(
    queue: number,
    spared: number,
    sentTo: number,
    messages: number,
  ): Promise<{ messages: number; bytes: number }>;
  removed(queue: Queue): void;
}

/** What of one batch is still there, until the batch is answered. */
interface Unkept {
  readonly batch: number;
  readonly first: number;
  last: number;
  messages: number;
  bytes: number;
}

export class Queue implements StoredQueue {
  readonly receiver: string;
  readonly id: number;
  onLost: StoredQueue['onLost'];
  onKept: StoredQueue['onKept'];
  readonly #context: QueueContext;
  #messages: number;
  #bytes: number;
  #lastSequence: number;
  /** Entries of the running batch, so that what is settled at once never leaves it. */
  #places: (Place | undefined)[] = [];
  #firstPlace = 0;
  #batch: Batch | undefined;
  /** Oldest first. */
  #unkept: Unkept[] = [];

  constructor(context: QueueContext, found: FoundQueue) {
    this.#context = context;
    this.id = found.id;
    this.receiver = found.receiver;
    this.#messages = found.messages;
    this.#bytes = found.bytes;
    this.#lastSequence = found.lastSequence;
    context.count(found.messages, found.bytes);
  }

  get messages(): number {
    return this.#messages;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  append(delivery: Delivery): StoredDelivery {
    const { batch } = this.#context;
    const sequence = ++this.#lastSequence;
    const place = batch.append(this.id, sequence, delivery, () => this.#context.nextMessageId());
    if (this.#batch !== batch) {
      this.#batch = batch;
      this.#places = [];
      this.#firstPlace = sequence;
    }
    this.#places.push(place);
    this.#count(1, place.bytes);
    const { batchNumber } = this.#context;
    const unkept = this.#unkept.at(-1);
    if (unkept?.batch === batchNumber) {
      unkept.last = sequence;
      unkept.messages++;
      unkept.bytes += place.bytes;
    } else {
      this.#unkept.push({ batch: batchNumber, first: sequence, last: sequence, messages: 1, bytes: place.bytes });
      this.#context.touched(this);
    }
    this.#context.said();
    const { message, qos, retain, identifiers, share, label = 0 } = delivery;
    const { bytes } = place;
    return { message, qos, retain, identifiers, share, label, sequence, bytes, released: 0, batch: batchNumber };
  }

  settle({ sequence, bytes }: StoredDelivery): void {
    const { batch } = this.#context;
    this.#count(-1, -bytes);
    for (const unkept of this.#unkept) {
      if (sequence < unkept.first || sequence > unkept.last) continue;
      unkept.messages--;
      unkept.bytes -= bytes;
      break;
    }
    const place = this.#batch === batch ? this.#places[sequence - this.#firstPlace] : undefined;
    if (place === undefined) batch.settle(this.id, sequence);
    else {
      batch.strike(place);
      this.#places[sequence - this.#firstPlace] = undefined;
    }
    this.#context.said(false);
  }

  release({ sequence }: StoredDelivery): number {
    this.#context.batch.release(this.id, sequence);
    this.#context.touched(this);
    this.#context.said();
    return this.#context.batchNumber;
  }

  unrelease({ sequence }: StoredDelivery): number {
    this.#context.batch.unrelease(this.id, sequence);
    this.#context.touched(this);
    this.#context.said();
    return this.#context.batchNumber;
  }

  async read(after: number, messages: number, only?: LabelFilter, isLoose = false): Promise<readonly StoredDelivery[]> {
    return this.#deliveries(await this.#context.read(this.id, after, messages, only, isLoose));
  }

  async survey(after: number, messages: number): Promise<{ lastSequence: number; labels: readonly Surveyed[] }> {
    const labels = await this.#context.survey(this.id, after, messages);
    return { lastSequence: labels.reduce((last, one) => Math.max(last, one.lastSequence), 0), labels };
  }

  async readReleased(upTo: number, after: number, messages: number): Promise<readonly StoredDelivery[]> {
    return this.#deliveries(await this.#context.readReleased(this.id, upTo, after, messages));
  }

  #deliveries(entries: readonly ReadEntry[]): readonly StoredDelivery[] {
    const deliveries: StoredDelivery[] = [];
    for (const entry of entries) {
      const { record } = entry;
      const message = decodeMessageRecord(record);
      const { sequence, released, identifiers, share } = entry;
      const retain = (entry.flags & 0x04) !== 0;
      const label = entry.flags >>> LABEL_SHIFT;
      const qos = (entry.flags & 0x03) as QoS;
      // One that cannot be read is given up like one that nobody wants: it must not stand in the way of the others.
      if (message === undefined) this.settle({ sequence, bytes: record.length } as StoredDelivery);
      else {
        const bytes = record.length;
        deliveries.push({ message, qos, retain, identifiers, share, label, sequence, bytes, released, batch: 0 });
      }
    }
    return deliveries;
  }

  async dropOldest(spared: number, sentTo: number, messages: number): Promise<number> {
    const dropped = await this.#context.dropOldest(this.id, spared, sentTo, messages);
    this.#count(-dropped.messages, -dropped.bytes);
    return dropped.messages;
  }

  remove(): void {
    this.#count(-this.#messages, -this.#bytes);
    this.#unkept = [];
    this.#context.batch.removeQueue(this.id);
    this.#context.said();
    this.#context.removed(this);
  }

  /** So far everything is on disk, or was lost and said to be. */
  kept(batch: number): void {
    this.#answered(batch);
    this.onKept?.();
  }

  /** What was appended in this batch was refused. */
  lost(batch: number): void {
    const unkept = this.#answered(batch);
    if (unkept === undefined) return;
    this.#count(-unkept.messages, -unkept.bytes);
    this.onLost?.(unkept.first, unkept.last, unkept.messages);
  }

  #answered(batch: number): Unkept | undefined {
    return this.#unkept[0]?.batch === batch ? this.#unkept.shift() : undefined;
  }

  #count(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
    this.#context.count(messages, bytes);
  }
}
