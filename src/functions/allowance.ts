/**
 * Fuel for the calls of one version. What runs out of fuel holds up all messages for as long as the fuel lasts, and who does
 * so once often does it again at once: for a moment, or until a call has succeeded, the next ones get little more than those
 * needed that did.
 */

/** Of the limit, where nothing is known of the version. */
const LEAST_SHARE = 1 / 16;
/** Of what a call that succeeded has used at most. */
const MARGIN = 2;
/** For so long, ms: where messages are rarer, the others are not held up much, and one that needs more gets it. */
const MOMENT = 1_000;

export class Allowance {
  readonly limit: number;
  #most = 0;
  /** Monotonic ms. */
  #shortUntil = Number.NEGATIVE_INFINITY;

  /** @param limit - fuel of one call */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Of a call that begins at `now`, monotonic ms. */
  at(now: number): number {
    if (now >= this.#shortUntil) return this.limit;
    return Math.min(this.limit, Math.max(MARGIN * this.#most, Math.ceil(LEAST_SHARE * this.limit)));
  }

  /** @param fuel - that the call has used */
  succeeded(fuel: number): void {
    if (fuel > this.#most) this.#most = fuel;
    this.reset();
  }

  /** A call has used up what it had. */
  ranOut(now: number): void {
    if (now >= this.#shortUntil) this.#shortUntil = now + MOMENT;
  }

  /** The next call gets all: the only one after a rest, say. */
  reset(): void {
    this.#shortUntil = Number.NEGATIVE_INFINITY;
  }
}
