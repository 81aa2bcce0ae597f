/** When to read: beats on the monotonic clock. A beat that is late is skipped and counted, never queued up. */
import type { Clock, Timer } from '../core/clock.js';

/** Node's timers hold 31 bits; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class Beats {
  readonly #clock: Clock;
  readonly #every: number;
  readonly #phase: number;
  readonly #onBeat: (skipped: number) => void;
  #next = 0;
  #timer: Timer | undefined;

  /**
   * @param every - ms between two beats
   * @param phase - when the first beat comes, as a share of `every`, above 0 to 1, so that groups do not beat together
   * @param onBeat - told how many beats were skipped before this one because the process was late
   */
  constructor(clock: Clock, every: number, phase: number, onBeat: (skipped: number) => void) {
    this.#clock = clock;
    this.#every = every;
    this.#phase = phase;
    this.#onBeat = onBeat;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#next = this.#clock.monotonic() + this.#every * this.#phase;
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const wait = Math.min(MAX_TIMER_MS, Math.max(0, this.#next - this.#clock.monotonic()));
    this.#timer = this.#clock.after(wait, () => {
      const late = this.#clock.monotonic() - this.#next;
      if (late < 0) return this.#arm();
      const skipped = Math.floor(late / this.#every);
      this.#next += (skipped + 1) * this.#every;
      this.#arm();
      this.#onBeat(skipped);
    });
  }
}
