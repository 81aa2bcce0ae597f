import { backoffDelays } from '../core/backoff.js';
import type { Clock, Timer } from '../core/clock.js';

/** Between two attempts to reach an offline device. */
const BACKOFF = { first: 500, max: 30_000 } as const;

/** When an absent device is tried again: growing delays, one attempt at a time. */
export class Probe {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #onDue: () => void;
  #delays: Generator<number, never>;
  #due = false;
  #timer: Timer | undefined;
  #nextTryAt: number | undefined;

  constructor(clock: Clock, random: () => number, onDue: () => void) {
    this.#clock = clock;
    this.#random = random;
    this.#onDue = onDue;
    this.#delays = backoffDelays(BACKOFF, random);
  }

  /** Unix ms; undefined when none is planned. */
  get nextTryAt(): number | undefined {
    return this.#nextTryAt;
  }

  /** The next delay is the shortest again. */
  reset(): void {
    this.#delays = backoffDelays(BACKOFF, this.#random);
  }

  later(): void {
    this.stop();
    const ms = this.#delays.next().value;
    this.#nextTryAt = this.#clock.now() + ms;
    this.#timer = this.#clock.after(ms, () => this.now());
  }

  now(): void {
    this.stop();
    this.#due = true;
    this.#onDue();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#due = false;
    this.#nextTryAt = undefined;
  }

  /** @returns whether an attempt is due; it is then taken */
  take(): boolean {
    const due = this.#due;
    this.#due = false;
    return due;
  }
}
