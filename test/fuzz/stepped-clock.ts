/** A clock that moves in steps, made for thousands of timers: unlike ManualClock nothing settles between two of them. */
import type { Clock, Timer } from '../../src/core/clock.js';

interface Waiting {
  readonly at: number;
  readonly callback: () => void;
}

export class SteppedClock implements Clock {
  readonly #start = Date.UTC(2026, 0, 1);
  #monotonic = 0;
  readonly #timers = new Set<Waiting>();

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#start + this.#monotonic;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, callback: () => void): Timer {
    const timer = { at: this.#monotonic + Math.max(0, ms), callback };
    this.#timers.add(timer);
    const cancel = () => void this.#timers.delete(timer);
    return { cancel, [Symbol.dispose]: cancel };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = this.after(ms, resolve);
      signal?.addEventListener('abort', () => {
        timer.cancel();
        reject(signal.reason);
      });
    });
  }

  /** Fires what is due by then, in order. What that starts waits for the next step. */
  advance(ms: number): void {
    this.#monotonic += ms;
    const due = [...this.#timers].filter(({ at }) => at <= this.#monotonic).sort((a, b) => a.at - b.at);
    for (const timer of due) if (this.#timers.delete(timer)) timer.callback();
  }
}
