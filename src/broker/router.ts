/**
 * The centre: Topic Name → receivers, and the retained messages.
 *
 * Rules: synchronous; a receiver gets one copy however many of its subscriptions match [MQTT-3.3.4-2 and after];
 * a Shared Subscription gets one copy, too, for one of its members;
 * receivers are collected before the first is told, so that a receiver may publish, subscribe or go while it is told.
 */
import type { Clock } from '../core/clock.js';
import type { Transform } from '../core/function.js';
import type { Mesh, Verdict } from '../core/mesh.js';
import type { Message, Stamp } from '../core/message.js';
import {
  type Attachment,
  deliveryQoS,
  NO_RETAINED,
  type Router,
  type RouterCounters,
  type Share,
  type Sink,
  type Subscription,
  type SubscriptionWatcher,
} from '../core/router.js';
import { stampOf } from '../core/stamp.js';
import { isOfPath, Transforming } from '../core/transforming.js';
import { type Found, merge, sortFound, TRANSFORMED } from './fast/route.js';
import { Routes } from './fast/routes.js';
import { isLazy, type RetainedKeeper } from './persistence/retained-keeper.js';
import { ReasonCode } from './reason-codes.js';
import { Entry, Receiver, type Receivers } from './receiver.js';
import { RetainedMessages } from './retained.js';
import { isShared, plainFilter } from './shared-filter.js';
import { SharedSubscription } from './shared-subscriptions.js';
import { Statistics } from './statistics.js';
import { Subscribers } from './subscribers.js';
import { isBarred, isUnsendable } from './topic-rules.js';

