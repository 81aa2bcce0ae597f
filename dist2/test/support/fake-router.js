import { createMessage } from "../../src/core/message.js";
import { topicMatches } from "../../src/core/topic.js";
class FakeRouter {
  /** Everything published, in order. */
  published = [];
  #retained = /* @__PURE__ */ new Map();
  #sinks = /* @__PURE__ */ new Map();
  #dropped = 0;
  #delivered = 0;
  publish(message) {
    this.published.push(message);
    if (message.retain) {
      if (message.payload.length > 0) this.#retained.set(message.topic, message);
      else this.#retained.delete(message.topic);
    }
    for (const [sink, subscriptions] of this.#sinks) {
      let best;
      for (const subscription of subscriptions.values()) {
        if (subscription.noLocal && sink.origin === message.origin) continue;
        if (!topicMatches(subscription.filter, message.topic)) continue;
        if (best === void 0 || subscription.qos > best.qos) best = subscription;
      }
      if (best === void 0) continue;
      if (sink.deliver(message, best)) this.#delivered++;
      else this.#dropped++;
    }
  }
  /** Publishes as some local client. */
  put(topic, payload, options = {}) {
    const message = createMessage({ topic, payload, origin: "client:test", receivedAt: Date.now(), ...options });
    this.publish(message);
    return message;
  }
  attach(sink) {
    const subscriptions = /* @__PURE__ */ new Map();
    this.#sinks.set(sink, subscriptions);
    const detach = () => void this.#sinks.delete(sink);
    return {
      subscribe: (subscription) => {
        const isNew = !subscriptions.has(subscription.filter);
        subscriptions.set(subscription.filter, subscription);
        const send = subscription.retainHandling === 0 || subscription.retainHandling === 1 && isNew;
        return send ? [...this.retained(subscription.filter)] : [];
      },
      unsubscribe: (filter) => subscriptions.delete(filter),
      arrived: () => {
      },
      [Symbol.dispose]: detach
    };
  }
  /** Calls back for each message that matches, as a local client would see it. */
  listen(filter, listener) {
    const attachment = this.attach({
      id: `listener ${filter}`,
      kind: "client",
      origin: "client:listener",
      durable: false,
      deliver: (message) => {
        listener(message);
        return true;
      }
    });
    attachment.subscribe({
      filter,
      qos: 2,
      noLocal: false,
      retainAsPublished: true,
      retainHandling: 0,
      identifiers: []
    });
    return attachment;
  }
  *retained(filter) {
    for (const message of this.#retained.values()) if (topicMatches(filter, message.topic)) yield message;
  }
  counters() {
    let subscriptions = 0;
    for (const filters of this.#sinks.values()) subscriptions += filters.size;
    return {
      received: this.published.length,
      delivered: this.#delivered,
      dropped: this.#dropped,
      unmatched: 0,
      retained: this.#retained.size,
      subscriptions
    };
  }
}
export {
  FakeRouter
};
//# sourceMappingURL=fake-router.js.map
