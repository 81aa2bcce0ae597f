/**
 * Fuel for the calls of one version. What runs out of fuel holds up all messages for as long as the fuel lasts, and who does
 * so once often does it again at once: until a call has succeeded, the next ones get little more than those needed that did.
 */

/** Of the limit, where nothing is known of the version. */
const LEAST_SHARE = 1 / 16;
/** Of what a call that succeeded has used at most. */
const MARGIN = 2;

export class Allowance {
  readonly #limit: number;
  #most = 0;
  #isShort = false;

  /** @param limit - fuel of one call */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Of the next call. */
  get next(): number {
    if (!this.#isShort) return this.#limit;
    return Math.min(this.#limit, Math.max(MARGIN * this.#most, Math.ceil(LEAST_SHARE * this.#limit)));
  }

  /** @param fuel - that the call has used */
  succeeded(fuel: number): void {
    if (fuel > this.#most) this.#most = fuel;
    this.#isShort = false;
  }

  ranOut(): void {
    this.#isShort = true;
  }

  /** The next call gets all: the only one after a rest, say. */
  reset(): void {
    this.#isShort = false;
  }
}
