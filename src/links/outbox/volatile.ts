/** QoS 0: goes only while the link is connected, and waits only for room on the wire. */
import type { Encoded } from '../route-types.js';

const MOST_MESSAGES = 1_000;
const MOST_BYTES = 1024 * 1024;

export class Volatile {
  #waiting: Encoded[] = [];
  #head = 0;
  #bytes = 0;

  get size(): number {
    return this.#waiting.length - this.#head;
  }

  /** @returns how many older ones were dropped for it */
  push(message: Encoded): number {
    this.#waiting.push(message);
    this.#bytes += message.payload.length;
    let dropped = 0;
    while (this.size > MOST_MESSAGES || (this.#bytes > MOST_BYTES && this.size > 1)) {
      this.shift();
      dropped++;
    }
    return dropped;
  }

  shift(): Encoded | undefined {
    const next = this.#waiting[this.#head];
    if (next === undefined) return undefined;
    this.#head++;
    this.#bytes -= next.payload.length;
    if (this.#head === this.#waiting.length || this.#head > MOST_MESSAGES) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return next;
  }

  /** @returns how many there were */
  clear(): number {
    const { size } = this;
    this.#waiting = [];
    this.#head = 0;
    this.#bytes = 0;
    return size;
  }
}
