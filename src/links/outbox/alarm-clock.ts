/** One timer for several reasons: rings at the earliest moment that was asked for. */
import type { Clock, Timer } from '../../core/clock.js';

export class AlarmClock {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: Timer | undefined;
  /** Monotonic ms. */
  #at = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** @param ms - from now; Infinity: never */
  within(ms: number): void {
    const at = this.#clock.monotonic() + ms;
    if (at >= this.#at) return;
    this.cancel();
    this.#at = at;
    this.#timer = this.#clock.after(Math.max(0, ms), () => {
      this.cancel();
      this.#ring();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#at = Number.POSITIVE_INFINITY;
  }
}
