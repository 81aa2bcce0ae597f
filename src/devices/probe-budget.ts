import type { Clock } from '../core/clock.js';

/** Over what time the load of the wire is averaged, ms. */
const WINDOW_MS = 10_000;
/** Of the wire's time, on a wire that is never idle. */
const LEAST_SHARE = 0.03;
/** Of the time in which the wire would be idle. */
const IDLE_SHARE = 0.5;

/**
 * How much of a wire's time may be spent on devices that do not answer. Each attempt costs a time-out in which nobody
 * else is served; however many devices are absent, the others keep 97 % of a wire that they fill. What they leave idle
 * is used up to one half.
 */
export class ProbeBudget {
  readonly #clock: Clock;
  readonly #cap: number;
  #credit: number;
  #at: number;
  /** Time that the others used, forgotten exponentially, ms. */
  #work = 0;

  /**
   * @param initial - what may be spent at once, ms: each device is tried at the start
   * @param cap - what may be saved up, ms
   */
  constructor(clock: Clock, initial: number, cap: number) {
    this.#clock = clock;
    this.#credit = initial;
    this.#cap = cap;
    this.#at = clock.monotonic();
  }

  /** ms until the next attempt may be made; 0: now. */
  get wait(): number {
    this.#turn();
    return this.#credit > 0 ? 0 : (1 - this.#credit) / this.#share;
  }

  /** Wire time of an attempt, ms. */
  spent(ms: number): void {
    this.#turn();
    this.#credit -= ms;
  }

  /** Wire time of everything else, ms. */
  worked(ms: number): void {
    this.#turn();
    this.#work += ms;
  }

  get #share(): number {
    return Math.max(LEAST_SHARE, IDLE_SHARE * (1 - this.#work / WINDOW_MS));
  }

  #turn(): void {
    const now = this.#clock.monotonic();
    const ms = now - this.#at;
    this.#at = now;
    this.#credit = Math.max(this.#credit, Math.min(this.#cap, this.#credit + ms * this.#share));
    this.#work *= Math.exp(-ms / WINDOW_MS);
  }
}
