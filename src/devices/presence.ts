/** Whether a device is there: what it is asked for now, how often it failed to answer, and what everybody is told. */
import type { Clock } from '../core/clock.js';
import type { GatewayError } from '../core/errors.js';
import type { DeviceState } from '../core/views.js';
import type { DeviceStatus } from './device-status.js';
import { devicesError } from './errors.js';
import type { Outcome } from './exchange.js';

/** Unanswered exchanges in a row that make a device offline. */
export const OFFLINE_AFTER = 2;
/**
 * Answers in a row after which a device that failed to answer is trusted again. Until then its reads cost the budget of
 * absent devices: one that answers now and then must not cost the others a time-out each time.
 */
const TRUSTED_AFTER = 5;

/** waiting: the port is not open; probing: nothing is known, or it is absent. */
export type Mode = 'waiting' | 'probing' | 'polling' | 'paused';

export class Presence {
  mode: Mode = 'waiting';
  /** Results of exchanges begun in an earlier epoch are not applied. */
  epoch = 0;
  readonly #name: string;
  readonly #status: DeviceStatus;
  readonly #clock: Clock;
  /** Unanswered exchanges in a row. */
  #failures = 0;
  /** Answers that are missing until it is trusted. */
  #distrust = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #error: GatewayError | undefined;

  constructor(name: string, status: DeviceStatus, clock: Clock) {
    this.#name = name;
    this.#status = status;
    this.#clock = clock;
  }

  get isOffline(): boolean {
    return this.#failures >= OFFLINE_AFTER;
  }

  /** It answered everything lately. */
  get isTrusted(): boolean {
    return this.#distrust === 0;
  }

  /** Why nothing can be sent to it now; undefined when something can. */
  get unavailable(): GatewayError | undefined {
    const name = this.#name;
    const state: DeviceState = this.#status.state;
    if (state === 'paused') return devicesError('DEVICE_PAUSED', `${name} is paused`, { details: { device: name } });
    if (state !== 'offline') return undefined;
    const cause = this.#error;
    const why = cause === undefined ? '' : `: ${cause.message}`;
    const hint = cause === undefined ? {} : { hint: cause.hint };
    return devicesError('DEVICE_OFFLINE', `${name} is offline${why}`, {
      cause,
      details: { device: name, code: cause?.code },
      ...hint,
    });
  }

  answered(): void {
    this.#failures = 0;
    this.#error = undefined;
    if (this.#distrust > 0) this.#distrust--;
  }

  /** Of exchanges that were on the wire together, one counts. */
  unanswered({ ms }: Outcome<unknown>, error: GatewayError): void {
    const now = this.#clock.monotonic();
    // Within a millisecond it is the same moment.
    if (now - ms + 1 >= this.#failedAt) this.#failures++;
    this.#failedAt = now;
    this.#distrust = TRUSTED_AFTER;
    this.#error = error;
  }

  /** Its wire does not open. */
  cutOff(error: GatewayError): void {
    this.#failures = Math.max(this.#failures, OFFLINE_AFTER);
    this.#error = error;
  }

  forgive(): void {
    this.#failures = 0;
    this.#distrust = 0;
    this.#error = undefined;
  }

  /**
   * @param trouble - of a point, while the device answers
   * @param silence - of a device that should have spoken by itself
   */
  tell(trouble: GatewayError | undefined, silence?: GatewayError): void {
    if (this.mode === 'paused') this.#status.set('paused', undefined);
    else if (this.mode === 'probing' && silence !== undefined && !this.isOffline) this.#status.set('degraded', silence);
    else if (this.mode !== 'polling') this.#status.set(this.isOffline ? 'offline' : 'starting', this.#error);
    else if (this.#failures > 0) this.#status.set('degraded', this.#error);
    else this.#status.set(trouble === undefined ? 'online' : 'degraded', trouble);
  }
}
