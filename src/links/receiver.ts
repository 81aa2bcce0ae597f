/** The incoming half of a link: from the far side to the router. */
import type { Clock } from '../core/clock.js';
import { createMessage, type Origin, type PublishProperties, type QoS } from '../core/message.js';
import type { Router } from '../core/router.js';
import { topicNameFault } from '../core/topic.js';
import type { EchoGuard } from './echo.js';
import type { Incoming } from './far-side.js';
import { Rate } from './rate.js';
import type { Replies } from './replies.js';
import { hitsOf, type Rules } from './rules.js';

export interface ReceiverOptions {
  readonly rules: Rules;
  readonly origin: Origin;
  readonly router: Router;
  readonly clock: Clock;
  readonly replies: Replies;
  readonly echo: EchoGuard;
}

export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #received: Rate;
  #dropped = 0;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#received = new Rate(options.clock);
  }

  get received(): Rate {
    return this.#received;
  }

  /** No legal local topic, or no route. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Publishes under the local names; resolves when the router has taken responsibility. */
  async take(incoming: Incoming): Promise<void> {
    const { rules, origin, router, clock, echo } = this.#options;
    const { topic, payload, qos, retain, expirySeconds } = incoming;
    if (echo.isEcho(topic, payload, retain)) return;
    this.#received.add();
    let unmapped = 0;
    const targets = hitsOf(rules.in, topic, () => unmapped++);
    this.#dropped += targets.length === 0 ? 1 : unmapped;
    if (targets.length === 0) return;
    const properties = this.#localProperties(incoming.properties);
    const receivedAt = clock.now();
    const expiresAt = expirySeconds === undefined ? Number.POSITIVE_INFINITY : receivedAt + expirySeconds * 1_000;
    for (const target of targets) {
      const message = createMessage({
        topic: target.topic,
        payload,
        qos: Math.min(qos, target.qos) as QoS,
        retain,
        properties,
        origin,
        receivedAt,
        expiresAt,
      });
      await router.publish(message);
    }
  }

  /** The far side's Response Topic becomes a local one that leads back to it. */
  #localProperties(properties: PublishProperties | undefined): PublishProperties | undefined {
    if (properties?.responseTopic === undefined) return properties;
    const { responseTopic, ...rest } = properties;
    if (topicNameFault(responseTopic) !== undefined) return rest;
    const { correlationData } = properties;
    return { ...rest, responseTopic: this.#options.replies.add({ responseTopic, correlationData }) };
  }
}
