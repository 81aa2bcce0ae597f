/** Who is subscribed to what: receivers with filters of their own, Shared Subscriptions with their members. */
import type { Subscription, SubscriptionWatcher } from '../core/router.js';
import type { Ledger } from './ledger.js';
import { Entry, type Receiver } from './receiver.js';
import { isShared, plainFilter } from './shared-filter.js';
import { SharedSubscription } from './shared-subscriptions.js';
import { SubscriptionTree } from './subscription-tree.js';

export class Subscribers {
  readonly #tree = new SubscriptionTree<Entry | SharedSubscription>();
  readonly #shares = new Map<string, SharedSubscription>();
  readonly #watchers = new Set<SubscriptionWatcher>();
  readonly #ledger: Ledger;
  #size = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Subscriptions, each member of a Shared Subscription for itself. */
  get size(): number {
    return this.#size;
  }

  /** Subscriptions that share their messages; each member is one, as Mosquitto counts them. */
  get sharedSubscriptions(): number {
    let members = 0;
    for (const share of this.#shares.values()) members += share.size;
    return members;
  }

  /** The Shared Subscription of this name, while it has a member. */
  share(name: string): SharedSubscription | undefined {
    return this.#shares.get(name);
  }

  /** Adds those that match the topic to `found`. */
  match(topic: string, found: (Entry | SharedSubscription)[]): void {
    this.#tree.match(topic, found);
  }

  /** @see Router.watch */
  watch(watcher: SubscriptionWatcher): Disposable {
    for (const one of this.#tree.values()) {
      if (one instanceof SharedSubscription) for (const sink of one.sinks) watcher.onSubscribed(one.filter, sink);
      else watcher.onSubscribed(one.subscription.filter, one.sink);
    }
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  /** Adds or replaces. @returns whether it is new */
  set(receiver: Receiver, subscription: Subscription): boolean {
    const { filter } = subscription;
    const share = isShared(filter) ? this.#share(filter) : undefined;
    const kept = share === undefined ? subscription : { ...subscription, share };
    const existing = receiver.entries.get(filter);
    if (existing !== undefined) {
      existing.subscription = kept;
      return false;
    }
    const entry = new Entry(receiver, kept, share);
    receiver.add(entry);
    this.#size++;
    if (share === undefined) this.#tree.add(filter, entry);
    else {
      share.add(entry);
      if (share.size === 1) this.#tree.add(share.filter, share);
    }
    for (const watcher of this.#watchers) watcher.onSubscribed(plainFilter(filter), receiver.sink);
    return true;
  }

  /** @returns whether there was one */
  remove(receiver: Receiver, filter: string): boolean {
    const entry = receiver.entries.get(filter);
    if (entry === undefined) return false;
    receiver.remove(filter);
    this.#size--;
    for (const watcher of this.#watchers) watcher.onUnsubscribed(plainFilter(filter), receiver.sink);
    const { share } = entry;
    if (share === undefined) return this.#tree.remove(filter, entry);
    share.remove(entry);
    if (share.size > 0) return true;
    this.#shares.delete(filter);
    return this.#tree.remove(share.filter, share);
  }

  #share(name: string): SharedSubscription {
    let share = this.#shares.get(name);
    if (share === undefined) {
      share = new SharedSubscription(name, this.#ledger);
      this.#shares.set(name, share);
    }
    return share;
  }
}
