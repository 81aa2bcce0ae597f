import { createMessage } from "../core/message.js";
import { expiryTime, publishProperties } from "./application-message.js";
class Will {
  #fields;
  #origin;
  /** Will Delay Interval, ms (§3.1.3.2.2). */
  delay;
  constructor(fields, origin) {
    this.#fields = fields;
    this.#origin = origin;
    this.delay = (fields.properties.willDelayInterval ?? 0) * 1e3;
  }
  get topic() {
    return this.#fields.topic;
  }
  /**
   * The lifetime of the message begins when it is published.
   *
   * @param now - Unix ms
   */
  message(now) {
    const { topic, payload, qos, retain, properties } = this.#fields;
    return createMessage({
      topic,
      payload,
      origin: this.#origin,
      receivedAt: now,
      qos,
      retain,
      properties: publishProperties(properties),
      expiresAt: expiryTime(properties, now)
    });
  }
}
export {
  Will
};
//# sourceMappingURL=will.js.map
