/** Messages that a function had no answer to, for people to look at: `hpmq/<gateway>/$dead/<function>`. */
import type { Clock } from '../core/clock.js';
import { createMessage, type Message } from '../core/message.js';
import { RateLimit } from '../core/rate-limit.js';
import type { Router } from '../core/router.js';
import { type Chain, setChain } from './chain.js';
import type { Failure } from './failure.js';
import type { Slot } from './slot.js';

/** Of one function. */
const PER_SECOND = 100;
/** Of a text that is not the payload. */
const MAX_TEXT = 1_000;

export class DeadLetters {
  readonly #gatewayId: string;
  readonly #router: () => Router;
  readonly #clock: Clock;
  readonly #limits = new Map<string, RateLimit>();

  constructor(gatewayId: string, router: () => Router, clock: Clock) {
    this.#gatewayId = gatewayId;
    this.#router = router;
    this.#clock = clock;
  }

  /**
   * The payload as it was; user properties say the rest. Beyond a rate they are counted only.
   *
   * @returns a promise where it must be written before the sender may be told
   */
  add(slot: Slot, message: Message, failure: Failure, chain: Chain): void | Promise<void> {
    const { name } = slot;
    let limit = this.#limits.get(name);
    if (limit === undefined) {
      limit = new RateLimit(PER_SECOND, this.#clock);
      this.#limits.set(name, limit);
    }
    if (!limit.take()) {
      slot.stats.rateLimited++;
      slot.stats.dropped++;
      return;
    }
    slot.stats.deadLetters++;
    const { contentType, payloadFormatIndicator, userProperties = [] } = message.properties ?? {};
    const letter = createMessage({
      topic: `hpmq/${this.#gatewayId}/$dead/${name}`,
      payload: message.payload,
      qos: message.qos === 0 ? 0 : 1,
      properties: {
        ...(payloadFormatIndicator !== undefined && { payloadFormatIndicator }),
        ...(contentType !== undefined && { contentType }),
        userProperties: [
          ...userProperties,
          ['function', name],
          ['cause', failure.cause],
          ['reason', failure.message.replaceAll('\0', '?').slice(0, MAX_TEXT)],
          ['topic', message.topic],
          ['origin', message.origin.slice(0, MAX_TEXT)],
        ],
      },
      origin: `gateway:${this.#gatewayId}`,
      receivedAt: this.#clock.now(),
    });
    setChain(letter, chain);
    return this.#router().publish(letter);
  }
}
