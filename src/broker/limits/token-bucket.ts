/** A rate with a burst: tokens come steadily, up to a full bucket. Taking may run into debt, which the next ones wait for. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #at: number;

  /**
   * @param perSecond - above 0
   * @param capacity - how many may be taken at once after a rest
   * @param now - monotonic ms, as in all methods
   */
  constructor(perSecond: number, capacity: number, now: number) {
    this.#perMs = perSecond / 1_000;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#at = now;
  }

  /** Takes them if they are there. */
  tryTake(count: number, now: number): boolean {
    this.#refill(now);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** Takes them in any case. @returns whether the bucket is in debt now */
  take(count: number, now: number): boolean {
    this.#refill(now);
    this.#tokens -= count;
    return this.#tokens < 0;
  }

  /** Until the debt is paid and `ahead` ms worth of tokens are there, ms. */
  wait(ahead: number, now: number): number {
    this.#refill(now);
    const wanted = Math.min(ahead * this.#perMs, this.#capacity);
    return this.#tokens >= wanted ? 0 : (wanted - this.#tokens) / this.#perMs;
  }

  isFull(now: number): boolean {
    this.#refill(now);
    return this.#tokens >= this.#capacity;
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
  }
}
