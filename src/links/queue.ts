/**
 * What a link still has to deliver: messages that wait, then messages in flight until the far side acknowledges them.
 * First in, first out, also after a lost connection. Full, by number or by bytes: the oldest that waits goes, counted.
 */
import type { Message, PublishProperties, QoS } from '../core/message.js';

/** A message under the name and QoS it has at the far side. */
export interface Queued {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly payload: Buffer;
  readonly properties: PublishProperties | undefined;
  /** Unix ms; Infinity: never. */
  readonly expiresAt: number;
  /** Monotonic ms; for the age of the backlog. */
  readonly queuedAt: number;
  /** The message as the router gave it. */
  readonly source: Message;
}

/** Payload bytes of all messages; a single larger one is still taken. */
const MAX_BYTES = 64 * 1_048_576;
/** The array is cut when this many of its first places are empty. */
const SLACK = 1_024;

export class Outbox {
  readonly #capacity: number;
  readonly #maxBytes: number;
  /** undefined: a place before the head. */
  #waiting: (Queued | undefined)[] = [];
  /** First used place of #waiting. */
  #head = 0;
  /** In the order they were sent. */
  readonly #inFlight = new Set<Queued>();
  #bytes = 0;
  #dropped = 0;

  /**
   * @param capacity - messages that may wait; those in flight are limited by the window of the far side
   * @param maxBytes - payload bytes, waiting and in flight
   */
  constructor(capacity: number, maxBytes = MAX_BYTES) {
    this.#capacity = capacity;
    this.#maxBytes = maxBytes;
  }

  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Messages not yet taken by the far side. */
  get size(): number {
    return this.waiting + this.inFlight;
  }

  /** By bytes it counts as full from nine tenths on: how large the next message is nobody knows. */
  get isFull(): boolean {
    return this.waiting >= this.#capacity || this.#bytes > this.#maxBytes * 0.9;
  }

  /** Messages lost because there was no room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The oldest of all, in flight or waiting. */
  get oldest(): Queued | undefined {
    for (const item of this.#inFlight) return item;
    return this.#waiting[this.#head];
  }

  /** @returns false when the oldest had to go for it */
  push(item: Queued): boolean {
    this.#waiting.push(item);
    this.#bytes += item.payload.length;
    return this.#trim();
  }

  /** The next to send; stays until {@link shift}. */
  peek(): Queued | undefined {
    return this.#waiting[this.#head];
  }

  /** Takes the next away for good: it was sent at QoS 0, or cannot be sent. */
  shift(): Queued | undefined {
    const item = this.#waiting[this.#head];
    if (item === undefined) return undefined;
    this.#bytes -= item.payload.length;
    // Not only passed over: the array must not keep its payload.
    this.#waiting[this.#head++] = undefined;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head > SLACK && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes the next away until it is acknowledged by {@link settle}. */
  send(): Queued | undefined {
    const item = this.shift();
    if (item === undefined) return undefined;
    this.#inFlight.add(item);
    this.#bytes += item.payload.length;
    return item;
  }

  /** The far side took it, or refused it for good. */
  settle(item: Queued): boolean {
    if (!this.#inFlight.delete(item)) return false;
    this.#bytes -= item.payload.length;
    return true;
  }

  /**
   * The connection is lost: what was in flight waits again, before everything else and in the same order;
   * QoS 0 does not wait for a connection.
   */
  requeue(): void {
    const size = this.size;
    this.#waiting = [...this.#inFlight, ...this.#waiting].filter((item) => item !== undefined && item.qos > 0);
    this.#head = 0;
    this.#inFlight.clear();
    this.#bytes = this.#waiting.reduce((sum, item) => sum + item!.payload.length, 0);
    this.#dropped += size - this.#waiting.length;
    this.#trim();
  }

  #trim(): boolean {
    const before = this.#dropped;
    while (this.waiting > this.#capacity || (this.waiting > 1 && this.#bytes > this.#maxBytes)) {
      this.shift();
      this.#dropped++;
    }
    return this.#dropped === before;
  }
}
