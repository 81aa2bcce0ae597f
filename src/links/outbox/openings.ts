/** When a route that sends nothing now will send again. */
import type { Clock } from '../../core/clock.js';
import type { OutRoute } from '../route-types.js';

export class Openings {
  readonly #clock: Clock;
  /** Unix ms. */
  #at = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the route sends now; if not, it is remembered when it will. */
  isOpen({ schedule }: OutRoute): boolean {
    if (schedule === undefined) return true;
    const now = this.#clock.now();
    if (schedule.isOpen(now)) return true;
    this.#at = Math.min(this.#at, schedule.nextChange(now));
    return false;
  }

  /** ms until the next of them; Infinity: none is closed. */
  wait(): number {
    return this.#at === Number.POSITIVE_INFINITY ? this.#at : Math.max(0, this.#at - this.#clock.now());
  }

  /** They are to be asked again. */
  reset(): void {
    this.#at = Number.POSITIVE_INFINITY;
  }
}
