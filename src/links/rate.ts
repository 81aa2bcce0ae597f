/** Events per second over the last ten seconds. */
import type { Clock } from '../core/clock.js';

const BUCKETS = 10;

export class Rate {
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #counts = new Float64Array(BUCKETS);
  /** Number of the second that was counted last. */
  #second: number;
  total = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    this.#second = 0;
  }

  add(): void {
    this.#turn();
    this.#counts[this.#second % BUCKETS]! += 1;
    this.total++;
  }

  perSecond(): number {
    this.#turn();
    let sum = 0;
    for (const count of this.#counts) sum += count;
    const seconds = Math.max(1, Math.min(BUCKETS, (this.#clock.monotonic() - this.#startedAt) / 1_000));
    return sum / seconds;
  }

  /** Clears the buckets of the seconds in which nothing was counted. */
  #turn(): void {
    const now = Math.floor((this.#clock.monotonic() - this.#startedAt) / 1_000);
    for (let second = Math.max(this.#second + 1, now - BUCKETS + 1); second <= now; second++) {
      this.#counts[second % BUCKETS] = 0;
    }
    this.#second = Math.max(now, this.#second);
  }
}
