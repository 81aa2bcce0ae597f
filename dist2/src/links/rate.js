const BUCKETS = 10;
class Rate {
  #clock;
  #startedAt;
  #counts = new Float64Array(BUCKETS);
  /** Number of the second that was counted last. */
  #second;
  total = 0;
  constructor(clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    this.#second = 0;
  }
  add() {
    this.#turn();
    this.#counts[this.#second % BUCKETS] += 1;
    this.total++;
  }
  perSecond() {
    this.#turn();
    let sum = 0;
    for (const count of this.#counts) sum += count;
    const seconds = Math.max(1, Math.min(BUCKETS, (this.#clock.monotonic() - this.#startedAt) / 1e3));
    return sum / seconds;
  }
  /** Clears the buckets of the seconds in which nothing was counted. */
  #turn() {
    const now = Math.floor((this.#clock.monotonic() - this.#startedAt) / 1e3);
    for (let second = Math.max(this.#second + 1, now - BUCKETS + 1); second <= now; second++) {
      this.#counts[second % BUCKETS] = 0;
    }
    this.#second = Math.max(now, this.#second);
  }
}
export {
  Rate
};
//# sourceMappingURL=rate.js.map
