import { MAX_TOPIC_BYTES } from "../core/topic.js";
import { RetainedMessages } from "./retained.js";
import { isShared } from "./shared-filter.js";
import { SharedSubscription } from "./shared-subscriptions.js";
import { Statistics } from "./statistics.js";
import { SubscriptionTree } from "./subscription-tree.js";
import { hasTooManyLevels } from "./topic-rules.js";
const NO_MESSAGES = [];
class Entry {
  receiver;
  share;
  subscription;
  constructor(receiver, subscription, share) {
    this.receiver = receiver;
    this.share = share;
    this.subscription = subscription;
  }
  get sink() {
    return this.receiver.sink;
  }
}
class Receiver {
  sink;
  entries = /* @__PURE__ */ new Map();
  isAttached = true;
  /** The publish() that found it last, and where it stands among what that found. */
  foundBy = 0;
  foundAt = 0;
  constructor(sink) {
    this.sink = sink;
  }
}
class MessageRouter {
  #clock;
  #tree = new SubscriptionTree();
  #retained;
  #now;
  #shares = /* @__PURE__ */ new Map();
  #statistics;
  #subscriptions = 0;
  #serial = 0;
  #received = 0;
  #delivered = 0;
  #dropped = 0;
  #unmatched = 0;
  constructor(options) {
    this.#clock = options.clock;
    this.#retained = new RetainedMessages(options.retainedMessages);
    this.#statistics = options.statistics ?? new Statistics();
    this.#now = () => this.#clock.now();
  }
  /**
   * @see Router.publish. `$SYS` is the broker speaking of itself: not counted as received or unmatched, else an idle
   * broker would look busy. A topic too long for the wire or with too many levels (a link can bring one) is dropped, counted.
   */
  publish(message) {
    const { topic } = message;
    const isTooLong = topic.length * 3 > MAX_TOPIC_BYTES && Buffer.byteLength(topic) > MAX_TOPIC_BYTES;
    if (isTooLong || hasTooManyLevels(topic)) {
      this.#dropped++;
      return;
    }
    const isCounted = !topic.startsWith("$SYS/");
    if (isCounted) this.#received++;
    if (message.retain) this.#retain(message);
    const found = [];
    this.#tree.match(topic, found);
    if (found.length === 0) {
      if (isCounted) this.#unmatched++;
      return;
    }
    if (this.#deliver(message, found) === 0 && isCounted) this.#unmatched++;
  }
  attach(sink) {
    const receiver = new Receiver(sink);
    return {
      subscribe: (subscription) => this.#subscribe(receiver, subscription),
      unsubscribe: (filter) => this.#unsubscribe(receiver, filter),
      arrived: () => {
        for (const { share } of receiver.entries.values()) share?.arrived(sink);
      },
      [Symbol.dispose]: () => {
        receiver.isAttached = false;
        for (const filter of [...receiver.entries.keys()]) this.#unsubscribe(receiver, filter);
      }
    };
  }
  retained(filter) {
    return this.#retained.match(filter, this.#now);
  }
  counters() {
    return {
      received: this.#received,
      delivered: this.#delivered,
      dropped: this.#dropped,
      unmatched: this.#unmatched,
      retained: this.#retained.size,
      subscriptions: this.#subscriptions
    };
  }
  /** Removes expired retained messages. */
  sweep() {
    this.#retained.sweep(this.#clock.now());
  }
  #retain(message) {
    if (message.payload.length === 0) this.#retained.delete(message.topic);
    else if (!this.#retained.set(message)) this.#dropped++;
  }
  /** @returns how many receivers there were; a Shared Subscription is one */
  #deliver(message, found) {
    const serial = ++this.#serial;
    const receivers = [];
    const subscriptions = [];
    let shares;
    for (const target of found) {
      if (target instanceof SharedSubscription) {
        shares ??= [];
        shares.push(target);
        continue;
      }
      const { receiver, subscription } = target;
      if (subscription.noLocal && receiver.sink.origin === message.origin) continue;
      if (receiver.foundBy === serial) {
        subscriptions[receiver.foundAt] = merge(subscriptions[receiver.foundAt], subscription);
        continue;
      }
      receiver.foundBy = serial;
      receiver.foundAt = receivers.length;
      receivers.push(receiver);
      subscriptions.push(subscription);
    }
    for (let i = 0; i < receivers.length; i++) {
      const receiver = receivers[i];
      if (receiver.isAttached) this.#give(message, receiver.sink, subscriptions[i]);
    }
    if (shares !== void 0) this.#deliverShared(message, shares);
    return receivers.length + (shares?.length ?? 0);
  }
  #give(message, sink, subscription) {
    if (sink.mayReceive !== void 0 && !sink.mayReceive(message.topic)) {
      this.#statistics.deliveriesRefused++;
      return;
    }
    const isTaken = sink.deliver(message, subscription);
    if (sink.kind === "api") return;
    if (isTaken) this.#delivered++;
    else this.#dropped++;
  }
  /** Each Shared Subscription has a copy of its own, whatever else its members subscribe to (§4.8.2). */
  #deliverShared(message, shares) {
    for (const share of shares) {
      if (share.deliver(message) === "taken") this.#delivered++;
      else this.#dropped++;
    }
  }
  #subscribe(receiver, subscription) {
    if (!receiver.isAttached) return NO_MESSAGES;
    const existing = receiver.entries.get(subscription.filter);
    const share = isShared(subscription.filter) ? this.#share(subscription.filter) : void 0;
    const kept = share === void 0 ? subscription : { ...subscription, share };
    if (existing !== void 0) existing.subscription = kept;
    else this.#add(new Entry(receiver, kept, share));
    if (share !== void 0) return NO_MESSAGES;
    const wanted = subscription.retainHandling === 0 || subscription.retainHandling === 1 && existing === void 0;
    return wanted ? this.#retained.match(subscription.filter, this.#now) : NO_MESSAGES;
  }
  #share(name) {
    let share = this.#shares.get(name);
    if (share === void 0) {
      share = new SharedSubscription(name);
      this.#shares.set(name, share);
    }
    return share;
  }
  #add(entry) {
    const { receiver, subscription, share } = entry;
    receiver.entries.set(subscription.filter, entry);
    this.#subscriptions++;
    if (share === void 0) this.#tree.add(subscription.filter, entry);
    else {
      share.add(entry);
      if (share.size === 1) this.#tree.add(share.filter, share);
    }
  }
  #unsubscribe(receiver, filter) {
    const entry = receiver.entries.get(filter);
    if (entry === void 0) return false;
    receiver.entries.delete(filter);
    this.#subscriptions--;
    const { share } = entry;
    if (share === void 0) return this.#tree.remove(filter, entry);
    share.remove(entry);
    if (share.size > 0) return true;
    this.#shares.delete(filter);
    return this.#tree.remove(share.filter, share);
  }
}
function merge(a, b) {
  return {
    filter: a.filter,
    qos: Math.max(a.qos, b.qos),
    noLocal: false,
    retainAsPublished: a.retainAsPublished || b.retainAsPublished,
    retainHandling: 0,
    identifiers: b.identifiers.length === 0 ? a.identifiers : [...a.identifiers, ...b.identifiers]
  };
}
export {
  MessageRouter
};
//# sourceMappingURL=router.js.map
