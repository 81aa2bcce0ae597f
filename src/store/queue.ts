/** One receiver's queue as the gateway sees it: what it says goes into the running batch, what it asks goes to the worker. */

import type { QoS } from '../core/message.js';
import { decodeMessageRecord } from '../core/message-record.js';
import type { Delivery, StoredDelivery, StoredQueue } from '../core/store.js';
import type { Batch, Place } from './batch.js';
import type { FoundQueue, ReadEntry } from './protocol.js';

/** What a queue needs of its store. */
export interface QueueContext {
  /** The batch that is being filled; {@link QueueContext.said} after each change. */
  readonly batch: Batch;
  said(): void;
  appended(queue: Queue, sequence: number): void;
  nextMessageId(): number;
  read(queue: number, after: number, messages: number): Promise<readonly ReadEntry[]>;
  dropOldest(queue: number, after: number, messages: number): Promise<{ messages: number; bytes: number }>;
  count(queue: number): Promise<{ messages: number; bytes: number }>;
  removed(queue: Queue): void;
}

export class Queue implements StoredQueue {
  readonly receiver: string;
  readonly id: number;
  onLost: StoredQueue['onLost'];
  readonly #context: QueueContext;
  #messages: number;
  #bytes: number;
  #lastSequence: number;
  /** Entries of the running batch, so that what is settled at once never leaves it. */
  #places: (Place | undefined)[] = [];
  #firstPlace = 0;
  #batch: Batch | undefined;

  constructor(context: QueueContext, found: FoundQueue) {
    this.#context = context;
    this.id = found.id;
    this.receiver = found.receiver;
    this.#messages = found.messages;
    this.#bytes = found.bytes;
    this.#lastSequence = found.lastSequence;
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
    this.#messages++;
    this.#bytes += place.bytes;
    this.#context.appended(this, sequence);
    const { message, qos, retain, identifiers } = delivery;
    return { message, qos, retain, identifiers, sequence, bytes: place.bytes, isReleased: false };
  }

  settle({ sequence, bytes }: StoredDelivery): void {
    const { batch } = this.#context;
    this.#messages--;
    this.#bytes -= bytes;
    const place = this.#batch === batch ? this.#places[sequence - this.#firstPlace] : undefined;
    if (place === undefined) batch.settle(this.id, sequence);
    else {
      batch.strike(place);
      this.#places[sequence - this.#firstPlace] = undefined;
    }
    this.#context.said();
  }

  release({ sequence }: StoredDelivery): void {
    this.#context.batch.release(this.id, sequence);
    this.#context.said();
  }

  async read(after: number, messages: number): Promise<readonly StoredDelivery[]> {
    const entries = await this.#context.read(this.id, after, messages);
    const deliveries: StoredDelivery[] = [];
    for (const entry of entries) {
      const record = Buffer.from(entry.record.buffer, entry.record.byteOffset, entry.record.byteLength);
      const message = decodeMessageRecord(record);
      const { sequence, isReleased, identifiers } = entry;
      const retain = (entry.flags & 0x04) !== 0;
      const qos = (entry.flags & 0x03) as QoS;
      // One that cannot be read is given up like one that nobody wants: it must not stand in the way of the others.
      if (message === undefined) this.settle({ sequence, bytes: record.length } as StoredDelivery);
      else deliveries.push({ message, qos, retain, identifiers, sequence, bytes: record.length, isReleased });
    }
    return deliveries;
  }

  async dropOldest(after: number, messages: number): Promise<number> {
    const dropped = await this.#context.dropOldest(this.id, after, messages);
    this.#messages -= dropped.messages;
    this.#bytes -= dropped.bytes;
    return dropped.messages;
  }

  remove(): void {
    this.#messages = 0;
    this.#bytes = 0;
    this.#context.batch.removeQueue(this.id);
    this.#context.said();
    this.#context.removed(this);
  }

  /** The batch with these sequences was refused. */
  lost(first: number, last: number): void {
    const recounted = this.#context.count(this.id).then(({ messages, bytes }) => {
      this.#messages = messages;
      this.#bytes = bytes;
    });
    this.onLost?.(first, last, recounted);
  }
}
