/**
 * A clock for machines without a battery behind theirs. At start the wall clock is compared with a floor, a time that has
 * surely passed. Below it the clock is wrong, and until it is set:
 *
 * - now() counts on from the floor, so that times grow and never repeat those of earlier runs;
 * - such times are marked, and `rebased` corrects them once the clock was set, also after a restart.
 */
import type { Clock, TimeQuality, Timer, TimeSegment } from './clock.js';

export interface GuardedClockOptions {
  /** The time has surely passed, Unix ms. */
  readonly floor: number;
  /** Where counting starts with the clock unknown: beyond all times given before. */
  readonly base: number;
  /** Of earlier runs. */
  readonly segments: readonly TimeSegment[];
  /** The clock was set; `segment`: what is to be corrected. */
  readonly onKnown: (segment: TimeSegment) => void;
}

/** Steps of the wall clock smaller than this, ms, are its usual correction. */
const STEP = 1_000;
const MOST_SEGMENTS = 32;

export class GuardedClock implements Clock {
  readonly #clock: Clock;
  readonly #o: GuardedClockOptions;
  readonly #startedAt: number;
  #isKnown: boolean;
  #segments: readonly TimeSegment[];
  /** Wall clock minus monotonic time, as last seen. */
  #difference: number;

  constructor(clock: Clock, options: GuardedClockOptions) {
    this.#clock = clock;
    this.#o = options;
    this.#startedAt = clock.monotonic();
    this.#isKnown = clock.now() >= options.floor;
    this.#segments = options.segments;
    this.#difference = clock.now() - clock.monotonic();
  }

  now(): number {
    if (this.#isKnown) return this.#clock.now();
    this.look();
    return this.#isKnown ? this.#clock.now() : this.#guess();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(ms: number, callback: () => void): Timer {
    return this.#clock.after(ms, callback);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }

  readonly quality = (): TimeQuality => (this.#isKnown ? 'synced' : 'unsynced');
  readonly corrections = (): readonly TimeSegment[] => this.#segments;

  readonly rebased = (unixMs: number, isUnsynced = false): number => {
    for (const { from, to, offset } of this.#segments) {
      if (unixMs < from || unixMs > to) continue;
      // Guessed ahead of the true time, which came to the end of this segment later: from `to + offset` on either may be meant.
      const mayBeRight = unixMs >= to + offset && unixMs <= this.now();
      return mayBeRight && !isUnsynced ? unixMs : unixMs + offset;
    }
    return unixMs;
  };

  /** Has the clock been set? @returns by how much it stepped since the last look, ms; 0: it did not */
  look(): number {
    const wall = this.#clock.now();
    const difference = wall - this.#clock.monotonic();
    const step = difference - this.#difference;
    this.#difference = difference;
    // Set means: had it been right from the start, the start would have been after the floor.
    if (!this.#isKnown && difference + this.#startedAt >= this.#o.floor) {
      const to = this.#guess();
      const segment = { from: this.#o.base, to, offset: wall - to };
      this.#isKnown = true;
      this.#segments = [...this.#segments, segment].slice(-MOST_SEGMENTS);
      this.#o.onKnown(segment);
    }
    return Math.abs(step) >= STEP ? step : 0;
  }

  #guess(): number {
    return Math.round(this.#o.base + this.#clock.monotonic() - this.#startedAt);
  }
}
