/** Notices a far side that takes messages and acknowledges none. */
import type { Clock, Timer } from '../../core/clock.js';

/** Without any acknowledgement for this long, ms, the connection is given up. */
const STALL_TIMEOUT = 60_000;

export class Stall {
  readonly #clock: Clock;
  readonly #inFlight: () => number;
  readonly #onStalled: (silentMs: number) => void;
  #timer: Timer | undefined;
  /** Monotonic ms of the last acknowledgement, or of the first message sent after a pause. */
  #progressAt = 0;

  constructor(clock: Clock, inFlight: () => number, onStalled: (silentMs: number) => void) {
    this.#clock = clock;
    this.#inFlight = inFlight;
    this.#onStalled = onStalled;
  }

  /** Something was acknowledged. */
  progress(): void {
    this.#progressAt = this.#clock.monotonic();
  }

  /** Something was sent. */
  watch(): void {
    if (this.#inFlight() === 1) this.progress();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#inFlight() === 0) return;
    const wait = Math.max(0, this.#progressAt + STALL_TIMEOUT - this.#clock.monotonic());
    this.#timer = this.#clock.after(wait, () => {
      this.#timer = undefined;
      const silentMs = this.#clock.monotonic() - this.#progressAt;
      if (this.#inFlight() > 0 && silentMs >= STALL_TIMEOUT) this.#onStalled(silentMs);
      else this.#arm();
    });
  }
}
