/**
 * What a link still has to deliver: messages that wait, then messages in flight until the far side acknowledges them.
 * First in, first out, also after a lost connection. Full: the oldest that waits goes, counted.
 */
import type { Message, PublishProperties, QoS } from '../core/message.js';

/** A message under the name and QoS it has at the far side. */
export interface Outgoing {
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

/** The array is cut when this many of its first places are empty. */
const SLACK = 1_024;

export class Outbox {
  readonly #capacity: number;
  #waiting: Outgoing[] = [];
  /** First used place of #waiting. */
  #head = 0;
  /** In the order they were sent. */
  readonly #inFlight = new Set<Outgoing>();
  #dropped = 0;

  /** @param capacity - messages that may wait; those in flight are limited by the window of the far side */
  constructor(capacity: number) {
    this.#capacity = capacity;
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

  get isFull(): boolean {
    return this.waiting >= this.#capacity;
  }

  /** Messages lost because there was no room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The oldest of all, in flight or waiting. */
  get oldest(): Outgoing | undefined {
    for (const item of this.#inFlight) return item;
    return this.#waiting[this.#head];
  }

  /** @returns false when the oldest had to go for it */
  push(item: Outgoing): boolean {
    this.#waiting.push(item);
    return this.#trim();
  }

  /** The next to send; stays until {@link shift}. */
  peek(): Outgoing | undefined {
    return this.#waiting[this.#head];
  }

  /** Takes the next away for good: it was sent at QoS 0, or cannot be sent. */
  shift(): Outgoing | undefined {
    if (this.waiting === 0) return undefined;
    const item = this.#waiting[this.#head];
    this.#head++;
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
  send(): Outgoing | undefined {
    const item = this.shift();
    if (item !== undefined) this.#inFlight.add(item);
    return item;
  }

  /** The far side took it, or refused it for good. */
  settle(item: Outgoing): boolean {
    return this.#inFlight.delete(item);
  }

  /**
   * The connection is lost: what was in flight waits again, before everything else and in the same order;
   * QoS 0 does not wait for a connection.
   */
  requeue(): void {
    const all = [...this.#inFlight, ...this.#waiting.slice(this.#head)];
    this.#inFlight.clear();
    this.#waiting = all.filter((item) => item.qos > 0);
    this.#head = 0;
    this.#dropped += all.length - this.#waiting.length;
    this.#trim();
  }

  #trim(): boolean {
    const excess = this.waiting - this.#capacity;
    for (let i = 0; i < excess; i++) this.shift();
    if (excess > 0) this.#dropped += excess;
    return excess <= 0;
  }
}
