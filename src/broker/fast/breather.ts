/**
 * A stream of small packets wakes the broker for each of them: it reads one, writes one and finds the next one there. Who
 * rests for a moment instead reads twenty at once, and spends half the processor time on each (test/bench Au).
 *
 * Only after many turns in a row that took no time and followed one another without a pause. A client that waits for its
 * answer leaves a pause; a turn with much to do takes time.
 */
import type { Clock } from '../../core/clock.js';

/** The next turn began within this time after the last one, ms: there was something to read already. */
const NO_PAUSE = 0.02;
/** From the first packet to the last write of a turn, ms. */
const SHORT_TURN = 0.1;
/** So many of these in a row. */
const MANY = 16;
/** ms; the system makes a tenth of a millisecond of it. */
const REST = 0.05;

const nobody = new Int32Array(new SharedArrayBuffer(4));

function sleep(ms: number): void {
  Atomics.wait(nobody, 0, 0, ms);
}

export class Breather {
  readonly #clock: Clock;
  readonly #sleep: (ms: number) => void;
  #beganAt = 0;
  #endedAt = 0;
  #restless = 0;

  /** @param rest - for so many ms; blocks */
  constructor(clock: Clock, rest: (ms: number) => void = sleep) {
    this.#clock = clock;
    this.#sleep = rest;
  }

  /** @param now - when the first packet of a turn came, monotonic ms */
  began(now: number): void {
    this.#beganAt = now;
  }

  /** Everything of the turn is written. @returns when that was, or its rest was over, monotonic ms */
  ended(): number {
    const now = this.#clock.monotonic();
    const isRestless = this.#beganAt - this.#endedAt < NO_PAUSE && now - this.#beganAt < SHORT_TURN;
    this.#endedAt = now;
    this.#restless = isRestless ? this.#restless + 1 : 0;
    if (this.#restless > MANY) {
      this.#sleep(REST);
      this.#endedAt = this.#clock.monotonic();
    }
    return this.#endedAt;
  }
}
