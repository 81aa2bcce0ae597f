import type { Clock } from '../core/clock.js';
import { Ring } from '../core/ring.js';

const DURATIONS = 128;
const BUCKETS = 60;

/** What a device's exchanges cost and how they ended. Constant memory; percentiles are computed only when someone looks. */
export class ExchangeStats {
  requests = 0;
  timeouts = 0;
  errors = 0;
  readonly #clock: Clock;
  readonly #durations = new Ring<number>(DURATIONS);
  #percentiles: { p50: number | null; p95: number | null } | undefined;
  /** Errors per second of the last minute, by second modulo 60. */
  readonly #errorBuckets = new Uint32Array(BUCKETS);
  #bucketSecond = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#bucketSecond = this.#second();
  }

  /** @param ms - time on the wire, from request to outcome */
  answered(ms: number): void {
    this.requests++;
    this.#durations.push(ms);
    this.#percentiles = undefined;
  }

  failed(timedOut: boolean): void {
    this.requests++;
    if (timedOut) this.timeouts++;
    this.error();
  }

  /** The device answered, but with a refusal. */
  error(): void {
    this.errors++;
    this.#turn();
    this.#errorBuckets[this.#bucketSecond % BUCKETS]!++;
  }

  /** Errors within the last 60 s. */
  errorsPerMinute(): number {
    this.#turn();
    return this.#errorBuckets.reduce((sum, count) => sum + count, 0);
  }

  exchangeMs(): { readonly p50: number | null; readonly p95: number | null } {
    if (this.#percentiles === undefined) {
      const sorted = [...this.#durations].sort((a, b) => a - b);
      const at = (share: number): number | null => {
        const ms = sorted[Math.ceil(share * sorted.length) - 1];
        return ms === undefined ? null : Math.round(ms * 10) / 10;
      };
      this.#percentiles = { p50: at(0.5), p95: at(0.95) };
    }
    return this.#percentiles;
  }

  #second(): number {
    return Math.floor(this.#clock.monotonic() / 1_000);
  }

  /** Empties the buckets of the seconds that passed without an error. */
  #turn(): void {
    const now = this.#second();
    const from = Math.max(this.#bucketSecond + 1, now - BUCKETS + 1);
    for (let second = from; second <= now; second++) this.#errorBuckets[second % BUCKETS] = 0;
    this.#bucketSecond = Math.max(this.#bucketSecond, now);
  }
}
