/**
 * Far sides that answer a heartbeat by closing the connection, as some clouds do with every topic that is not allowed: a link
 * that went on with heartbeats would never stay up, so it goes on without.
 */
import type { Clock } from '../core/clock.js';
import type { GatewayError } from '../core/errors.js';
import { linkError } from './errors.js';
import type { Heartbeat } from './heartbeat.js';

/** Connections that ended so, one after the other. */
const ENOUGH = 3;
/** After this time a new connection tries it again: the permissions may have been corrected; ms. */
const RETRY_INTERVAL = 3_600_000;

export class HeartbeatRefusals {
  readonly #clock: Clock;
  readonly #topic: string;
  #ends = 0;
  /** Monotonic ms. */
  #refusedAt: number | undefined;

  constructor(clock: Clock, topic: string) {
    this.#clock = clock;
    this.#topic = topic;
  }

  /** The next connection is to do without. */
  get isRefused(): boolean {
    return this.#refusedAt !== undefined && this.#clock.monotonic() - this.#refusedAt < RETRY_INTERVAL;
  }

  /** A connection with heartbeats ended. @returns what the operator is told, when the far side wants none */
  ended(heartbeat: Heartbeat, cause: GatewayError): GatewayError | undefined {
    if (!heartbeat.isUnanswered || cause.code !== 'LINK_LOST') {
      if (heartbeat.wasAnswered) this.#ends = 0;
      return undefined;
    }
    this.#ends++;
    if (this.#ends < ENOUGH) return undefined;
    this.#refusedAt = this.#clock.monotonic();
    const text = `the far side closed ${this.#ends} connections when it got the heartbeat ${this.#topic}: the link goes on without`;
    return linkError('LINK_HEARTBEAT_REFUSED', text, { cause, details: { topic: this.#topic, ends: this.#ends } });
  }
}
