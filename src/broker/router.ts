/**
 * The centre: Topic Name → receivers, and the retained messages.
 *
 * Rules: synchronous; a receiver gets one copy however many of its subscriptions match [MQTT-3.3.4-2 and after];
 * a Shared Subscription gets one copy, too, for one of its members;
 * receivers are collected before the first is told, so that a receiver may publish, subscribe or go while it is told.
 */
import type { Clock } from '../core/clock.js';
import type { Mesh } from '../core/mesh.js';
import type { Message, QoS } from '../core/message.js';
import {
  type Attachment,
  NO_RETAINED,
  type Router,
  type RouterCounters,
  type Share,
  type Sink,
  type Subscription,
  type SubscriptionWatcher,
} from '../core/router.js';
import { MAX_TOPIC_BYTES } from '../core/topic.js';
import { type Found, sortFound } from './fast/route.js';
import { Routes } from './fast/routes.js';
import { isLazy, type RetainedKeeper } from './persistence/retained-keeper.js';
import { ReasonCode } from './reason-codes.js';
import { Entry, Receiver, type Receivers } from './receiver.js';
import { RetainedMessages } from './retained.js';
import { isShared, plainFilter } from './shared-filter.js';
import { SharedSubscription } from './shared-subscriptions.js';
import { Statistics } from './statistics.js';
import { SubscriptionTree } from './subscription-tree.js';
import { hasTooManyLevels } from './topic-rules.js';

export interface RouterOptions {
  readonly clock: Clock;
  /** Retained messages in all; a new topic beyond it is not retained, counted as dropped. */
  readonly retainedMessages: number;
  readonly statistics?: Statistics;
  /** Where retained messages survive; undefined: nowhere. */
  readonly persistence?: RouterPersistence | undefined;
  /** Of the gateways that are peers of this one; undefined: there are none. */
  readonly mesh?: Mesh | undefined;
}

/** What the router needs of persistence/persistence.ts. */
export interface RouterPersistence {
  readonly isFull: boolean;
  readonly retained: RetainedKeeper;
  commit(): Promise<void> | undefined;
}

