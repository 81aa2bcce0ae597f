import type { Clock } from '../core/clock.js';
import type { Outcome } from './exchange.js';
import { ExchangeStats } from './stats.js';

/** What goes over one wire. */
export class PortStats extends ExchangeStats {
  /** How often the wire was opened. */
  opens = 0;
  /** How long the wire was at rest before the exchange that was begun last, ms. */
  restedMs = 0;
  readonly #clock: Clock;
  #endedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    super(clock);
    this.#clock = clock;
  }

  begin(): void {
    this.restedMs = this.#clock.monotonic() - this.#endedAt;
  }

  end(outcome: Outcome<unknown>): void {
    this.#endedAt = this.#clock.monotonic();
    this.count(outcome);
  }
}
