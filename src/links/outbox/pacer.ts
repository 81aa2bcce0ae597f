/** How fast the backlog may go: so many messages and bytes a second. What is live is not held back, but counts. */
import type { Clock } from '../../core/clock.js';

/** What was not used may be caught up for so long, ms. */
const BURST = 100;
/** Live traffic holds the backlog up for so long at most after it has stopped, ms. */
const DEBT = 1_000;

class Bucket {
  readonly #perMs: number;
  readonly #most: number;
  #level: number;
  #at: number;

  /** @param least - a bucket holds at least one message */
  constructor(perSecond: number, least: number, now: number) {
    this.#perMs = perSecond / 1_000;
    this.#most = Math.max(least, this.#perMs * BURST);
    this.#level = this.#most;
    this.#at = now;
  }

  take(amount: number, isBacklog: boolean, now: number): void {
    this.#fill(now);
    const least = isBacklog ? Number.NEGATIVE_INFINITY : Math.min(this.#level, -this.#perMs * DEBT);
    this.#level = Math.max(this.#level - amount, least);
  }

  /** ms until something may be taken; 0: now. */
  wait(now: number): number {
    this.#fill(now);
    // A message may be larger than what is there: those after it wait the longer.
    return this.#level > 0 ? 0 : Math.max(1, Math.ceil((1e-9 - this.#level) / this.#perMs));
  }

  #fill(now: number): void {
    this.#level = Math.min(this.#most, this.#level + (now - this.#at) * this.#perMs);
    this.#at = now;
  }
}

export class Pacer {
  readonly #clock: Clock;
  readonly #messages: Bucket | undefined;
  readonly #bytes: Bucket | undefined;

  /** @param rate - messages a second; undefined: any @param bandwidth - bytes a second; undefined: any */
  constructor(rate: number | undefined, bandwidth: number | undefined, clock: Clock) {
    this.#clock = clock;
    const now = clock.monotonic();
    if (rate !== undefined) this.#messages = new Bucket(rate, 1, now);
    if (bandwidth !== undefined) this.#bytes = new Bucket(bandwidth, 1, now);
  }

  sent(bytes: number, isBacklog: boolean): void {
    if (this.#messages === undefined && this.#bytes === undefined) return;
    const now = this.#clock.monotonic();
    this.#messages?.take(1, isBacklog, now);
    this.#bytes?.take(bytes, isBacklog, now);
  }

  /** ms until the next of the backlog may go; 0: now. */
  wait(): number {
    if (this.#messages === undefined && this.#bytes === undefined) return 0;
    const now = this.#clock.monotonic();
    return Math.max(this.#messages?.wait(now) ?? 0, this.#bytes?.wait(now) ?? 0);
  }
}
