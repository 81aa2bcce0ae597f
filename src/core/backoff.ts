/** The one retry schedule of the gateway: exponential with full jitter in the upper half, for ever. */
export interface Backoff {
  /** First delay, ms. */
  readonly first: number;
  /** Longest delay, ms. */
  readonly max: number;
  /** Growth per attempt; 2 when absent. */
  readonly factor?: number;
}

/**
 * Yields delays in ms: each between half of and the full nominal delay, so that many gateways do not return at once.
 *
 * @param random - returns a number in [0, 1); injected for tests
 */
export function* backoffDelays(backoff: Backoff, random: () => number = Math.random): Generator<number, never> {
  let nominal = backoff.first;
  for (;;) {
    yield Math.round(nominal * (0.5 + random() / 2));
    nominal = Math.min(backoff.max, nominal * (backoff.factor ?? 2));
  }
}
