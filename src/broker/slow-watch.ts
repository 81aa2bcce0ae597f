/** Ends connections whose receivers take nothing, or too little for too long. Made for those that ever make us wait. */
import type { Clock, Timer } from '../core/clock.js';

export interface SlowLimits {
  readonly clock: Clock;
  /** No progress for so long while bytes wait: the receiver is stalled, ms. */
  readonly drainTimeout: number;
  /** Congested without a break for so long: the receiver is slow, ms; 0: it may be. */
  readonly congestionTimeout: number;
}

export interface Watched {
  readonly isWriting: boolean;
  stalled(): void;
  tooSlow(): void;
}

export class SlowWatch {
  readonly #limits: SlowLimits;
  readonly #watched: Watched;
  #progressAt = 0;
  #stallTimer: Timer | undefined;
  #slowTimer: Timer | undefined;
  readonly #look = () => {
    this.#stallTimer = undefined;
    if (!this.#watched.isWriting) return;
    const left = this.#progressAt + this.#limits.drainTimeout - this.#limits.clock.monotonic();
    if (left <= 0) this.#watched.stalled();
    else this.#watch(left);
  };

  constructor(limits: SlowLimits, watched: Watched) {
    this.#limits = limits;
    this.#watched = watched;
  }

  /** Something was taken, or is the first to be taken. */
  progress(): void {
    this.#progressAt = this.#limits.clock.monotonic();
  }

  /** The stream took a write and did not finish it. */
  waits(): void {
    this.#watch(this.#limits.drainTimeout);
  }

  /** One timer at most; it looks again instead of being moved with each write. */
  #watch(ms: number): void {
    this.#stallTimer ??= this.#limits.clock.after(ms, this.#look);
  }

  congested(): void {
    const { clock, congestionTimeout } = this.#limits;
    if (congestionTimeout > 0) this.#slowTimer = clock.after(congestionTimeout, () => this.#watched.tooSlow());
  }

  drained(): void {
    this.#slowTimer?.cancel();
  }

  close(): void {
    this.#stallTimer?.cancel();
    this.#slowTimer?.cancel();
  }
}
