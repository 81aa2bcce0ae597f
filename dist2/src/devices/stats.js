import { Ring } from "../core/ring.js";
const DURATIONS = 128;
const BUCKETS = 60;
class ExchangeStats {
  requests = 0;
  timeouts = 0;
  errors = 0;
  #clock;
  #durations = new Ring(DURATIONS);
  #percentiles;
  /** Errors per second of the last minute, by second modulo 60. */
  #errorBuckets = new Uint32Array(BUCKETS);
  #bucketSecond = 0;
  constructor(clock) {
    this.#clock = clock;
    this.#bucketSecond = this.#second();
  }
  /** @param ms - time on the wire, from request to outcome */
  answered(ms) {
    this.requests++;
    this.#durations.push(ms);
    this.#percentiles = void 0;
  }
  failed(timedOut) {
    this.requests++;
    if (timedOut) this.timeouts++;
    this.error();
  }
  /** The device answered, but with a refusal. */
  error() {
    this.errors++;
    this.#turn();
    this.#errorBuckets[this.#bucketSecond % BUCKETS]++;
  }
  /** Errors within the last 60 s. */
  errorsPerMinute() {
    this.#turn();
    return this.#errorBuckets.reduce((sum, count) => sum + count, 0);
  }
  exchangeMs() {
    if (this.#percentiles === void 0) {
      const sorted = [...this.#durations].sort((a, b) => a - b);
      const at = (share) => {
        const ms = sorted[Math.ceil(share * sorted.length) - 1];
        return ms === void 0 ? null : Math.round(ms * 10) / 10;
      };
      this.#percentiles = { p50: at(0.5), p95: at(0.95) };
    }
    return this.#percentiles;
  }
  #second() {
    return Math.floor(this.#clock.monotonic() / 1e3);
  }
  /** Empties the buckets of the seconds that passed without an error. */
  #turn() {
    const now = this.#second();
    const from = Math.max(this.#bucketSecond + 1, now - BUCKETS + 1);
    for (let second = from; second <= now; second++) this.#errorBuckets[second % BUCKETS] = 0;
    this.#bucketSecond = Math.max(this.#bucketSecond, now);
  }
}
export {
  ExchangeStats
};
//# sourceMappingURL=stats.js.map
