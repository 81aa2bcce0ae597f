/**
 * A stream of small packets wakes the broker for each of them: it reads one, writes one and finds the next one there. Who
 * rests for a moment instead reads twenty at once, and spends half the processor time on each (test/bench Au).
 *
 * Only after many turns in a row that took no time and between which nothing was waited for: who waits for its answer before
 * it goes on lets the event loop wait. Each has to be a round of the event loop of its own: what many sent at the same time is
 * there already. Neither can be seen behind a rest, in which everything arrives: after some of them it is looked again.
 */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../core/clock.js';

/**
 * From the last write of a turn to that of the next, ms: what it takes to be woken, to read and to write, on a slow machine, too.
 * Who has more to do than that, for this packet or for others, has no time to rest.
 */
const SHORT = 0.06;
/** The same behind a rest, when there are many packets to read and to write. */
const SHORT_AFTER_REST = 0.12;
/** So many of these in a row. */
const MANY = 16;
/** So many rests, then {@link MANY} turns without again. */
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
  readonly loop?: EventLoop;
}

export interface EventLoop {
  /** How long it has waited for something to do so far, ms. */
  waited(): number;
  /** How many rounds it has begun; takes longer to say. */
  rounds(): number;
}

const ownLoop: EventLoop = {
  waited: () => performance.nodeTiming.idleTime,
  rounds: () => performance.nodeTiming.uvMetricsInfo.loopCount,
};

export class Breather {
  readonly #clock: Clock;
  readonly #rest: (ms: number) => void;
  readonly #loop: EventLoop;
  #endedAt = 0;
  /** Of the event loop, as of when it was asked last. */
  #waited = 0;
  #rounds = 0;
  #restless = 0;

  constructor(clock: Clock, { rest = sleep, loop = ownLoop }: BreatherOptions = {}) {
    this.#clock = clock;
    this.#rest = rest;
    this.#loop = loop;
  }

  /** Everything of the turn is written. @returns when that was, or its rest was over, monotonic ms */
  ended(): number {
    const now = this.#clock.monotonic();
    const isShort = now - this.#endedAt < (this.#restless > MANY ? SHORT_AFTER_REST : SHORT);
    this.#endedAt = now;
    if (!isShort || this.#hasWaited()) this.#restless = 0;
    else if (this.#isOneByOne(++this.#restless)) {
      if (this.#restless === MANY + RESTS) this.#restless = 0;
      this.#rest(REST);
      this.#endedAt = this.#clock.monotonic();
    }
    return this.#endedAt;
  }

  #hasWaited(): boolean {
    const before = this.#waited;
    this.#waited = this.#loop.waited();
    return this.#waited !== before;
  }

  /** Begins anew where it is not so. @param turns - so many in a row. @returns whether there were many, each in a round of its own */
  #isOneByOne(turns: number): boolean {
    if (turns > 1 && turns < MANY) return false;
    const before = this.#rounds;
    this.#rounds = this.#loop.rounds();
    if (turns === 1) return false;
    const isSo = this.#rounds - before >= (turns === MANY ? MANY - 1 : 1);
    if (!isSo) this.#restless = 0;
    return isSo && turns > MANY;
  }
}
