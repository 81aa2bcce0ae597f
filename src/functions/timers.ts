/** on_timer at its beat, on_start once. A beat that comes while a call is under way is left out. */
import type { Clock, Timer } from '../core/clock.js';
import { extend } from './chain.js';
import { Failure, type Outcome } from './failure.js';
import { timeFrame } from './frame-writer.js';
import { outputsOf } from './outputs.js';
import { within } from './pipeline.js';
import type { Publisher } from './publisher.js';
import type { Slot } from './slot.js';

export class FunctionTimer implements Disposable {
  readonly #slot: Slot;
  readonly #every: number;
  readonly #clock: Clock;
  readonly #publisher: Publisher;
  #timer: Timer;
  #due: number;
  #isUnderWay = false;

  /** @param every - ms */
  constructor(slot: Slot, every: number, clock: Clock, publisher: Publisher) {
    this.#slot = slot;
    this.#every = every;
    this.#clock = clock;
    this.#publisher = publisher;
    this.#due = clock.monotonic() + every;
    this.#timer = clock.after(every, this.#beat);
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  readonly #beat = (): void => {
    const now = this.#clock.monotonic();
    this.#due += this.#every * Math.max(1, Math.ceil((now - this.#due) / this.#every));
    this.#timer = this.#clock.after(Math.max(1, this.#due - now), this.#beat);
    if (this.#isUnderWay || this.#slot.isPaused) return;
    const called = callAtTime(this.#slot, 'on_timer', this.#clock, this.#publisher);
    if (called === undefined) return;
    this.#isUnderWay = true;
    void called.then(() => {
      this.#isUnderWay = false;
    });
  };
}

/** @returns a promise where the function waits; it never rejects */
export function callAtTime(
  slot: Slot,
  hook: 'on_timer' | 'on_start',
  clock: Clock,
  publisher: Publisher,
): Promise<void> | undefined {
  const chain = extend(undefined, slot.name);
  const publish = (outcome: Outcome) => {
    if (outcome instanceof Failure) return;
    const records = outputsOf(slot.config, outcome);
    if (records instanceof Failure) slot.failed(records);
    else publisher.publish(slot, within(slot, records, 0), chain);
  };
  const outcome = slot.call(hook, timeFrame(clock.now()), chain);
  if (outcome instanceof Promise) return outcome.then(publish);
  publish(outcome);
  return undefined;
}
