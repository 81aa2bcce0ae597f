/**
 * Publishes the loss record: one at a time, before everything else that waits.
 *
 * A far side may answer it by closing the connection, e.g. one that allows no such topic. That must not stop what is queued:
 * after a connection that ended meanwhile the record goes last, after a second one not before {@link FIRST_PAUSE}, and each
 * time later; what the far side will not hear for {@link MOST_ENDS} times is told the operator instead.
 */
import type { Clock } from '../../core/clock.js';
import type { GatewayError } from '../../core/errors.js';
import type { QoS } from '../../core/message.js';
import type { FarSide } from '../far-side.js';
import type { Encoded } from '../route-types.js';
import type { Losses, LossRecord } from './losses.js';
import { outgoing } from './outgoing.js';

/** ms; doubled each time. */
const FIRST_PAUSE = 30_000;
const MAX_PAUSE = 300_000;
/** Connections that ended, or refusals, one after the other. */
const MOST_ENDS = 10;

export class LossReports {
  readonly #losses: Losses;
  readonly #topic: string;
  readonly #clock: Clock;
  readonly #onForsaken: (record: LossRecord) => void;
  #record: LossRecord | undefined;
  /** In flight, or refused on this connection. */
  #isBusy = false;
  #isInFlight = false;
  /** Connections that ended, one after the other, while a record was in flight. */
  #ends = 0;
  /** Connections on which it was refused, one after the other. */
  #refusals = 0;
  /** Monotonic ms. */
  #notBefore = 0;

  /** @param onForsaken - told of a record that the far side will never have */
  constructor(losses: Losses, topic: string, clock: Clock, onForsaken: (record: LossRecord) => void) {
    this.#losses = losses;
    this.#topic = topic;
    this.#clock = clock;
    this.#onForsaken = onForsaken;
  }

  /** ms until {@link next} is worth being asked again; Infinity: there is nothing to report. */
  get wait(): number {
    if (this.#isBusy || this.#losses.unreported === 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#notBefore - this.#clock.monotonic());
  }

  /**
   * What is to be published now, and whom to tell what became of it; undefined: nothing.
   *
   * @param isIdle - nothing else waits, and nothing is in flight
   */
  next(far: FarSide, isIdle: boolean): readonly [Encoded, (refusal: GatewayError | undefined) => void] | undefined {
    if (this.#isBusy || (this.#ends > 0 && !isIdle) || this.#notBefore > this.#clock.monotonic()) return undefined;
    const record = this.#losses.next();
    if (record === undefined) return undefined;
    this.#isBusy = true;
    const encoded: Encoded = {
      topic: this.#topic,
      qos: Math.min(1, far.maximumQoS) as QoS,
      retain: false,
      payload: Buffer.from(JSON.stringify(record)),
      properties: undefined,
      expiresAt: Number.POSITIVE_INFINITY,
    };
    if (far.refusal(outgoing(encoded, far, 1, false, this.#clock.now())) !== undefined) return undefined;
    this.#isInFlight = true;
    this.#record = record;
    const settled = (refusal: GatewayError | undefined) => {
      this.#isInFlight = false;
      this.#ends = 0;
      // Refused: again on the next connection, the permissions may have been corrected by then.
      if (refusal !== undefined) {
        if (++this.#refusals >= MOST_ENDS) this.#forsake();
        return;
      }
      this.#refusals = 0;
      this.#isBusy = false;
      this.#losses.acknowledged(record);
    };
    return [encoded, settled];
  }

  disconnected(): void {
    if (this.#isInFlight && ++this.#ends > 1) {
      const pause = Math.min(MAX_PAUSE, FIRST_PAUSE * 2 ** (this.#ends - 2));
      this.#notBefore = this.#clock.monotonic() + pause;
      if (this.#ends >= MOST_ENDS) this.#forsake();
    }
    this.#isInFlight = false;
    this.#isBusy = false;
  }

  #forsake(): void {
    this.#ends = 0;
    this.#refusals = 0;
    const record = this.#record;
    if (record === undefined) return;
    this.#losses.acknowledged(record);
    this.#onForsaken(record);
  }
}
