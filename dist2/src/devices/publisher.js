import { createMessage } from "../core/message.js";
import { Scope } from "../core/scope.js";
import { reportJson, stateJson, valueText } from "./payload.js";
class Topics {
  prefix;
  constructor(gatewayId) {
    this.prefix = `hpmq/${gatewayId}`;
  }
  device(device) {
    return `${this.prefix}/${device}`;
  }
  point(device, point) {
    return `${this.prefix}/${device}/${point}`;
  }
  state(device) {
    return `${this.prefix}/${device}/$state`;
  }
}
class Publisher {
  topics;
  #router;
  #clock;
  #scope;
  constructor(gatewayId, router, clock, log) {
    this.topics = new Topics(gatewayId);
    this.#router = router;
    this.#clock = clock;
    this.#scope = new Scope((error) => log.warn({ err: error }, "a message of the devices was not stored"));
  }
  point(device, point) {
    const { sample, config } = point;
    if (sample === void 0) return;
    const { value, quality, at, error } = sample;
    this.#send({
      topic: point.topic,
      payload: device.encoding === "value" ? valueText(value) : reportJson({ value, quality, at, unit: config.unit, code: error?.code }),
      origin: `device:${device.name}`,
      receivedAt: this.#clock.now(),
      qos: config.qos,
      retain: config.retain
    });
  }
  state(device, state, since, reason) {
    this.#send({
      topic: this.topics.state(device),
      payload: stateJson(state, since, reason),
      origin: `device:${device}`,
      receivedAt: this.#clock.now(),
      qos: 1,
      retain: true
    });
  }
  /** @param correlationData - goes back as it came (MQTT 5.0 §4.10) */
  result(device, topic, payload, correlationData) {
    this.#send({
      topic,
      payload,
      origin: `device:${device}`,
      receivedAt: this.#clock.now(),
      qos: 1,
      properties: correlationData === void 0 ? void 0 : { correlationData }
    });
  }
  [Symbol.asyncDispose]() {
    return this.#scope[Symbol.asyncDispose]();
  }
  /** Polling never waits for a store: what must be written first is awaited in the background. */
  #send(init) {
    const stored = this.#router.publish(createMessage(init));
    if (stored !== void 0) this.#scope.run(() => stored);
  }
}
export {
  Publisher,
  Topics
};
//# sourceMappingURL=publisher.js.map
