import { createMessage } from "../core/message.js";
import { topicNameFault } from "../core/topic.js";
import { Rate } from "./rate.js";
import { targetsOf } from "./rules.js";
class Receiver {
  #options;
  #received;
  #dropped = 0;
  constructor(options) {
    this.#options = options;
    this.#received = new Rate(options.clock);
  }
  get received() {
    return this.#received;
  }
  /** No legal local topic, or no route. */
  get dropped() {
    return this.#dropped;
  }
  /** Publishes under the local names; resolves when the router has taken responsibility. */
  async take(incoming) {
    const { rules, origin, router, clock, echo } = this.#options;
    const { topic, payload, qos, retain, expirySeconds } = incoming;
    if (echo.isEcho(topic, payload, retain)) return;
    this.#received.add();
    let unmapped = 0;
    const targets = targetsOf(rules.in, topic, () => unmapped++);
    this.#dropped += targets.length === 0 ? 1 : unmapped;
    if (targets.length === 0) return;
    const properties = this.#localProperties(incoming.properties);
    const receivedAt = clock.now();
    const expiresAt = expirySeconds === void 0 ? Number.POSITIVE_INFINITY : receivedAt + expirySeconds * 1e3;
    for (const target of targets) {
      const message = createMessage({
        topic: target.topic,
        payload,
        qos: Math.min(qos, target.qos),
        retain,
        properties,
        origin,
        receivedAt,
        expiresAt
      });
      await router.publish(message);
    }
  }
  /** The far side's Response Topic becomes a local one that leads back to it. */
  #localProperties(properties) {
    if (properties?.responseTopic === void 0) return properties;
    const { responseTopic, ...rest } = properties;
    if (topicNameFault(responseTopic) !== void 0) return rest;
    const { correlationData } = properties;
    return { ...rest, responseTopic: this.#options.replies.add({ responseTopic, correlationData }) };
  }
}
export {
  Receiver
};
//# sourceMappingURL=receiver.js.map
