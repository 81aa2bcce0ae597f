/** A sum over the last minute, by seconds. Constant memory. */
import type { Clock } from '../core/clock.js';

const SECONDS = 60;

export class MinuteSum {
  readonly #clock: Clock;
  readonly #buckets = new Float64Array(SECONDS);
  readonly #startedAt: number;
  #second: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    this.#second = Math.floor(this.#startedAt / 1_000);
  }

  add(amount: number): void {
    this.#turn();
    this.#buckets[this.#second % SECONDS]! += amount;
  }

  /** Of the last 60 s. */
  sum(): number {
    this.#turn();
    return this.#buckets.reduce((sum, amount) => sum + amount, 0);
  }

  /** Per ms of the time that is covered: 60 s, less when it has not run as long. */
  perMs(): number {
    const now = this.#clock.monotonic();
    // The oldest bucket left is a whole one, the newest is not.
    const covered = Math.min(now - this.#startedAt, (SECONDS - 1) * 1_000 + (now % 1_000));
    return covered <= 0 ? 0 : this.sum() / covered;
  }

  /** Empties the buckets of the seconds that passed. */
  #turn(): void {
    const now = Math.floor(this.#clock.monotonic() / 1_000);
    const from = Math.max(this.#second + 1, now - SECONDS + 1);
    for (let second = from; second <= now; second++) this.#buckets[second % SECONDS] = 0;
    this.#second = Math.max(this.#second, now);
  }
}
