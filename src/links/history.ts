/** What became of the connections of a link: the last outages with their causes, and how long heartbeats take. */
import type { GatewayError } from '../core/errors.js';
import type { LinkOutageView } from '../core/link-views.js';
import { Ring } from '../core/ring.js';

const MOST_OUTAGES = 20;
const MOST_TIMES = 128;

type Outage = { -readonly [K in keyof LinkOutageView]: LinkOutageView[K] };

export class LinkHistory {
  readonly #outages = new Ring<Outage>(MOST_OUTAGES);
  #open: Outage | undefined;
  connects = 0;

  /** The connection to `endpoint` is gone, or an attempt failed. */
  lost(endpoint: string | null, error: GatewayError, now: number): void {
    if (this.#open !== undefined) {
      // What follows tells more than the first cause only while there was never a connection.
      this.#open.failures++;
      if (this.#open.endpoint === null) {
        this.#open.code = error.code;
        this.#open.message = error.message;
      }
      return;
    }
    const failures = endpoint === null ? 1 : 0;
    this.#open = { at: now, endpoint, code: error.code, message: error.message, failures, endedAt: null };
    this.#outages.push(this.#open);
  }

  connected(now: number): void {
    this.connects++;
    if (this.#open !== undefined) this.#open.endedAt = now;
    this.#open = undefined;
  }

  view(): readonly LinkOutageView[] {
    return [...this.#outages].map((outage) => ({ ...outage }));
  }
}

/** Percentiles of the last round trips. */
export class RoundTrips {
  readonly #times = new Ring<number>(MOST_TIMES);

  add(ms: number): void {
    this.#times.push(ms);
  }

  view(): { readonly p50: number | null; readonly p99: number | null } {
    const sorted = Float64Array.from(this.#times).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    const rounded = (ms: number | undefined) => (ms === undefined ? null : Math.round(ms * 100) / 100);
    return { p50: rounded(at(0.5)), p99: rounded(at(0.99)) };
  }
}
