/** Who receives, and through which subscriptions. */
import type { Message } from '../core/message.js';
import type { Attachment, Sink, Subscription } from '../core/router.js';
import type { Member, SharedSubscription } from './shared-subscriptions.js';

/** One subscription of one receiver, as it stands in the tree; or one member of a Shared Subscription, which does. */
export class Entry implements Member {
  readonly receiver: Receiver;
  readonly share: SharedSubscription | undefined;
  subscription: Subscription;
  /** What fast/route.ts made of it; all routes of a subscription with wildcards share it. */
  target: object | undefined = undefined;

  constructor(receiver: Receiver, subscription: Subscription, share: SharedSubscription | undefined) {
    this.receiver = receiver;
    this.share = share;
    this.subscription = subscription;
  }

  get sink(): Sink {
    return this.receiver.sink;
  }
}

/** What the router does for its receivers. */
export interface Receivers {
  subscribe(receiver: Receiver, subscription: Subscription): Iterable<Message | undefined>;
  unsubscribe(receiver: Receiver, filter: string): boolean;
}

const NO_ENTRIES: ReadonlyMap<string, Entry> = new Map();

/** A sink, and what the running publish() found for it. */
export class Receiver implements Attachment {
  readonly sink: Sink;
  readonly #receivers: Receivers;
  #entries: Map<string, Entry> | undefined;
  isAttached = true;
  /** The publish() that found it last, and where it stands among what that found. */
  foundBy = 0;
  foundAt = 0;

  constructor(receivers: Receivers, sink: Sink) {
    this.#receivers = receivers;
    this.sink = sink;
  }

  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries ?? NO_ENTRIES;
  }

  add(entry: Entry): void {
    this.#entries ??= new Map();
    this.#entries.set(entry.subscription.filter, entry);
  }

  remove(filter: string): void {
    this.#entries?.delete(filter);
  }

  subscribe(subscription: Subscription): Iterable<Message | undefined> {
    return this.#receivers.subscribe(this, subscription);
  }

  unsubscribe(filter: string): boolean {
    return this.#receivers.unsubscribe(this, filter);
  }

  arrived(): void {
    for (const { share } of this.entries.values()) share?.arrived(this.sink);
  }

  [Symbol.dispose](): void {
    this.isAttached = false;
    for (const filter of [...this.entries.keys()]) this.#receivers.unsubscribe(this, filter);
  }
}
