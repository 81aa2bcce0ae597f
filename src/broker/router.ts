/**
 * The centre: Topic Name → receivers, and the retained messages.
 *
 * Rules: synchronous; a receiver gets one copy however many of its subscriptions match [MQTT-3.3.4-2 and after];
 * receivers are collected before the first is told, so that a receiver may publish, subscribe or go while it is told.
 */
import type { Clock } from '../core/clock.js';
import type { Message, QoS } from '../core/message.js';
import type { Attachment, Router, RouterCounters, Sink, Subscription } from '../core/router.js';
import { MAX_TOPIC_BYTES } from '../core/topic.js';
import { RetainedMessages } from './retained.js';
import { SubscriptionTree } from './subscription-tree.js';
import { hasTooManyLevels } from './topic-rules.js';

const NO_MESSAGES: readonly Message[] = [];

/** One subscription of one receiver, as it stands in the tree. */
interface Entry {
  readonly receiver: Receiver;
  subscription: Subscription;
}

/** A sink and what the running publish() found for it. */
class Receiver {
  readonly sink: Sink;
  readonly entries = new Map<string, Entry>();
  isAttached = true;
  /** The publish() that found it last, and where it stands among what that found. */
  foundBy = 0;
  foundAt = 0;

  constructor(sink: Sink) {
    this.sink = sink;
  }
}

export interface RouterOptions {
  readonly clock: Clock;
  /** Retained messages in all; a new topic beyond it is not retained, counted as dropped. */
  readonly retainedMessages: number;
}

export class MessageRouter implements Router {
  readonly #clock: Clock;
  readonly #tree = new SubscriptionTree<Entry>();
  readonly #retained: RetainedMessages;
  readonly #now: () => number;
  #serial = 0;
  #received = 0;
  #delivered = 0;
  #dropped = 0;
  #unmatched = 0;

  constructor(options: RouterOptions) {
    this.#clock = options.clock;
    this.#retained = new RetainedMessages(options.retainedMessages);
    this.#now = () => this.#clock.now();
  }

  /**
   * @see Router.publish. `$SYS` is the broker speaking of itself: not counted as received or unmatched, else an idle
   * broker would look busy. A topic too long for the wire or with too many levels (a link can bring one) is dropped, counted.
   */
  publish(message: Message): void {
    const { topic } = message;
    const isTooLong = topic.length * 3 > MAX_TOPIC_BYTES && Buffer.byteLength(topic) > MAX_TOPIC_BYTES;
    if (isTooLong || hasTooManyLevels(topic)) {
      this.#dropped++;
      return;
    }
    const isCounted = !topic.startsWith('$SYS/');
    if (isCounted) this.#received++;
    if (message.retain) this.#retain(message);
    const found: Entry[] = [];
    this.#tree.match(topic, found);
    if (found.length === 0) {
      if (isCounted) this.#unmatched++;
      return;
    }
    if (this.#deliver(message, found) === 0 && isCounted) this.#unmatched++;
  }

  attach(sink: Sink): Attachment {
    const receiver = new Receiver(sink);
    return {
      subscribe: (subscription) => this.#subscribe(receiver, subscription),
      unsubscribe: (filter) => this.#unsubscribe(receiver, filter),
      [Symbol.dispose]: () => {
        receiver.isAttached = false;
        for (const filter of [...receiver.entries.keys()]) this.#unsubscribe(receiver, filter);
      },
    };
  }

  retained(filter: string): Iterable<Message> {
    return this.#retained.match(filter, this.#now);
  }

  counters(): RouterCounters {
    return {
      received: this.#received,
      delivered: this.#delivered,
      dropped: this.#dropped,
      unmatched: this.#unmatched,
      retained: this.#retained.size,
      subscriptions: this.#tree.size,
    };
  }

  /** What the retained messages hold, bytes. */
  get retainedBytes(): number {
    return this.#retained.bytes;
  }

  /** Removes expired retained messages. */
  sweep(): void {
    this.#retained.sweep(this.#clock.now());
  }

  #retain(message: Message): void {
    if (message.payload.length === 0) this.#retained.delete(message.topic);
    else if (!this.#retained.set(message)) this.#dropped++;
  }

  /** @returns how many receivers there were */
  #deliver(message: Message, found: readonly Entry[]): number {
    const serial = ++this.#serial;
    const receivers: Receiver[] = [];
    const subscriptions: Subscription[] = [];
    for (const { receiver, subscription } of found) {
      if (subscription.noLocal && receiver.sink.origin === message.origin) continue;
      if (receiver.foundBy === serial) {
        subscriptions[receiver.foundAt] = merge(subscriptions[receiver.foundAt]!, subscription);
        continue;
      }
      receiver.foundBy = serial;
      receiver.foundAt = receivers.length;
      receivers.push(receiver);
      subscriptions.push(subscription);
    }
    for (let i = 0; i < receivers.length; i++) {
      const receiver = receivers[i]!;
      if (!receiver.isAttached) continue;
      const isTaken = receiver.sink.deliver(message, subscriptions[i]!);
      // Looking at the traffic must not change its figures.
      if (receiver.sink.kind === 'api') continue;
      if (isTaken) this.#delivered++;
      else this.#dropped++;
    }
    return receivers.length;
  }

  #subscribe(receiver: Receiver, subscription: Subscription): Iterable<Message> {
    if (!receiver.isAttached) return NO_MESSAGES;
    const existing = receiver.entries.get(subscription.filter);
    if (existing !== undefined) {
      existing.subscription = subscription;
    } else {
      const entry: Entry = { receiver, subscription };
      receiver.entries.set(subscription.filter, entry);
      this.#tree.add(subscription.filter, entry);
    }
    const wanted = subscription.retainHandling === 0 || (subscription.retainHandling === 1 && existing === undefined);
    return wanted ? this.#retained.match(subscription.filter, this.#now) : NO_MESSAGES;
  }

  #unsubscribe(receiver: Receiver, filter: string): boolean {
    const entry = receiver.entries.get(filter);
    if (entry === undefined) return false;
    receiver.entries.delete(filter);
    return this.#tree.remove(filter, entry);
  }
}

/** Overlapping subscriptions of one receiver: the highest QoS and all identifiers [MQTT-3.3.4-2] [MQTT-3.3.4-3]. */
function merge(a: Subscription, b: Subscription): Subscription {
  return {
    filter: a.filter,
    qos: Math.max(a.qos, b.qos) as QoS,
    noLocal: false,
    retainAsPublished: a.retainAsPublished || b.retainAsPublished,
    retainHandling: 0,
    identifiers: b.identifiers.length === 0 ? a.identifiers : [...a.identifiers, ...b.identifiers],
  };
}