export class MessageRouter implements Router, Receivers {
  /** Who gets what, for messages that go past {@link publish}. */
  readonly routes = new Routes((topic) => this.#find(topic));
  readonly #clock: Clock;
  readonly #tree = new SubscriptionTree<Entry | SharedSubscription>();
  readonly #retained: RetainedMessages;
  readonly #now: () => number;
  readonly #shares = new Map<string, SharedSubscription>();
  readonly #statistics: Statistics;
  readonly #persistence: RouterPersistence | undefined;
  readonly #mesh: Mesh | undefined;
  readonly #watchers = new Set<SubscriptionWatcher>();
  /** The running publish() gave the message to something durable. */
  #mustWait = false;
  #subscriptions = 0;
  #serial = 0;
  #received = 0;
  #delivered = 0;
  #dropped = 0;
  #unmatched = 0;
  #hasMatched = false;
  #wasStored = false;

  constructor(options: RouterOptions) {
    this.#clock = options.clock;
    this.#retained = new RetainedMessages(options.retainedMessages);
    this.#statistics = options.statistics ?? new Statistics();
    this.#now = () => this.#clock.now();
    this.#persistence = options.persistence;
    this.#mesh = options.mesh;
    for (const message of options.persistence?.retained.entries() ?? []) this.#retained.set(message);
    if (this.#mesh !== undefined) {
      this.#mesh.onStamped = (message) => {
        if (this.#retained.get(message.topic) === message) this.#persistence?.retained.stamped(message);
      };
    }
  }

  /**
   * @see Router.publish. `$SYS` is the broker speaking of itself: not counted as received or unmatched, else an idle
   * broker would look busy. A topic too long for the wire or with too many levels (a link can bring one) is dropped, counted.
   */
  publish(message: Message): void | Promise<void> {
    const { ledger } = this.#statistics;
    const { topic } = message;
    ledger.published++;
    const isTooLong = topic.length * 3 > MAX_TOPIC_BYTES && Buffer.byteLength(topic) > MAX_TOPIC_BYTES;
    if (isTooLong || hasTooManyLevels(topic)) {
      this.#dropped++;
      ledger.refuse(ReasonCode.topicNameInvalid);
      this.#hasMatched = false;
      this.#wasStored = false;
      return;
    }
    const isCounted = !topic.startsWith('$SYS/');
    if (isCounted) this.#received++;
    const mesh = this.#mesh;
    const isForeign = message.stamp !== undefined && mesh?.isForeign(message.stamp) === true;
    const verdict = mesh === undefined || !isForeign ? 'all' : mesh.judge(message, this.#before(topic));
    if (verdict === 'drop') return this.#dropDuplicate(message);
    // A receiver that is told may publish in turn.
    const outer = this.#mustWait;
    this.#mustWait = false;
    let found: (Entry | SharedSubscription)[] = [];
    this.#tree.match(topic, found);
    if (verdict === 'pass') found = found.filter(isStamped);
    if (mesh !== undefined) this.#stamp(mesh, message, found);
    if (message.retain && verdict !== 'deliver' && verdict !== 'pass') this.#retain(message);
    const receivers = found.length === 0 || verdict === 'retain' ? 0 : this.#deliver(message, found);
    if (receivers > 0) ledger.routed++;
    else if (verdict === 'retain' || verdict === 'pass') ledger.duplicates++;
    else {
      ledger.unmatched++;
      if (isCounted) this.#unmatched++;
    }
    // Last: receivers may publish while they are told.
    this.#hasMatched = found.length > 0;
    const mustWait = this.#mustWait;
    this.#wasStored = mustWait;
    this.#mustWait = outer;
    const committed = mustWait ? this.#persistence?.commit() : undefined;
    if (isForeign) committed?.catch(() => mesh?.forget(message));
    return committed;
  }

  /** From a peer: seen before, or come round. Its sender is told once the copy that was first is kept. */
  #dropDuplicate({ qos }: Message): Promise<void> | undefined {
    this.#statistics.ledger.duplicates++;
    this.#hasMatched = true;
    this.#wasStored = false;
    return qos > 0 ? this.#persistence?.commit() : undefined;
  }

  /** What is retained on the topic, or cleared it. */
  #before(topic: string): Message | undefined {
    return this.#retained.get(topic) ?? this.#mesh?.cleared.get(topic);
  }

  /** A message that enters the mesh here is given its stamp before anybody gets it: what is on disk has it. */
  #stamp(mesh: Mesh, message: Message, found: readonly (Entry | SharedSubscription)[]): void {
    if (message.stamp !== undefined || mesh.hubs.keeps(message)) return;
    const isKept = message.retain && mesh.isUsed && !message.topic.startsWith('$SYS/');
    if (isKept || found.some(isStamped)) mesh.stamp(message, isKept ? this.#before(message.topic) : undefined);
  }

  /** Whether the message of the {@link publish} that returned last found a subscription, be it one with No Local. */
  get hasMatched(): boolean {
    return this.#hasMatched;
  }

  /** Whether the message of the {@link publish} that returned last went to the store, or should have; with any durability. */
  get wasStored(): boolean {
    return this.#wasStored;
  }

