/**
 * Shares the event loop among connections: who has more to do than one slice waits here, first come, first served.
 *
 *   poll: new packets of everybody ─▶ slices of those who wait, at most TURN_TIME in all ─▶ poll …
 *
 * So a flood costs the others one turn, however many connections it comes from, and costs nothing while nobody floods.
 */
import type { Clock } from '../../core/clock.js';

/** What one connection may do before others have their turn, ms. */
export const SLICE = 0.2;
/** All that wait together, per turn of the event loop, ms. */
const TURN_TIME = 0.2;

export class Turns {
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];
  #next = 0;
  #immediate: NodeJS.Immediate | undefined;
  readonly #run = () => this.#turn();
  /** Somebody is having a slice now. */
  isRunning = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Somebody has more to do. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** @param goOn - works for one {@link SLICE} at most, and may wait again; made once per connection */
  wait(goOn: () => void): void {
    this.#waiting.push(goOn);
    this.#immediate ??= setImmediate(this.#run);
  }

  #turn(): void {
    this.#immediate = undefined;
    const end = this.#clock.monotonic() + TURN_TIME;
    // Those that wait again come behind the others: each has one slice per round.
    const last = this.#waiting.length;
    this.isRunning = true;
    do this.#waiting[this.#next++]!();
    while (this.#next < last && this.#clock.monotonic() < end);
    this.isRunning = false;
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
      return;
    }
    if (this.#next >= 256) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    this.#immediate ??= setImmediate(this.#run);
  }
}
