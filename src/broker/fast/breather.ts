/**
 * A stream of small packets wakes the broker for each of them: it reads one, writes one and finds the next one there. Who
 * rests for a moment instead reads twenty at once, and spends half the processor time on each (test/bench Au).
 *
 * Only after many turns in a row that took no time and between which nothing was waited for: who waits for its answer before
 * it goes on lets the event loop wait. That cannot be seen behind a rest, in which everything arrives: after some of them it
 * is looked again.
 */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../core/clock.js';

/** From the last write of a turn to the first packet of the next, ms: nothing else was done meanwhile. */
const SHORT_PAUSE = 0.1;
/** From the first packet to the last write of a turn, ms. */
const SHORT_TURN = 0.1;
/** So many of these in a row. */
const MANY = 16;
/** So many rests, then so many turns without again. */
const RESTS = 64;
/** ms; the system makes a tenth of a millisecond of it. */
const REST = 0.05;

const nobody = new Int32Array(new SharedArrayBuffer(4));

function sleep(ms: number): void {
  Atomics.wait(nobody, 0, 0, ms);
}

export interface BreatherOptions {
  /** For so many ms; blocks. */
  readonly rest?: (ms: number) => void;
  /** What the event loop has waited for something to do so far, ms. */
  readonly waited?: () => number;
}

export class Breather {
  readonly #clock: Clock;
  readonly #rest: (ms: number) => void;
  readonly #waited: () => number;
  #beganAt = 0;
  #endedAt = 0;
  /** {@link #waited} when it was asked last. */
  #waitedBefore = 0;
  #restless = 0;

  constructor(clock: Clock, { rest = sleep, waited = () => performance.nodeTiming.idleTime }: BreatherOptions = {}) {
    this.#clock = clock;
    this.#rest = rest;
    this.#waited = waited;
  }

  /** @param now - when the first packet of a turn came, monotonic ms */
  began(now: number): void {
    this.#beganAt = now;
  }

  /** Everything of the turn is written. @returns when that was, or its rest was over, monotonic ms */
  ended(): number {
    const now = this.#clock.monotonic();
    const isShort = this.#beganAt - this.#endedAt < SHORT_PAUSE && now - this.#beganAt < SHORT_TURN;
    this.#endedAt = now;
    this.#restless = isShort && !this.#hasWaited() ? this.#restless + 1 : 0;
    if (this.#restless > MANY) {
      if (this.#restless === MANY + RESTS) this.#restless = 0;
      this.#rest(REST);
      this.#endedAt = this.#clock.monotonic();
    }
    return this.#endedAt;
  }

  #hasWaited(): boolean {
    const before = this.#waitedBefore;
    this.#waitedBefore = this.#waited();
    return this.#waitedBefore !== before;
  }
}
