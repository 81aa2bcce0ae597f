import { ABSENT } from "../core/router.js";
import { messageBytes } from "./application-message.js";
import { InflightMessages } from "./inflight.js";
import { ENTRY_BYTES } from "./limits/message-memory.js";
import { DropOldestQueue } from "./queue.js";
import { encodeAcknowledgement } from "./wire/encode.js";
import { encodePublish } from "./wire/encode-publish.js";
const MAX_ALIASED_PAYLOAD = 16 * 1024;
const NO_IDENTIFIERS = [];
class Outgoing {
  #context;
  #inflight;
  #queue;
  #mayReceive;
  #feeds = [];
  #channel;
  #window = 0;
  #sent = 0;
  #dropped = 0;
  /** @param mayReceive - asked again for what waited */
  constructor(context, mayReceive) {
    this.#context = context;
    const { limits, messageMemory } = context;
    this.#inflight = new InflightMessages(messageMemory);
    this.#mayReceive = mayReceive;
    this.#queue = new DropOldestQueue({
      items: limits.queuedMessages,
      bytes: limits.queuedBytes,
      bytesOf: ({ message }) => messageBytes(message),
      onRemoved: ({ message }) => messageMemory.release(message)
    });
  }
  get figures() {
    return { inflight: this.#inflight.size, queued: this.#queue.size, sent: this.#sent, dropped: this.#dropped };
  }
  /** A new connection: what was not acknowledged is sent again, by {@link resume} [MQTT-4.4.0-1]. */
  connect(channel) {
    this.#channel = channel;
    this.#window = Math.min(channel.receiveMaximum, this.#context.limits.receiveMaximum);
    this.#inflight.restart();
  }
  disconnect() {
    this.#channel = void 0;
  }
  /** The session ends: nothing of it is kept. */
  discard() {
    this.#queue.clear();
    this.#inflight.clear();
    this.#feeds = [];
  }
  /** What it keeps, queued and in flight, roughly. */
  get heldBytes() {
    const entries = this.#queue.size + this.#inflight.size;
    return this.#queue.bytes + this.#inflight.bytes + entries * ENTRY_BYTES;
  }
  /** Drops the oldest queued message, for want of memory. @returns false when there is none */
  dropOldest() {
    if (this.#queue.shift() === void 0) return false;
    this.#drop(1, "memory");
    return true;
  }
  /** @returns false when something was dropped: this message, or the oldest in the queue for it */
  deliver(message, subscription) {
    const qos = Math.min(message.qos, subscription.qos);
    const retain = message.retain && subscription.retainAsPublished;
    const channel = this.#channel;
    const { identifiers, share } = subscription;
    const delivery = { message, qos, retain, identifiers, share };
    if (qos === 0) {
      if (channel === void 0) return this.#drop(1, "offline");
      const isTaken = !channel.isCongested && channel.hasRoomFor(message.payload.length);
      if (!isTaken && !this.#makeRoom(channel, message)) return this.#drop(1, "slowReader");
      return this.#send(channel, delivery) && isTaken;
    }
    if (channel !== void 0 && this.#isFree(channel) && channel.hasRoomFor(message.payload.length)) {
      return this.#send(channel, delivery);
    }
    const { messageMemory } = this.#context;
    messageMemory.keep(message);
    const dropped = this.#queue.push(delivery);
    messageMemory.relieve();
    return this.#drop(dropped, "queueFull");
  }
  /** A message of QoS 1 or 2 would be sent at once. */
  #isFree(channel) {
    if (channel.isCongested || this.#queue.size > 0) return false;
    return this.#mayFly && this.#inflight.peekAgain() === void 0;
  }
  /** @see Sink.backlog */
  backlog(qos) {
    const channel = this.#channel;
    if (qos === 0) return channel === void 0 || channel.isCongested ? Number.POSITIVE_INFINITY : 0;
    const queued = this.#queue.size;
    if (queued >= this.#context.limits.queuedMessages) return 2 * ABSENT + queued;
    if (channel === void 0) return ABSENT + queued + this.#inflight.size;
    return this.#isFree(channel) ? 0 : 1 + queued;
  }
  /**
   * Passes messages of Shared Subscriptions on to other members; what nobody takes stays.
   *
   * @param name - of this one only; undefined: of all
   * @param isGone - the connection is over: QoS 1 not acknowledged goes, too (§4.8.2)
   */
  passOn(from, to, name, isGone) {
    const { clock, statistics } = this.#context;
    const now = clock.now();
    const isPassed = ({ message, share }) => {
      if (share === void 0 || name !== void 0 && share.name !== name) return false;
      if (message.expiresAt > now) return share.pass(message, from, to);
      statistics.publishExpired++;
      return true;
    };
    if (isGone) {
      for (const entry of this.#inflight.passable()) if (isPassed(entry.delivery)) this.#inflight.forget(entry);
    }
    if (this.#queue.size > 0) this.#queue.removeWhere(isPassed);
  }
  /** The retained messages a new subscription asks for; replaces what is left from the same filter. */
  feed(subscription, messages) {
    this.stopFeed(subscription.filter);
    this.#feeds.push({ subscription, messages: messages[Symbol.iterator]() });
  }
  stopFeed(filter) {
    this.#feeds = this.#feeds.filter((feed) => feed.subscription.filter !== filter);
  }
  /** Sends what waits, as far as the client takes it: after CONNACK, SUBACK, an acknowledgement, or congestion. */
  resume() {
    for (let channel = this.#channel; channel !== void 0 && !channel.isCongested; channel = this.#channel) {
      const again = this.#inflight.peekAgain();
      if (again !== void 0) {
        if (again.state === "publish" && !this.#inflight.hasRoom(this.#window)) return;
        if (again.state === "publish" && !channel.hasRoomFor(again.delivery.message.payload.length)) return;
        this.#sendAgain(channel, again);
      } else if (this.#queue.size > 0) {
        if (!this.#mayFly || !channel.hasRoomFor(this.#queue.peek().message.payload.length)) return;
        this.#sendQueued(channel, this.#queue.shift());
      } else if (!this.#feedOne(channel)) {
        return;
      }
    }
  }
  puback(packetIdentifier) {
    return this.#settled(this.#inflight.puback(packetIdentifier));
  }
  pubrec(packetIdentifier, isFailure) {
    return this.#settled(this.#inflight.pubrec(packetIdentifier, isFailure));
  }
  pubcomp(packetIdentifier) {
    return this.#settled(this.#inflight.pubcomp(packetIdentifier));
  }
  #settled(result) {
    if (result === "done") this.resume();
    return result;
  }
  /** @returns false when the client does not take packets of this size: as if it had been delivered [MQTT-3.1.2-25] */
  #send(channel, delivery) {
    const mayBeDropped = delivery.qos === 0 && this.#context.limits.slowConsumer.qos0 === "drop-oldest";
    const aliases = mayBeDropped ? void 0 : channel.outgoingAliases;
    const encoded = aliases !== void 0 && delivery.message.payload.length <= MAX_ALIASED_PAYLOAD ? this.#encodeAliased(channel, delivery, aliases) : this.#encode(channel, delivery, 0);
    if (encoded.bytes.length > channel.maximumPacketSize) return this.#drop(1, "tooLarge");
    channel.sendPublish(encoded, delivery.qos === 0 ? 0 : this.#inflight.add(delivery).packetIdentifier);
    this.#sent++;
    if (delivery.qos > 0) this.#context.messageMemory.relieve();
    return true;
  }
  #encode(channel, delivery, alias) {
    const { message, qos, retain, identifiers } = delivery;
    const { encoder, clock } = this.#context;
    const version = channel.protocolVersion;
    const now = message.expiresAt === Number.POSITIVE_INFINITY ? 0 : clock.now();
    const shown = version === 5 ? identifiers : NO_IDENTIFIERS;
    return encoder.encode(message, version, qos, retain, shown, now, alias);
  }
  #encodeAliased(channel, delivery, aliases) {
    const { topic } = delivery.message;
    const alias = aliases.use(topic);
    const encoded = this.#encode(channel, delivery, alias);
    if (encoded.bytes.length <= channel.maximumPacketSize) return encoded;
    if (alias > 0) aliases.forget(topic);
    return this.#encode(channel, delivery, 0);
  }
  #sendQueued(channel, delivery) {
    const { clock, statistics } = this.#context;
    const { topic, expiresAt } = delivery.message;
    if (expiresAt <= clock.now()) statistics.publishExpired++;
    else if (!this.#mayReceive(topic)) statistics.deliveriesRefused++;
    else this.#send(channel, delivery);
  }
  #sendAgain(channel, entry) {
    const { packetIdentifier, delivery, state } = entry;
    this.#inflight.sentAgain(entry);
    if (state === "pubrel") {
      channel.send(encodeAcknowledgement("pubrel", packetIdentifier, channel.protocolVersion, 0));
      return;
    }
    const { message, qos, retain, identifiers } = delivery;
    const flags = { qos, retain, dup: true, identifiers, now: this.#context.clock.now(), alias: 0 };
    const encoded = encodePublish(message, channel.protocolVersion, flags);
    if (encoded.bytes.length > channel.maximumPacketSize) {
      this.#inflight.forget(entry);
      this.#drop(1, "tooLarge");
      return;
    }
    channel.sendPublish(encoded, packetIdentifier);
  }
  /** Sends at most one retained message. @returns false when there is nothing to send now */
  #feedOne(channel) {
    const feed = this.#feeds[0];
    if (feed === void 0) return false;
    const { subscription, messages } = feed;
    if (subscription.qos > 0 && !this.#inflight.hasRoom(this.#window)) return false;
    const { value: message, done } = messages.next();
    if (done || message === void 0) {
      this.#feeds.shift();
      return true;
    }
    const qos = Math.min(message.qos, subscription.qos);
    this.#send(channel, { message, qos, retain: true, identifiers: subscription.identifiers, share: void 0 });
    return true;
  }
  /** One more may be in flight, by number, and by what is in flight already. */
  get #mayFly() {
    return this.#inflight.hasRoom(this.#window) && this.#inflight.bytes < this.#context.limits.queuedBytes;
  }
  /** For a QoS 0 message to a client that is behind. @returns whether it may be sent in spite of that */
  #makeRoom(channel, message) {
    switch (this.#context.limits.slowConsumer.qos0) {
      case "drop-new":
        return false;
      case "disconnect":
        channel.tooSlow();
        return false;
      case "drop-oldest": {
        const dropped = channel.dropOldest(message.payload.length);
        this.#sent -= dropped;
        this.#drop(dropped, "slowReader");
        return dropped > 0;
      }
    }
  }
  /** @returns whether nothing was dropped */
  #drop(messages, reason) {
    const { statistics } = this.#context;
    this.#dropped += messages;
    statistics.publishDropped += messages;
    statistics.drops[reason] += messages;
    return messages === 0;
  }
}
export {
  Outgoing
};
//# sourceMappingURL=outgoing.js.map
