/**
 * One write per socket and turn of the event loop, and one `setImmediate` for all of them. Flushed at the end of each read
 * instead, a message to many clients that are written to by many costs four times as much (test/bench F).
 */
import type { Clock } from '../../core/clock.js';
import type { Turns } from '../limits/turns.js';

/** While somebody floods, writes are put off for so long, ms, which makes them fewer: half the cost of F. */
const LATEST = 0.5;

export interface Flushable {
  flush(): void;
}

export class Flushes {
  #due: Flushable[] = [];
  #spare: Flushable[] = [];
  readonly #clock: Clock;
  readonly #turns: Turns;
  #flushedAt = 0;
  readonly #run = () => this.#flush();

  /** @param turns - of those that have more to do than one turn allows */
  constructor(clock: Clock, turns: Turns) {
    this.#clock = clock;
    this.#turns = turns;
  }

  /** Calls {@link Flushable.flush} at the end of this turn. */
  add(one: Flushable): void {
    if (this.#due.push(one) === 1) setImmediate(this.#run);
  }

  #flush(): void {
    if (this.#turns.isWaiting) {
      const now = this.#clock.monotonic();
      const early = now - this.#flushedAt;
      if (early >= 0 && early < LATEST) {
        setImmediate(this.#run);
        return;
      }
      this.#flushedAt = now;
    }
    const due = this.#due;
    // What is added meanwhile is for the next turn.
    this.#due = this.#spare;
    for (let i = 0; i < due.length; i++) due[i]!.flush();
    due.length = 0;
    this.#spare = due;
  }
}
