/** So many per second, and twice a second's worth at once after a rest; at least one. */
import type { Clock } from './clock.js';

export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, clock: Pick<Clock, 'monotonic'>, burst = Math.max(1, perSecond * 2)) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#at = clock.monotonic();
  }

  /** @returns false: that is too much now; nothing was taken */
  take(count = 1): boolean {
    if (this.#tokens < count) {
      const now = this.#clock.monotonic();
      this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) * this.#perSecond) / 1_000);
      this.#at = now;
      if (this.#tokens < count) return false;
    }
    this.#tokens -= count;
    return true;
  }
}