export interface RouterOptions {
  readonly clock: Clock;
  /** Retained messages in all; a new topic beyond it is not retained, counted as dropped. */
  readonly retainedMessages: number;
  readonly statistics?: Statistics;
  /** Where retained messages survive; undefined: nowhere. */
  readonly persistence?: RouterPersistence | undefined;
  /** Of the gateways that are peers of this one; undefined: there are none. */
  readonly mesh?: Mesh | undefined;
  /** Functions in the path of messages; undefined: none. */
  readonly transform?: Transform | undefined;
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
  readonly #subscribers: Subscribers;
  readonly #retained: RetainedMessages;
  readonly #now: () => number;
  readonly #statistics: Statistics;
  readonly #persistence: RouterPersistence | undefined;
  readonly #mesh: Mesh | undefined;
  readonly #transforming: Transforming | undefined;
  /** The running publish() gave the message to something durable. */
  #mustWait = false;
  /** Receivers to which it gave the message that take it later. */
  #takers: Promise<boolean>[] | undefined;
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
    this.#subscribers = new Subscribers(this.#statistics.ledger);
    this.#now = () => this.#clock.now();
    this.#persistence = options.persistence;
    this.#mesh = options.mesh;
    const { transform } = options;
    if (transform !== undefined) this.#transforming = new Transforming(transform, () => this.routes.changed('#'));
    for (const message of options.persistence?.retained.entries() ?? []) this.#retained.set(message);
    if (this.#mesh !== undefined) {
      this.#mesh.onStamped = (message) => {
        if (this.#retained.get(message.topic) === message) this.#persistence?.retained.stamped(message);
      };
    }
  }

  /**
   * @see Router.publish. `$SYS` is the broker speaking of itself: not counted as received or unmatched, else an idle
   * broker would look busy. A topic or property too long for the wire, or a topic with too many levels (a link can bring one),
   * is dropped, counted.
   */
  publish(message: Message, onGiven?: () => void): void | Promise<void> {
    const { topic } = message;
    this.#statistics.ledger.published++;
    if (isUnsendable(message)) {
      this.#refuse();
      onGiven?.();
      return;
    }
    if (!topic.startsWith('$SYS/')) this.#received++;
    const mesh = this.#mesh;
    const isForeign = message.stamp !== undefined && mesh?.isForeign(message.stamp) === true;
    const verdict = mesh === undefined || !isForeign ? 'all' : mesh.judge(message, this.#before(topic));
    if (verdict !== 'drop' && this.#transforming?.concerns(topic) && isOfPath(message)) {
      return this.#transform(this.#transforming, message, verdict, isForeign, onGiven);
    }
    const committed = verdict === 'drop' ? this.#dropDuplicate(message) : this.#route(message, verdict, isForeign);
    onGiven?.();
    return committed;
  }

  /** Gives the message to its receivers. */
  #route(message: Message, verdict: Verdict, isForeign: boolean): void | Promise<void> {
    const { ledger } = this.#statistics;
    const { topic } = message;
    const mesh = this.#mesh;
    // A receiver that is told may publish in turn.
    const outer = this.#mustWait;
    const outerTakers = this.#takers;
    this.#mustWait = false;
    this.#takers = undefined;
    let found: (Entry | SharedSubscription)[] = [];
    this.#subscribers.match(topic, found);
    if (verdict === 'pass') found = found.filter(isStamped);
    if (mesh !== undefined) this.#stamp(mesh, message, found);
    if (message.retain && verdict !== 'deliver' && verdict !== 'pass') this.#retain(message);
    const receivers = found.length === 0 || verdict === 'retain' ? 0 : this.#deliver(message, found);
    if (receivers > 0) ledger.routed++;
    else if (verdict === 'retain' || verdict === 'pass') ledger.duplicates++;
    else {
      ledger.unmatched++;
      if (!topic.startsWith('$SYS/')) this.#unmatched++;
    }
    // Last: receivers may publish while they are told.
    this.#hasMatched = found.length > 0;
    const mustWait = this.#mustWait;
    const takers = this.#takers;
    // Better twice for some than never for who takes it later.
    this.#wasStored = mustWait && takers === undefined;
    this.#mustWait = outer;
    this.#takers = outerTakers;
    const stored = mustWait ? this.#persistence?.commit() : undefined;
    const committed = takers === undefined ? stored : this.#taken(takers, stored);
    if (isForeign) committed?.catch(() => mesh?.forget(message, verdict));
    return committed;
  }

  /** What those took who take it later is stored, too. */
  async #taken(takers: readonly Promise<boolean>[], stored: Promise<void> | undefined): Promise<void> {
    const [before] = await Promise.allSettled([stored, ...takers]);
    if (before.status === 'rejected') throw before.reason;
    await this.#persistence?.commit();
  }

  /** Gives the message to functions, and what they make of it to its receivers. */
  #transform(
    transforming: Transforming,
    message: Message,
    verdict: Verdict,
    isForeign: boolean,
    onGiven: (() => void) | undefined,
  ): void | Promise<void> {
    const mesh = this.#mesh;
    const { topic } = message;
    this.#statistics.ledger.transformed++;
    const cleared = this.#clearBefore(message, verdict);
    let isGiven = false;
    const given = transforming.apply(message, (outputs, isLate) => {
      isGiven = true;
      // A copy that came by another way meanwhile may have been first.
      const now = isLate && isForeign ? mesh!.judge(message, this.#before(topic)) : verdict;
      const stored = this.#give(message, now === 'drop' ? [] : outputs, now, isForeign);
      onGiven?.();
      return stored;
    });
    const committed = cleared === undefined ? given : Promise.all([cleared, given]).then(() => {});
    if (isForeign) cleared?.catch(() => mesh?.forget(message, verdict));
    if (isGiven) return committed;
    // Should there be a crash meanwhile, nothing of it is kept, and it must be new when it comes again.
    if (isForeign) mesh?.forget(message, verdict);
    this.#hasMatched = true;
    this.#wasStored = false;
    return committed;
  }

  /** What was retained here before there was a function can still be cleared. */
  #clearBefore(message: Message, verdict: Verdict): Promise<void> | undefined {
    const { topic, retain, payload } = message;
    const isValid = retain && payload.length === 0 && (verdict === 'all' || verdict === 'retain');
    if (!isValid || this.#retained.get(topic) === undefined) return undefined;
    const outer = this.#mustWait;
    this.#mustWait = false;
    this.#retain(message);
    const mustWait = this.#mustWait;
    this.#mustWait = outer;
    return mustWait ? this.#persistence?.commit() : undefined;
  }

  /** What functions made of a message, in order; none: nobody gets it, as its publisher may take it to be meant. */
  #give(input: Message, outputs: readonly Message[], verdict: Verdict, isForeign: boolean): void | Promise<void> {
    let hasMatched = outputs.length === 0;
    let wasStored = false;
    const commits = new Set<Promise<void>>();
    // As it came: what a function hands on as it is gets its stamp here.
    const { stamp } = input;
    if (outputs.length === 0) this.#statistics.ledger.discarded++;
    for (const [index, output] of outputs.entries()) {
      const committed = this.#giveOutput(input, stamp, output, index, verdict, isForeign);
      if (committed !== undefined) commits.add(committed);
      if (this.#hasMatched) hasMatched = true;
      if (this.#wasStored) wasStored = true;
    }
    this.#hasMatched = hasMatched;
    this.#wasStored = wasStored;
    if (commits.size === 0) return undefined;
    // Given in one turn, they are of one commit.
    const [first] = commits;
    const all = commits.size === 1 ? first! : Promise.all(commits).then(() => {});
    if (isForeign) all.catch(() => this.#mesh?.forget(input, verdict));
    return all;
  }

  #giveOutput(
    input: Message,
    stamp: Stamp | undefined,
    output: Message,
    index: number,
    verdict: Verdict,
    isForeign: boolean,
  ): void | Promise<void> {
    this.#statistics.ledger.made++;
    if (isUnsendable(output) || (output.topic !== input.topic && isBarred(output.topic))) return this.#refuse();
    if (output !== input || index > 0) output.stamp = stampOf(input.topic, stamp, output.topic, index);
    // Under its own name it was judged already.
    const isNew = isForeign && output.stamp !== stamp;
    const judged = isNew ? this.#mesh!.judge(output, this.#before(output.topic)) : verdict;
    return judged === 'drop' ? this.#dropDuplicate(output) : this.#route(output, judged, isForeign);
  }

  /** Nobody can be sent such a message. */
  #refuse(): void {
    this.#dropped++;
    this.#statistics.ledger.refuse(ReasonCode.topicNameInvalid);
    this.#hasMatched = false;
    this.#wasStored = false;
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
    const isKept = message.retain && mesh.isUsed && !message.topic.startsWith('$SYS/');
    if (isKept || found.some(isStamped)) mesh.enter(message, isKept ? this.#before(message.topic) : undefined);
  }

  /** Whether the message of the {@link publish} that returned last found a subscription, be it one with No Local. */
  get hasMatched(): boolean {
    return this.#hasMatched;
  }

  /** Whether the message of the {@link publish} that returned last went to the store, or should have; with any durability. */
  get wasStored(): boolean {
    return this.#wasStored;
  }

  /** Messages that functions still have. */
  get transforming(): number {
    return this.#transforming?.waiting ?? 0;
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
      subscriptions: this.#subscribers.size,
    };
  }

  watch(watcher: SubscriptionWatcher): Disposable {
    return this.#subscribers.watch(watcher);
  }

  /** @see Subscribers.sharedSubscriptions */
  get sharedSubscriptions(): number {
    return this.#subscribers.sharedSubscriptions;
  }

  /** The Shared Subscription of this name, while it has a member. */
  share(name: string): Share | undefined {
    return this.#subscribers.share(name);
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
    if (this.#transforming?.concerns(topic)) return TRANSFORMED;
    const found: (Entry | SharedSubscription)[] = [];
    this.#subscribers.match(topic, found);
    return sortFound(topic, found);
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
    const outer = this.#takers;
    const copies = this.#deliver(message, rest);
    // At QoS 0 nobody is told.
    this.#takers = outer;
    return copies;
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
    const isKept = sink.durable === true && deliveryQoS(message, subscription) > 0;
    if (isKept) this.#mustWait = true;
    // With `minQos` QoS 0 is, too, past {@link publish}: there it has no stamp yet.
    if (isKept && sink.stamped === true) this.#mesh?.enter(message);
    const isTaken = sink.deliver(message, subscription);
    if (typeof isTaken === 'object') {
      this.#takers ??= [];
      this.#takers.push(isTaken);
    }
    // Sessions keep their own books.
    if (sink.kind !== 'client') ledger.hand(isTaken !== false);
    if (isTaken !== false) this.#delivered++;
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
    const isNew = this.#subscribers.set(receiver, subscription);
    // No retained messages for a Shared Subscription (§4.8.2).
    if (isShared(subscription.filter)) return NO_RETAINED;
    const wanted = subscription.retainHandling === 0 || (subscription.retainHandling === 1 && isNew);
    if (!wanted || !this.#retained.mayMatch(subscription.filter)) return NO_RETAINED;
    return this.#retained.search(subscription.filter, this.#now);
  }

  /** @see Attachment.unsubscribe */
  unsubscribe(receiver: Receiver, filter: string): boolean {
    const isKnown = receiver.entries.has(filter);
    if (isKnown) this.routes.changed(plainFilter(filter));
    return isKnown && this.#subscribers.remove(receiver, filter);
  }
}

function isStamped(target: Entry | SharedSubscription): boolean {
  return target instanceof Entry && target.receiver.sink.stamped === true;
}
