/**
 * One write per socket and turn of the event loop, and one `setImmediate` for all of them. Flushed at the end of each read
 * instead, a message to many clients that are written to by many costs four times as much (test/bench F).
 */

export interface Flushable {
  flush(): void;
}

export class Flushes {
  #due: Flushable[] = [];
  #spare: Flushable[] = [];
  readonly #run = () => this.#flush();

  /** Calls {@link Flushable.flush} at the end of this turn. */
  add(one: Flushable): void {
    if (this.#due.push(one) === 1) setImmediate(this.#run);
  }

  #flush(): void {
    const due = this.#due;
    // What is added meanwhile is for the next turn.
    this.#due = this.#spare;
    for (let i = 0; i < due.length; i++) due[i]!.flush();
    due.length = 0;
    this.#spare = due;
  }
}
