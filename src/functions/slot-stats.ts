/** Figures of one function. */
import type { Clock } from '../core/clock.js';
import type { FailureCause } from './failure.js';

/** Durations kept for the percentiles. */
const KEPT = 512;
/** Seconds over which the rate is taken. */
const WINDOW = 10;

export class SlotStats {
  calls = 0;
  messagesOut = 0;
  passed = 0;
  dropped = 0;
  deadLetters = 0;
  rateLimited = 0;
  fuelUsed = 0;
  readonly failures: Partial<Record<FailureCause, number>> = {};
  lastFailure: { readonly cause: FailureCause; readonly message: string; readonly at: number } | undefined;
  readonly #clock: Clock;
  readonly #durations = new Float64Array(KEPT);
  #measured = 0;
  /** Calls by second, round and round. */
  readonly #perSecond = new Float64Array(WINDOW + 1);
  #second = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#second = Math.floor(clock.monotonic() / 1_000);
  }

  /** @param ms - monotonic; now: when it ended */
  called(ms: number, now: number): void {
    this.calls++;
    this.#durations[this.#measured++ % KEPT] = ms;
    this.#turnTo(Math.floor(now / 1_000));
    this.#perSecond[this.#second % (WINDOW + 1)]!++;
  }

  failed(cause: FailureCause, message: string): void {
    this.failures[cause] = (this.failures[cause] ?? 0) + 1;
    this.lastFailure = { cause, message, at: this.#clock.now() };
  }

  get callsPerSecond(): number {
    this.#turnTo(Math.floor(this.#clock.monotonic() / 1_000));
    let sum = 0;
    for (let i = 1; i <= WINDOW; i++) sum += this.#perSecond[(this.#second - i + (WINDOW + 1) * 2) % (WINDOW + 1)]!;
    return sum / WINDOW;
  }

  get ms(): { readonly p50: number | null; readonly p95: number | null; readonly max: number | null } {
    const count = Math.min(KEPT, this.#measured);
    if (count === 0) return { p50: null, p95: null, max: null };
    const sorted = this.#durations.slice(0, count).sort();
    return {
      p50: sorted[Math.floor((count - 1) * 0.5)]!,
      p95: sorted[Math.floor((count - 1) * 0.95)]!,
      max: sorted[count - 1]!,
    };
  }

  #turnTo(second: number): void {
    if (second - this.#second > WINDOW) this.#perSecond.fill(0);
    else for (let one = this.#second + 1; one <= second; one++) this.#perSecond[one % (WINDOW + 1)] = 0;
    if (second > this.#second) this.#second = second;
  }
}
