/** Time is injected, so that tests never wait for real time to pass. */

export interface Timer extends Disposable {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, Unix ms. May jump; only for what people see and for what travels. */
  now(): number;
  /** Monotonic ms since an arbitrary start; never jumps. All scheduling uses this. */
  monotonic(): number;
  /** Calls back once after `ms`. */
  after(ms: number, callback: () => void): Timer;
  /** Resolves after `ms`, or rejects with `signal.reason` as soon as the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Whether now() is the time of the world, or only counts on from the last time that was known. Absent: it is known. */
  readonly quality?: () => TimeQuality;
  /**
   * A time that now() gave earlier, corrected by what is known by now; the same where nothing is to be corrected.
   *
   * @param isUnsynced - it is known to be of the unsynced clock; without, a time that may be right stays
   */
  readonly rebased?: (unixMs: number, isUnsynced?: boolean) => number;
  /** What {@link rebased} corrects, in order; empty: nothing. */
  readonly corrections?: () => readonly TimeSegment[];
}

/** Times that now() gave while the clock was not known, and what is to be added to them. Unix ms. */
export interface TimeSegment {
  readonly from: number;
  readonly to: number;
  readonly offset: number;
}

export type TimeQuality = 'synced' | 'unsynced';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const handle = setTimeout(callback, ms);
    const cancel = () => clearTimeout(handle);
    return { cancel, [Symbol.dispose]: cancel };
  },
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(handle);
        reject(signal?.reason);
      };
      const handle = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};
