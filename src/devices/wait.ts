/** Waiting that ends by itself: no wait of a port or device is without a limit or a bell. */
import type { Clock } from '../core/clock.js';

/** Wakes all that wait, by ring() or by time. A ring that nobody waits for is forgotten. */
export class Bell {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param ms - wait at most this long; for ever when absent */
  wait(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer?.cancel();
        this.#waiting.delete(done);
        resolve();
      };
      const timer = ms === undefined ? undefined : this.#clock.after(ms, done);
      this.#waiting.add(done);
    });
  }

  ring(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

/**
 * Waits for a promise, but not for ever; how it settles does not matter.
 *
 * @returns false when `ms` passed first
 */
export function settles(clock: Clock, ms: number, promise: PromiseLike<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, () => resolve(false));
    const done = () => {
      timer.cancel();
      resolve(true);
    };
    promise.then(done, done);
  });
}

/** The promise, or the signal's reason as soon as it aborts. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => {});
    return Promise.reject(signal.reason);
  }
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const done = () => signal.removeEventListener('abort', onAbort);
    promise.then(
      (value) => {
        done();
        resolve(value);
      },
      (error) => {
        done();
        reject(error);
      },
    );
  });
}
