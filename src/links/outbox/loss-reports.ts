/** Publishes the loss record: one at a time, before everything else that waits. */
import type { GatewayError } from '../../core/errors.js';
import type { QoS } from '../../core/message.js';
import type { Encoded } from '../route-types.js';
import type { Losses } from './losses.js';

export class LossReports {
  readonly #losses: Losses;
  readonly #topic: string;
  /** In flight, or refused on this connection. */
  #isBusy = false;

  constructor(losses: Losses, topic: string) {
    this.#losses = losses;
    this.#topic = topic;
  }

  /** What is to be published now, and whom to tell what became of it; undefined: nothing. */
  next(maximumQoS: QoS): readonly [Encoded, (refusal: GatewayError | undefined) => void] | undefined {
    const record = this.#isBusy ? undefined : this.#losses.next();
    if (record === undefined) return undefined;
    this.#isBusy = true;
    const encoded: Encoded = {
      topic: this.#topic,
      qos: Math.min(1, maximumQoS) as QoS,
      retain: false,
      payload: Buffer.from(JSON.stringify(record)),
      properties: undefined,
      expiresAt: Number.POSITIVE_INFINITY,
    };
    const settled = (refusal: GatewayError | undefined) => {
      // Refused: again on the next connection, the permissions may have been corrected by then.
      if (refusal !== undefined) return;
      this.#isBusy = false;
      this.#losses.acknowledged(record);
    };
    return [encoded, settled];
  }

  disconnected(): void {
    this.#isBusy = false;
  }
}
