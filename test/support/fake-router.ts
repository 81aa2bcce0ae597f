/** The router's contract in its plainest form: a list of sinks, matched one by one. */
import type { Message } from '../../src/core/message.js';
import { createMessage, type MessageInit } from '../../src/core/message.js';
import type {
  Attachment,
  Router,
  RouterCounters,
  Sink,
  Subscription,
  SubscriptionWatcher,
} from '../../src/core/router.js';
import { topicMatches } from '../../src/core/topic.js';

export class FakeRouter implements Router {
  /** Everything published, in order; what the gateway says about itself is not. */
  readonly published: Message[] = [];
  readonly #retained = new Map<string, Message>();
  readonly #sinks = new Map<Sink, Map<string, Subscription>>();
  readonly #watchers = new Set<SubscriptionWatcher>();
  #dropped = 0;
  #delivered = 0;

  publish(message: Message, onGiven?: () => void): void {
    if (!message.origin.startsWith('gateway:')) this.published.push(message);
    if (message.retain) {
      if (message.payload.length > 0) this.#retained.set(message.topic, message);
      else this.#retained.delete(message.topic);
    }
    for (const [sink, subscriptions] of this.#sinks) {
      let best: Subscription | undefined;
      for (const subscription of subscriptions.values()) {
        if (subscription.noLocal && sink.origin === message.origin) continue;
        if (!topicMatches(subscription.filter, message.topic)) continue;
        if (best === undefined || subscription.qos > best.qos) best = subscription;
      }
      if (best === undefined) continue;
      if (sink.deliver(message, best) === false) this.#dropped++;
      else this.#delivered++;
    }
    onGiven?.();
  }

  /** Publishes as some local client. */
  put(topic: string, payload: string, options: Partial<MessageInit> = {}): Message {
    const message = createMessage({ topic, payload, origin: 'client:test', receivedAt: Date.now(), ...options });
    this.publish(message);
    return message;
  }

  attach(sink: Sink): Attachment {
    const subscriptions = new Map<string, Subscription>();
    this.#sinks.set(sink, subscriptions);
    const gone = (filter: string) => {
      const was = subscriptions.delete(filter);
      if (was) for (const watcher of this.#watchers) watcher.onUnsubscribed(filter, sink);
      return was;
    };
    const detach = () => {
      for (const filter of [...subscriptions.keys()]) gone(filter);
      this.#sinks.delete(sink);
    };
    return {
      subscribe: (subscription) => {
        const isNew = !subscriptions.has(subscription.filter);
        subscriptions.set(subscription.filter, subscription);
        if (isNew) for (const watcher of this.#watchers) watcher.onSubscribed(subscription.filter, sink);
        const send = subscription.retainHandling === 0 || (subscription.retainHandling === 1 && isNew);
        return send ? [...this.retained(subscription.filter)] : [];
      },
      unsubscribe: gone,
      arrived: () => {},
      [Symbol.dispose]: detach,
    };
  }

  /** Calls back for each message that matches, as a local client would see it. */
  listen(filter: string, listener: (message: Message) => void): Attachment {
    const attachment = this.attach({
      id: `listener ${filter}`,
      kind: 'client',
      origin: 'client:listener',
      durable: false,
      deliver: (message) => {
        listener(message);
        return true;
      },
    });
    attachment.subscribe({
      filter,
      qos: 2,
      noLocal: false,
      retainAsPublished: true,
      retainHandling: 0,
      identifiers: [],
    });
    return attachment;
  }

  watch(watcher: SubscriptionWatcher): Disposable {
    for (const [sink, subscriptions] of this.#sinks) {
      for (const filter of subscriptions.keys()) watcher.onSubscribed(filter, sink);
    }
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  *retained(filter: string): Iterable<Message> {
    for (const message of this.#retained.values()) if (topicMatches(filter, message.topic)) yield message;
  }

  counters(): RouterCounters {
    let subscriptions = 0;
    for (const filters of this.#sinks.values()) subscriptions += filters.size;
    return {
      received: this.published.length,
      delivered: this.#delivered,
      dropped: this.#dropped,
      unmatched: 0,
      retained: this.#retained.size,
      subscriptions,
    };
  }
}
