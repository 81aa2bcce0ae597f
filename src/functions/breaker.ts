/**
 * Keeps a function that fails from being asked.
 *
 *   closed ─ too many failures within a time ─▶ open ─ rest ─▶ half-open (one call) ─ success ─▶ closed
 *                                               ▲                   └── failure ──┐
 *                                               └─────────────────────────────────┘
 */
import type { Clock } from '../core/clock.js';
import type { BreakerConfig } from '../core/config.js';

/** A single failure proves little, however long it took. */
const FEWEST = 2;

export type BreakerState = 'closed' | 'open' | 'half-open';

export class Breaker {
  readonly #config: BreakerConfig;
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** The last failures: when, monotonic ms, and what they cost, ms. */
  #failures: { readonly at: number; readonly ms: number }[] = [];
  #openedAt = 0;
  #state: BreakerState = 'closed';
  #isTrying = false;

  constructor(config: BreakerConfig, clock: Pick<Clock, 'monotonic'>) {
    this.#config = config;
    this.#clock = clock;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Until the next try, ms; 0 when it is not open. */
  get rest(): number {
    return this.#state === 'open' ? Math.max(0, this.#openedAt + this.#config.rest - this.#clock.monotonic()) : 0;
  }

  /** Whether the function may be asked now. Who asks it then says how it went. */
  admits(): boolean {
    if (this.#state === 'closed') return true;
    if (this.#state === 'open') {
      if (this.rest > 0) return false;
      this.#state = 'half-open';
      this.#isTrying = false;
    }
    if (this.#isTrying) return false;
    this.#isTrying = true;
    return true;
  }

  /** It was not asked after all. */
  spared(): void {
    this.#isTrying = false;
  }

  /** @returns whether it has closed by this */
  succeeded(): boolean {
    if (this.#state !== 'half-open' || !this.#isTrying) return false;
    this.reset();
    return true;
  }

  /** @param ms - that all messages waited for it. @returns whether it has opened by this */
  failed(ms = 0): boolean {
    const now = this.#clock.monotonic();
    // Calls that were on their way when it opened.
    if (this.#state === 'open') return false;
    if (this.#state === 'closed') {
      const { traps, time, within } = this.#config;
      this.#failures.push({ at: now, ms });
      while (this.#failures.length > traps || now - this.#failures[0]!.at > within) this.#failures.shift();
      const lost = this.#failures.reduce((sum, one) => sum + one.ms, 0);
      const isCostly = this.#failures.length >= FEWEST && lost >= time;
      if (!isCostly && this.#failures.length < traps) return false;
    }
    this.#failures = [];
    this.#state = 'open';
    this.#isTrying = false;
    this.#openedAt = now;
    return true;
  }

  reset(): void {
    this.#failures = [];
    this.#state = 'closed';
    this.#isTrying = false;
  }
}
