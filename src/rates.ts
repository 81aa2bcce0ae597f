/** Turns counters that only grow into rates, sampled once a second. */
import type { Clock, Timer } from './core/clock.js';
import { Ring } from './core/ring.js';

const SAMPLE_MS = 1_000;
const WINDOW_SAMPLES = 6;

export class Rates<K extends string> implements Disposable {
  readonly #clock: Clock;
  readonly #read: () => Readonly<Record<K, number>>;
  readonly #samples = new Ring<{ at: number; counters: Readonly<Record<K, number>> }>(WINDOW_SAMPLES);
  #timer: Timer;

  constructor(clock: Clock, read: () => Readonly<Record<K, number>>) {
    this.#clock = clock;
    this.#read = read;
    this.#timer = clock.after(0, () => this.#sample());
  }

  /** Per second over the last five seconds; 0 before the second sample. */
  perSecond(key: K): number {
    const samples = [...this.#samples];
    const first = samples[0];
    const last = samples.at(-1);
    if (first === undefined || last === undefined || last.at === first.at) return 0;
    return ((last.counters[key] - first.counters[key]) * 1_000) / (last.at - first.at);
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  #sample(): void {
    this.#samples.push({ at: this.#clock.monotonic(), counters: this.#read() });
    this.#timer = this.#clock.after(SAMPLE_MS, () => this.#sample());
  }
}
