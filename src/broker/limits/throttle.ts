/** Lets connections that exceeded their rate go on when it allows: one timer for all of them. */
import type { Clock, Timer } from '../../core/clock.js';

/** Resumed together when due within so many ms: a rate of 1,000/s costs 50 wake-ups a second, not 1,000. */
export const THROTTLE_STEP = 20;

interface Waiting {
  readonly due: number;
  readonly goOn: () => void;
}

export class Throttle implements Disposable {
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Calls `goOn` once, after `ms` or up to {@link THROTTLE_STEP} later. */
  wait(ms: number, goOn: () => void): void {
    const due = this.#clock.monotonic() + ms;
    this.#waiting.push({ due, goOn });
    if (this.#timer === undefined || due < this.#timerDue - THROTTLE_STEP) this.#arm(due);
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#waiting = [];
  }

  #arm(due: number): void {
    this.#timer?.cancel();
    this.#timerDue = due + THROTTLE_STEP;
    this.#timer = this.#clock.after(Math.max(0, this.#timerDue - this.#clock.monotonic()), () => this.#fire());
  }

  #fire(): void {
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
    const now = this.#clock.monotonic();
    const waiting = this.#waiting;
    this.#waiting = [];
    let next = Number.POSITIVE_INFINITY;
    for (const one of waiting) {
      if (one.due > now) {
        this.#waiting.push(one);
        next = Math.min(next, one.due);
      } else one.goOn();
    }
    if (next < Number.POSITIVE_INFINITY && next + THROTTLE_STEP < this.#timerDue) this.#arm(next);
  }
}
