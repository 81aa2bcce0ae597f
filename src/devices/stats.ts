import type { Clock } from '../core/clock.js';
import type { GatewayError } from '../core/errors.js';
import { Ring } from '../core/ring.js';
import type { ExchangeTimes } from '../core/views.js';
import type { Outcome } from './exchange.js';
import { MinuteSum } from './window.js';

const DURATIONS = 256;
/** Latencies are taken from the last of the exchanges. */
const LATENCIES = 32;
/** Exchanges before the latency counts as measured. */
const ENOUGH = 4;
/** Codes beyond are counted together, under 0. */
const MOST_CODES = 32;

/** What exchanges cost and how they ended: of one device, or of all on one wire. Constant memory; percentiles are computed only when someone looks. */
export class ExchangeStats {
  requests = 0;
  timeouts = 0;
  errors = 0;
  /** Requests that were answered with damage: a wrong checksum. */
  crcErrors = 0;
  /** Refusals by exception code. */
  readonly exceptions = new Map<number, number>();
  readonly #durations = new Ring<number>(DURATIONS);
  readonly #latencies = new Ring<number>(LATENCIES);
  #percentiles: ExchangeTimes | undefined;
  #latencyMs: number | undefined;
  readonly #errorsOfMinute: MinuteSum;
  readonly #busyMs: MinuteSum;

  constructor(clock: Clock) {
    this.#errorsOfMinute = new MinuteSum(clock);
    this.#busyMs = new MinuteSum(clock);
  }

  /** What became of an exchange that was on the wire; one that was not is not counted. */
  count(outcome: Outcome<unknown>): void {
    if (outcome.ok) this.answered(outcome.ms);
    else if (outcome.sent && outcome.error.fault !== 'caller') {
      this.failed(outcome.timedOut, outcome.ms, outcome.error);
    }
  }

  /** @param ms - time on the wire, from request to outcome */
  answered(ms: number): void {
    this.requests++;
    this.#busyMs.add(ms);
    this.#durations.push(ms);
    this.#percentiles = undefined;
  }

  /** @param ms - time on the wire, the deadline included */
  failed(timedOut: boolean, ms = 0, error?: GatewayError): void {
    this.requests++;
    this.#busyMs.add(ms);
    if (timedOut) this.timeouts++;
    if (error?.details.crc === true) this.crcErrors++;
    this.error(error);
  }

  /** Something that came by itself was no good. */
  unasked(error: GatewayError): void {
    if (error.details.crc === true) this.crcErrors++;
    this.error(error);
  }

  /** The device answered, but with a refusal. */
  error(error?: GatewayError): void {
    this.errors++;
    this.#errorsOfMinute.add(1);
    const code = error?.details.exceptionCode;
    if (typeof code !== 'number') return;
    const key = this.exceptions.has(code) || this.exceptions.size < MOST_CODES ? code : 0;
    this.exceptions.set(key, (this.exceptions.get(key) ?? 0) + 1);
  }

  /** @param ms - of an answered read, what its bytes do not explain */
  tookLonger(ms: number): void {
    this.#latencies.push(Math.max(0, ms));
    this.#latencyMs = undefined;
  }

  /** Time for network, driver and device to answer, the median of the last reads; undefined: not measured yet. */
  get latencyMs(): number | undefined {
    if (this.#latencies.size < ENOUGH) return undefined;
    if (this.#latencyMs === undefined) {
      const sorted = [...this.#latencies].sort((a, b) => a - b);
      this.#latencyMs = sorted[sorted.length >> 1];
    }
    return this.#latencyMs;
  }

  /** Errors within the last 60 s. */
  errorsPerMinute(): number {
    return this.#errorsOfMinute.sum();
  }

  /** Share of the last 60 s in which an exchange was on the wire. */
  busyShare(): number {
    return this.#busyMs.perMs();
  }

  exchangeMs(): ExchangeTimes {
    if (this.#percentiles === undefined) {
      const sorted = [...this.#durations].sort((a, b) => a - b);
      const at = (share: number): number | null => {
        const ms = sorted[Math.ceil(share * sorted.length) - 1];
        return ms === undefined ? null : Math.round(ms * 10) / 10;
      };
      this.#percentiles = { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
    }
    return this.#percentiles;
  }
}
