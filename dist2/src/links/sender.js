import { topicMatches } from "../core/topic.js";
import { linkError } from "./errors.js";
import { Outbox } from "./queue.js";
import { Rate } from "./rate.js";
import { targetsOf } from "./rules.js";
const STALL_TIMEOUT = 6e4;
class Sender {
  #options;
  #outbox;
  #sent;
  #far;
  #pumping = false;
  /** Local topics whose retained message is still to be sent on this connection; from the end. */
  #replay = [];
  /** Sent on this connection while the replay lasts: not to be sent twice. */
  #fresh = /* @__PURE__ */ new WeakSet();
  /** Expired, unmappable, refused, too late as a reply, or QoS 0 without a connection. */
  #lost = 0;
  #stall;
  /** Monotonic ms of the last acknowledgement, or of the first message sent after a pause. */
  #progressAt = 0;
  #idle = /* @__PURE__ */ new Set();
  constructor(options) {
    this.#options = options;
    this.#outbox = new Outbox(options.queuedMessages);
    this.#sent = new Rate(options.clock);
  }
  get sent() {
    return this.#sent;
  }
  get dropped() {
    return this.#outbox.dropped + this.#lost;
  }
  /** Messages not yet acknowledged by the far side. */
  get queued() {
    return this.#outbox.size;
  }
  get isFull() {
    return this.#outbox.isFull;
  }
  get oldestMs() {
    const oldest = this.#outbox.oldest;
    return oldest === void 0 ? null : this.#options.clock.monotonic() - oldest.queuedAt;
  }
  /** @returns false when something had to be dropped */
  accept(message) {
    const before = this.dropped;
    const { replies, rules } = this.#options;
    if (replies.isReply(message.topic)) this.#acceptReply(message);
    else {
      for (const target of targetsOf(rules.out, message.topic, () => this.#lost++)) this.#enqueue(message, target);
    }
    this.#pump();
    return this.dropped === before;
  }
  connected(far) {
    const { rules, router, origin } = this.#options;
    this.#far = far;
    this.#fresh = /* @__PURE__ */ new WeakSet();
    const topics = /* @__PURE__ */ new Set();
    for (const { filter } of rules.out) {
      for (const message of router.retained(filter)) if (message.origin !== origin) topics.add(message.topic);
    }
    this.#replay = [...topics].reverse();
    this.#pump();
  }
  disconnected() {
    this.#far = void 0;
    this.#replay = [];
    this.#stall?.cancel();
    this.#stall = void 0;
    this.#options.echo.disconnected();
    this.#outbox.requeue();
    this.#tellIdle();
  }
  /** There is room on the wire again. */
  drain() {
    this.#pump();
  }
  /** Resolves when nothing is left to send, or nobody is there to send it to. */
  async settled() {
    if (this.#far === void 0 || this.queued === 0) return;
    await new Promise((resolve) => this.#idle.add(resolve));
  }
  #acceptReply(message) {
    const address = this.#options.replies.find(message.topic);
    if (address === void 0) {
      this.#lost++;
      return;
    }
    const { responseTopic: _local, ...properties } = message.properties ?? {};
    const correlationData = properties.correlationData ?? address.correlationData;
    this.#push({
      topic: address.responseTopic,
      qos: message.qos,
      retain: false,
      payload: message.payload,
      properties: correlationData === void 0 ? properties : { ...properties, correlationData },
      expiresAt: message.expiresAt,
      queuedAt: this.#options.clock.monotonic(),
      source: message
    });
  }
  #enqueue(message, target) {
    this.#push({
      topic: target.topic,
      qos: Math.min(message.qos, target.qos),
      retain: message.retain,
      payload: message.payload,
      properties: message.properties,
      expiresAt: message.expiresAt,
      queuedAt: this.#options.clock.monotonic(),
      source: message
    });
  }
  #push(item) {
    if (item.qos === 0 && this.#far === void 0) this.#lost++;
    else this.#outbox.push(item);
  }
  /** Sends as much as the window and the wire allow. */
  #pump() {
    const far = this.#far;
    if (far === void 0 || this.#pumping) return;
    this.#pumping = true;
    try {
      while (far.isWritable) {
        const next = this.#outbox.peek();
        if (next === void 0) {
          if (!this.#replayNext()) break;
        } else if (next.qos > 0 && this.#outbox.inFlight >= far.window) break;
        else this.#send(far, next);
      }
    } finally {
      this.#pumping = false;
    }
    if (this.queued === 0) this.#tellIdle();
  }
  #send(far, item) {
    const { clock, echo, rules } = this.#options;
    const left = item.expiresAt - clock.now();
    if (left <= 0) {
      this.#outbox.shift();
      this.#lost++;
      return;
    }
    const refusal = far.refusal(item);
    if (refusal !== void 0) {
      this.#outbox.shift();
      this.#refused(refusal);
      return;
    }
    if (item.qos === 0) this.#outbox.shift();
    else this.#outbox.send();
    if (this.#replay.length > 0) this.#fresh.add(item.source);
    if (rules.in.some(({ filter }) => topicMatches(filter, item.topic))) {
      echo.remember(item.topic, item.payload, item.retain);
    }
    if (item.qos > 0 && this.#outbox.inFlight === 1) this.#progressAt = clock.monotonic();
    this.#watchStall();
    const expirySeconds = Number.isFinite(left) ? Math.ceil(left / 1e3) : void 0;
    far.publish(item, expirySeconds, (error) => {
      if (this.#far !== far) return;
      this.#outbox.settle(item);
      this.#progressAt = clock.monotonic();
      if (error === void 0) this.#sent.add();
      else this.#refused(error);
      this.#pump();
    });
  }
  #refused(error) {
    this.#lost++;
    this.#options.onRefused(error);
  }
  /** @returns false when all retained messages are sent */
  #replayNext() {
    const topic = this.#replay.pop();
    if (topic === void 0) return false;
    const { router, origin, rules } = this.#options;
    for (const message of router.retained(topic)) {
      if (message.origin === origin || this.#fresh.has(message)) continue;
      for (const target of targetsOf(rules.out, topic, () => this.#lost++)) this.#enqueue(message, target);
    }
    return true;
  }
  #watchStall() {
    if (this.#stall !== void 0 || this.#outbox.inFlight === 0) return;
    const { clock } = this.#options;
    const wait = Math.max(0, this.#progressAt + STALL_TIMEOUT - clock.monotonic());
    this.#stall = clock.after(wait, () => {
      this.#stall = void 0;
      const silentMs = clock.monotonic() - this.#progressAt;
      if (this.#outbox.inFlight === 0 || silentMs < STALL_TIMEOUT) return this.#watchStall();
      const message = `${this.#outbox.inFlight} messages are not acknowledged for ${Math.round(silentMs)} ms`;
      this.#far?.fail(linkError("LINK_STALLED", message, { details: { inFlight: this.#outbox.inFlight } }));
    });
  }
  #tellIdle() {
    for (const tell of this.#idle) tell();
    this.#idle.clear();
  }
}
export {
  Sender
};
//# sourceMappingURL=sender.js.map