  attach(sink: Sink): Attachment {
    return new Receiver(this, sink);
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
      subscriptions: this.#subscriptions,
    };
  }

  watch(watcher: SubscriptionWatcher): Disposable {
    for (const one of this.#tree.values()) {
      if (one instanceof SharedSubscription) for (const sink of one.sinks) watcher.onSubscribed(one.filter, sink);
      else watcher.onSubscribed(one.subscription.filter, one.sink);
    }
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  /** Subscriptions that share their messages; each member is one, as Mosquitto counts them. */
  get sharedSubscriptions(): number {
    let members = 0;
    for (const share of this.#shares.values()) members += share.size;
    return members;
  }

  /** The Shared Subscription of this name, while it has a member. */
  share(name: string): Share | undefined {
    return this.#shares.get(name);
  }

  /** What the retained messages hold, bytes. */
  get retainedBytes(): number {
    return this.#retained.bytes;
  }

  /** Removes expired retained messages. */
  sweep(): void {
    for (const topic of this.#retained.sweep(this.#clock.now())) this.#persistence?.retained.delete(topic, 0);
  }

  #retain(message: Message): void {
    const { topic, qos, origin } = message;
    const mesh = this.#mesh?.isUsed ? this.#mesh : undefined;
    const keeper = this.#persistence?.retained;
    if (keeper !== undefined && !isLazy(qos, origin) && this.#persistence!.isFull) {
      // Refused, as its publisher is told; what was there stays.
      this.#mustWait = true;
    } else if (message.payload.length === 0) {
      mesh?.cleared.changed(message, this.#retained.get(topic) !== undefined);
      this.#retained.delete(topic);
      if (keeper?.delete(topic, qos, origin)) this.#mustWait = true;
    } else if (this.#retained.set(message)) {
      mesh?.cleared.changed(message, true);
      if (keeper?.set(message)) this.#mustWait = true;
    } else {
      this.#dropped++;
      if (keeper?.delete(topic, qos, origin)) this.#mustWait = true;
    }
  }

  /** @returns how many copies were made; a Shared Subscription has one */
  #deliver(message: Message, found: readonly (Entry | SharedSubscription)[]): number {
    const serial = ++this.#serial;
    const receivers: Receiver[] = [];
    const subscriptions: Subscription[] = [];
    let shares: SharedSubscription[] | undefined;
    for (const target of found) {
      if (target instanceof SharedSubscription) {
        shares ??= [];
        shares.push(target);
        continue;
      }
      const { receiver, subscription } = target;
      if (subscription.noLocal && receiver.sink.origin === message.origin) continue;
      if (receiver.sink.stamped && this.#mesh?.isWithout(message, receiver.sink.peerGateway)) continue;
      if (receiver.foundBy === serial) {
        subscriptions[receiver.foundAt] = merge(subscriptions[receiver.foundAt]!, subscription);
        continue;
      }
      receiver.foundBy = serial;
      receiver.foundAt = receivers.length;
      receivers.push(receiver);
      subscriptions.push(subscription);
    }
    let copies = 0;
    for (let i = 0; i < receivers.length; i++) {
      const { isAttached, sink } = receivers[i]!;
      if (!isAttached) continue;
      // Looking at the traffic must not change its figures.
      if (sink.kind === 'api') sink.deliver(message, subscriptions[i]!);
      else {
        copies++;
        this.give(message, sink, subscriptions[i]!);
      }
    }
    if (shares !== undefined) copies += this.#deliverShared(message, shares);
    return copies;
  }

  #find(topic: string): Found | undefined {
    const found: (Entry | SharedSubscription)[] = [];
    this.#tree.match(topic, found);
    return sortFound(topic, found, merge);
  }

  /**
   * Counts messages that did not come through {@link publish}.
   *
   * @param copies - of each
   */
  countPassed(messages: number, copies: number): void {
    const { ledger } = this.#statistics;
    ledger.published += messages;
    this.#received += messages;
    if (copies > 0) {
      ledger.routed += messages;
      return;
    }
    ledger.unmatched += messages;
    this.#unmatched += messages;
  }

  /** Counts copies of such messages that were taken, that their receivers may not read, or that others were dropped for. */
  countCopies(taken: number, denied: number, late: number): void {
    const { ledger } = this.#statistics;
    ledger.copies += taken + denied + late;
    this.#delivered += taken;
    this.#dropped += late;
    if (denied === 0) return;
    this.#statistics.deliveriesRefused += denied;
    ledger.drops.denied += denied;
  }

  /** Gives such a message to receivers of {@link Route.rest}. @returns how many copies were made */
  giveRest(message: Message, rest: readonly (Entry | SharedSubscription)[]): number {
    return this.#deliver(message, rest);
  }

  /** Gives one copy to one receiver. */
  give(message: Message, sink: Sink, subscription: Subscription): void {
    const { ledger } = this.#statistics;
    ledger.copies++;
    if (sink.mayReceive !== undefined && !sink.mayReceive(message.topic)) {
      this.#statistics.deliveriesRefused++;
      ledger.drops.denied++;
      return;
    }
    if (sink.durable && message.qos > 0 && subscription.qos > 0) this.#mustWait = true;
    const isTaken = sink.deliver(message, subscription);
    // Sessions keep their own books.
    if (sink.kind !== 'client') ledger.hand(isTaken);
    if (isTaken) this.#delivered++;
    else this.#dropped++;
  }

  /** Each Shared Subscription has a copy of its own, whatever else its members subscribe to (§4.8.2). */
  #deliverShared(message: Message, shares: readonly SharedSubscription[]): number {
    const { ledger } = this.#statistics;
    for (const share of shares) {
      ledger.copies++;
      if (message.qos > 0 && share.isDurable) this.#mustWait = true;
      const outcome = share.deliver(message);
      if (outcome === 'taken') this.#delivered++;
      else this.#dropped++;
      if (outcome === 'none') ledger.drops.noMember++;
    }
    return shares.length;
  }

  /** @see Attachment.subscribe */
  subscribe(receiver: Receiver, subscription: Subscription): Iterable<Message | undefined> {
    if (!receiver.isAttached) return NO_RETAINED;
    this.routes.changed(plainFilter(subscription.filter));
    const existing = receiver.entries.get(subscription.filter);
    const share = isShared(subscription.filter) ? this.#share(subscription.filter) : undefined;
    const kept = share === undefined ? subscription : { ...subscription, share };
    if (existing !== undefined) existing.subscription = kept;
    else this.#add(new Entry(receiver, kept, share));
    // No retained messages for a Shared Subscription (§4.8.2).
    if (share !== undefined) return NO_RETAINED;
    const wanted = subscription.retainHandling === 0 || (subscription.retainHandling === 1 && existing === undefined);
    if (!wanted || !this.#retained.mayMatch(subscription.filter)) return NO_RETAINED;
    return this.#retained.search(subscription.filter, this.#now);
  }

  #share(name: string): SharedSubscription {
    let share = this.#shares.get(name);
    if (share === undefined) {
      share = new SharedSubscription(name, this.#statistics.ledger);
      this.#shares.set(name, share);
    }
    return share;
  }

  #add(entry: Entry): void {
    const { receiver, subscription, share } = entry;
    receiver.add(entry);
    this.#subscriptions++;
    if (share === undefined) this.#tree.add(subscription.filter, entry);
    else {
      share.add(entry);
      if (share.size === 1) this.#tree.add(share.filter, share);
    }
    for (const watcher of this.#watchers) watcher.onSubscribed(plainFilter(subscription.filter), receiver.sink);
  }

  /** @see Attachment.unsubscribe */
  unsubscribe(receiver: Receiver, filter: string): boolean {
    const entry = receiver.entries.get(filter);
    if (entry === undefined) return false;
    this.routes.changed(plainFilter(filter));
    receiver.remove(filter);
    this.#subscriptions--;
    for (const watcher of this.#watchers) watcher.onUnsubscribed(plainFilter(filter), receiver.sink);
    const { share } = entry;
    if (share === undefined) return this.#tree.remove(filter, entry);
    share.remove(entry);
    if (share.size > 0) return true;
    this.#shares.delete(filter);
    return this.#tree.remove(share.filter, share);
  }
}

function isStamped(target: Entry | SharedSubscription): boolean {
  return target instanceof Entry && target.receiver.sink.stamped === true;
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
