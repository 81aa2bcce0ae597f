/**
 * One write per socket and turn of the event loop, and one `setImmediate` for all of them.
 *
 * What one sends who has more to do than a slice (limits/turns.ts) waits a little longer, unless somebody else has
 * something to send: of a flood the writes are most of the cost (test/bench F).
 *
 * After a pause nobody else is likely to come in the same turn: what is sent then is written at the end of the callback that
 * sent it, which saves a look for more events and a phase of the event loop (test/bench J). So is what comes one by one, each a
 * moment after the last one was written: a client that waits for its answer before it goes on (A1, D1).
 */
import type { Clock } from '../../core/clock.js';
import type { Turns } from '../limits/turns.js';
import type { Breather } from './breather.js';

/** What a flood sends is written after so long, ms: a few slices. */
const LATEST = 1;
/** Nothing was written for so long, ms: more than a turn of many connections takes to begin again. */
const PAUSE = 0.4;
/** What comes within this time after the last write may be of the same turn, ms. */
const MOMENT = 0.02;
/** After so many that came one by one, the next one is expected to be alone, too; what comes together weighs as much as so many. */
const MANY = 16;

/** Its `then` is called at the end of the callback, too, and `process.nextTick` alone is 5 % of what a message costs (test/bench J). */
const settled = Promise.resolve();

export interface Flushable {
  flush(): void;
}

export class Flushes {
  /** The first {@link #count} of it; the others are left from turns before. Two, as flushing adds more. */
  #due: (Flushable | undefined)[] = [];
  #spare: (Flushable | undefined)[] = [];
  #count = 0;
  /** Somebody sent something who does not work in turns. */
  #isUrgent = false;
  /** Of what waits because it is not urgent; 0: nothing does. */
  #dueAt = 0;
  /** In the turn before, somebody had more to do. */
  #wasFlooded = false;
  /** The last write of the last turn. */
  #endedAt = 0;
  /** So many came more than a moment after the last one was written, at most twice {@link MANY}. */
  #oneByOne = 0;
  #isReading = false;
  /** {@link #isUrgent} when the callback began. */
  #wasUrgent = false;
  /** What was added is written by {@link endRead}. */
  #isForEnd = false;
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #breather: Breather | undefined;
  readonly #run = () => this.#flush();

  constructor(clock: Clock, turns: Turns, breather?: Breather) {
    this.#clock = clock;
    this.#turns = turns;
    this.#breather = breather;
  }

  /** Calls {@link Flushable.flush} at the end of this callback or turn, or of one soon after. */
  add(one: Flushable): void {
    if (this.#count === 0) {
      const now = this.#clock.monotonic();
      const pause = now - this.#endedAt;
      this.#came(pause);
      if (pause <= PAUSE && this.#oneByOne <= MANY) setImmediate(this.#run);
      else if (this.#isReading) this.#isForEnd = true;
      else void settled.then(this.#run);
    }
    this.#due[this.#count++] = one;
    this.addMore();
  }

  /** A callback begins, and {@link endRead} will be called at its end: a call costs less than a promise (test/bench A1). */
  beginRead(): void {
    this.#isReading = true;
    this.#wasUrgent = this.#isUrgent;
  }

  /** @param isFlood - there is more to read than a slice: what it began with is part of it */
  endRead(isFlood: boolean): void {
    this.#isReading = false;
    if (isFlood) this.#isUrgent = this.#wasUrgent;
    if (!this.#isForEnd) return;
    this.#isForEnd = false;
    this.#flush();
  }

  /** @param pause - since the last write, ms */
  #came(pause: number): void {
    if (pause < MOMENT) this.#oneByOne = Math.max(0, this.#oneByOne - MANY);
    else if (this.#oneByOne < 2 * MANY) this.#oneByOne++;
  }

  /** More for one that was added already. */
  addMore(): void {
    if (!this.#turns.isRunning) this.#isUrgent = true;
  }

  #flush(): void {
    if (!this.#isUrgent && this.#mayWait()) {
      setImmediate(this.#run);
      return;
    }
    this.#isUrgent = false;
    this.#dueAt = 0;
    const due = this.#due;
    const count = this.#count;
    // What is added meanwhile is for the next turn.
    this.#due = this.#spare;
    this.#count = 0;
    this.#spare = due;
    for (let i = 0; i < count; i++) {
      const one = due[i]!;
      due[i] = undefined;
      one.flush();
    }
    this.#endedAt = this.#breather?.ended() ?? this.#clock.monotonic();
  }

  /** One turn more than the flood, whose next bytes are read in it. */
  #mayWait(): boolean {
    const { isWaiting } = this.#turns;
    const isFlooded = isWaiting || this.#wasFlooded;
    this.#wasFlooded = isWaiting;
    if (!isFlooded) return false;
    const now = this.#clock.monotonic();
    if (this.#dueAt === 0) this.#dueAt = now + LATEST;
    return now < this.#dueAt;
  }
}
