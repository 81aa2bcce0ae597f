class TokenBucket {
  #perMs;
  #capacity;
  #tokens;
  #at;
  /**
   * @param perSecond - above 0
   * @param capacity - how many may be taken at once after a rest
   * @param now - monotonic ms, as in all methods
   */
  constructor(perSecond, capacity, now) {
    this.#perMs = perSecond / 1e3;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#at = now;
  }
  /** Takes them if they are there. */
  tryTake(count, now) {
    this.#refill(now);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }
  /** Takes them in any case. @returns whether the bucket is in debt now */
  take(count, now) {
    this.#refill(now);
    this.#tokens -= count;
    return this.#tokens < 0;
  }
  /** Until the debt is paid and `ahead` ms worth of tokens are there, ms. */
  wait(ahead, now) {
    this.#refill(now);
    const wanted = Math.min(ahead * this.#perMs, this.#capacity);
    return this.#tokens >= wanted ? 0 : (wanted - this.#tokens) / this.#perMs;
  }
  isFull(now) {
    this.#refill(now);
    return this.#tokens >= this.#capacity;
  }
  #refill(now) {
    this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
  }
}
export {
  TokenBucket
};
//# sourceMappingURL=token-bucket.js.map
