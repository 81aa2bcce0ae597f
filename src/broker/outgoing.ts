/**
 * What one session has to send, and how far it is.
 *
 *   router ──deliver──▶ QoS 0: channel, or dropped while it is absent or congested
 *                       QoS 1, 2: in flight up to Receive Maximum, else queue (drop-oldest)
 *                       of a durable session: to the store first, see persistence/stored-deliveries.ts
 *   subscribe ──▶ retained feed: read from the retained messages as fast as the client takes them
 */
import type { Message } from '../core/message.js';
import { ABSENT, deliveryQoS, type Sink, type Subscription } from '../core/router.js';
import type { Channel, OutgoingFigures } from './channel.js';
import type { Run } from './fast/frames.js';
import type { Recipient } from './fast/passage.js';
import type { Pile, Piled } from './fast/pile.js';
import {
  type AcknowledgementResult,
  type Delivery,
  type Inflight,
  InflightMessages,
  identifierOf,
} from './inflight.js';
import { ENTRY_BYTES } from './limits/message-memory.js';
import type { OutgoingContext } from './outgoing-context.js';
import type { Backing, DeliveryEvents } from './persistence/backing.js';
import { StoredDeliveries } from './persistence/stored-deliveries.js';
import { DropOldestQueue } from './queue.js';
import { RetainedFeeds } from './retained-feeds.js';
import { type OutgoingOwner, queueLimits, Sending } from './sending.js';

/** Of a durable session: retained messages on their way to the disk at a time. */
const FEED_AHEAD = 100;
/** Who acknowledges something within it keeps up, ms. */
const PROMPT = 5_000;

export class Outgoing implements DeliveryEvents, Recipient {
  readonly #context: OutgoingContext;
  readonly #inflight: InflightMessages;
  readonly #queue: DropOldestQueue<Delivery> | StoredDeliveries;
  /** The same queue, of a durable session. */
  readonly #stored: StoredDeliveries | undefined;
  /** PUBREL is due once their release is on disk, in this order. */
  #releases: Inflight[] = [];
  readonly #sending: Sending;
  /** Made with the first subscription. */
  #feeds: RetainedFeeds | undefined;
  #channel: Channel | undefined;
  #window = 0;

  /** @param backing - of a durable session */
  constructor(context: OutgoingContext, owner: OutgoingOwner, backing?: Backing) {
    this.#context = context;
    const { limits, messageMemory } = context;
    this.#stored = backing && new StoredDeliveries(backing, { limits, memory: messageMemory }, this);
    this.#inflight = new InflightMessages(messageMemory, this.#stored);
    this.#sending = new Sending(context, owner, this.#inflight, this.#stored);
    this.#queue = this.#stored ?? new DropOldestQueue<Delivery>(queueLimits(context));
  }

  /** What was sent, what was dropped, what expired. */
  get counts(): Pick<Sending, 'sent' | 'drops' | 'expired'> {
    return this.#sending;
  }

  get figures(): OutgoingFigures {
    return {
      inflight: this.#inflight.size,
      queued: this.#queue.size,
      queuedBytes: this.#queue.bytes,
      storedBytes: this.#queue.bytes + this.#inflight.bytes,
    };
  }

  /** A new connection: what was not acknowledged is sent again, by {@link resume} [MQTT-4.4.0-1]. */
  connect(channel: Channel): void {
    this.#channel = channel;
    this.#window = Math.min(channel.receiveMaximum, this.#context.limits.receiveMaximum);
    this.#inflight.restart();
    this.#releases = [];
    this.#stored?.connect();
  }

  disconnect(): void {
    this.#channel = undefined;
    if (this.#stored === undefined) return;
    this.#stored.disconnect();
    this.#inflight.letGo();
  }

  /** Of a durable session: highest sequence sent. */
  get sentTo(): number {
    return this.#stored?.sentTo ?? 0;
  }

  /** What it keeps, queued and in flight, roughly. */
  get heldBytes(): number {
    const { messages, bytes } = this.#stored?.inMemory ?? { messages: this.#queue.size, bytes: this.#queue.bytes };
    const { kept } = this.#inflight;
    return bytes + kept.bytes + (messages + kept.messages) * ENTRY_BYTES;
  }

  /** Drops the oldest queued message, for want of memory; what lies on disk only leaves the memory. @returns false when there is none */
  dropOldest(): boolean {
    if (this.#stored !== undefined) return this.#stored.unload();
    if (this.#queue.shift() === undefined) return false;
    this.#sending.drop(1, 'memory');
    return true;
  }

  /** @returns false when something was dropped: this message, or the oldest in the queue for it */
  deliver(message: Message, subscription: Subscription): boolean {
    const qos = deliveryQoS(message, subscription);
    const retain = message.retain && subscription.retainAsPublished;
    const channel = this.#channel;
    const { identifiers, share } = subscription;
    const delivery: Delivery = { message, qos, retain, identifiers, share, stored: undefined };
    if (qos === 0) {
      if (channel === undefined) return this.#sending.drop(1, 'offline');
      const isTaken = !channel.isCongested && channel.hasRoomFor(message.payload.length);
      if (!isTaken && !this.#makeRoom(channel, message)) return this.#sending.drop(1, 'slowReader');
      return this.#sending.send(channel, delivery) && isTaken;
    }
    if (this.#stored !== undefined) return this.#store(this.#stored, delivery);
    if (channel !== undefined && this.#isFree(channel) && channel.hasRoomFor(message.payload.length)) {
      return this.#sending.send(channel, delivery);
    }
    const { messageMemory } = this.#context;
    messageMemory.keep(message);
    const dropped = this.#queue.push(delivery);
    messageMemory.relieve();
    return this.#sending.drop(dropped, 'queueFull');
  }

  forward(run: Run): boolean {
    if (!this.#channel?.lane?.forward(run)) return false;
    this.#sending.sent.countAll(0, run.messages, run.payloadBytes);
    return true;
  }

  forwardPile(pile: Pile, piled: Piled): boolean {
    if (!this.#channel?.lane?.forwardPile(pile, piled)) return false;
    this.#sending.sent.countAll(0, pile.messages, pile.payloadBytes);
    return true;
  }

  /** What {@link deliver} does, for all at once. */
  forwardLate(run: Run): boolean {
    const { limits } = this.#context;
    if (limits.slowConsumer.qos0 !== 'drop-oldest') return false;
    const dropped = this.#channel?.lane?.forwardLate(run) ?? 0;
    if (dropped === 0) return false;
    this.#sending.sent.countAll(0, run.messages, run.payloadBytes);
    this.#takeBack(dropped);
    return true;
  }

  /** What {@link deliver} does, for all at once. */
  forwardPart(run: Run): boolean {
    const channel = this.#channel;
    const { part } = run;
    part.clear();
    if (channel !== undefined) {
      if (this.#context.limits.slowConsumer.qos0 !== 'drop-new') return false;
      if (!channel.isCongested && !channel.lane?.forwardPart(run)) return false;
      this.#sending.sent.countAll(0, part.messages, part.payloadBytes);
    }
    this.#sending.drop(run.messages - part.messages, channel === undefined ? 'offline' : 'slowReader');
    return true;
  }

  forwardOne(run: Run, topic: string): boolean {
    const channel = this.#channel;
    if (!channel?.lane?.takes(run) || !this.#isFree(channel)) return false;
    if (this.#inflight.size === 0) this.#sending.progress();
    channel.lane.forwardOne(run, this.#inflight.pass(run.qos as 1 | 2, topic.length + run.payloadBytes));
    this.#sending.sent.countAll(run.qos, 1, run.payloadBytes);
    return true;
  }

  /** Of a durable session: QoS 1 is sent at once where nothing waits, before it is on disk; its publisher is told after. */
  #store(deliveries: StoredDeliveries, delivery: Delivery): boolean {
    if (deliveries.isFull) return this.#sending.drop(1, 'storeFailed');
    const channel = this.#channel;
    const isFree =
      delivery.qos === 1 &&
      channel !== undefined &&
      this.#isFree(channel) &&
      channel.hasRoomFor(delivery.message.payload.length);
    const stored = deliveries.append(delivery);
    delivery.stored = stored;
    if (isFree && !this.#inflight.has(identifierOf(stored))) {
      deliveries.sentAtOnce(stored);
      return this.#sending.send(channel, delivery);
    }
    const dropped = deliveries.push(delivery);
    this.#context.messageMemory.relieve();
    return this.#sending.drop(dropped, 'queueFull');
  }

  /** A message of QoS 1 or 2 would be sent at once. */
  #isFree(channel: Channel): boolean {
    if (channel.isCongested || this.#queue.size > 0) return false;
    return this.#mayFly && this.#inflight.peekAgain() === undefined;
  }

  /** @see Sink.backlog */
  backlog(qos: number): number {
    const channel = this.#channel;
    if (qos === 0) return channel === undefined || channel.isCongested ? Number.POSITIVE_INFINITY : 0;
    const queued = this.#queue.size;
    if (queued >= this.#context.limits.queuedMessages) return 2 * ABSENT + queued;
    if (channel === undefined) return ABSENT + queued + this.#inflight.size;
    return this.#isFree(channel) ? 0 : 1 + queued;
  }

  /**
   * Passes messages of Shared Subscriptions on to other members; what nobody takes stays.
   *
   * @param name - of this one only; undefined: of all
   * @param isGone - the connection is over: QoS 1 not acknowledged goes, too (§4.8.2)
   */
  passOn(from: Sink, to: 'connected' | 'any', name: string | undefined, isGone: boolean): void {
    const { clock } = this.#context;
    const now = clock.now();
    const isPassed = ({ message, share }: Delivery) => {
      if (share === undefined || (name !== undefined && share.name !== name)) return false;
      if (message.expiresAt > now) return share.pass(message, from, to);
      this.#sending.expire();
      return true;
    };
    if (this.#stored !== undefined) {
      this.#stored.passOn(isPassed);
      return;
    }
    if (isGone) {
      for (const entry of this.#inflight.passable()) if (isPassed(entry.delivery)) this.#inflight.forget(entry);
    }
    if (this.#queue instanceof DropOldestQueue && this.#queue.size > 0) this.#queue.removeWhere(isPassed);
  }

  /** The session ends: what waits and what is not acknowledged is lost, except what the client said it has. */
  end(): void {
    const { ledger } = this.#context.statistics;
    const released = this.#inflight.countReleased();
    ledger.delivered += released;
    this.#sending.drop(this.#queue.size + this.#inflight.size - released, 'sessionEnded');
    if (this.#queue instanceof DropOldestQueue) this.#queue.clear();
    else this.#queue.remove();
    this.#inflight.clear();
    this.#feeds?.clear();
  }

  /** The broker stops: what lies in the store stays there, the rest is gone without a word. */
  close(): void {
    if (this.#stored === undefined) {
      this.end();
      return;
    }
    this.#inflight.letGo();
    this.#stored.close();
    this.#feeds?.clear();
  }

  onReady(): void {
    const channel = this.#channel;
    if (channel === undefined) return;
    while (this.#releases.length > 0 && this.#isReleaseKept(this.#releases[0]!)) {
      this.#sending.sendRelease(channel, this.#releases.shift()!);
    }
    this.resume();
  }

  onDropped(messages: number): void {
    this.#sending.drop(messages, 'queueFull');
  }

  onLost(first: number, last: number): number {
    return this.#inflight.unstore(first, last);
  }

  onRefused(messages: number): void {
    this.#sending.drop(messages, 'storeFailed');
  }

  /** The retained messages a new subscription asks for; replaces what is left from the same filter. */
  feed(subscription: Subscription, messages: Iterable<Message | undefined>): void {
    this.#feeds ??= new RetainedFeeds(this.#context.turns, () => this.resume());
    this.#feeds.add(subscription, messages);
  }

  stopFeed(filter: string): void {
    this.#feeds?.stop(filter);
  }

  /** Sends what waits, as far as the client takes it: after CONNACK, SUBACK, an acknowledgement, or congestion. */
  resume(): void {
    for (let channel = this.#channel; channel !== undefined && !channel.isCongested; channel = this.#channel) {
      const again = this.#inflight.peekAgain();
      if (again !== undefined) {
        if (again.state === 'pubrel' && !this.#isReleaseKept(again)) return;
        if (again.state === 'publish' && !this.#inflight.hasRoom(this.#window)) return;
        if (again.state === 'publish' && !channel.hasRoomFor(again.delivery.message.payload.length)) return;
        this.#sending.sendAgain(channel, again);
      } else if (this.#queue.size > 0) {
        const released = this.#stored?.shiftReleased();
        if (released !== undefined) this.#sending.sendRelease(channel, this.#inflight.add(released));
        if (released !== undefined) continue;
        if (!this.#mayFly) return;
        const next = this.#queue.peek();
        // What is on its way to the disk does not hold up what goes there, too.
        if (next === undefined && this.#mayFeedAhead && this.#feedOne(channel)) continue;
        if (next === undefined || !channel.hasRoomFor(next.message.payload.length)) return;
        if (next.stored !== undefined && this.#inflight.has(identifierOf(next.stored))) return;
        this.#queue.shift();
        if (next.stored === undefined) this.#sending.sendQueued(channel, next);
        else this.#sending.sendStored(channel, next, next.stored);
      } else if (!this.#feedOne(channel)) {
        return;
      }
    }
  }

  puback(packetIdentifier: number, isFailure: boolean): AcknowledgementResult {
    return this.#settled(this.#inflight.puback(packetIdentifier), isFailure);
  }

  pubrec(packetIdentifier: number, isFailure: boolean): AcknowledgementResult {
    const result = this.#inflight.pubrec(packetIdentifier, isFailure);
    if (result === 'release' && this.#stored !== undefined) return this.#release(packetIdentifier);
    return this.#settled(result, isFailure);
  }

  /** PUBREL must not go before it is on disk: after a crash the message would be sent again, and taken for a new one. */
  #release(packetIdentifier: number): AcknowledgementResult {
    const entry = this.#inflight.get(packetIdentifier)!;
    const { stored } = entry.delivery;
    if (stored === undefined || stored.released > 0) return 'release';
    if (entry.releaseBatch === 0) entry.releaseBatch = this.#stored!.release(stored);
    else if (!this.#isReleaseKept(entry)) return 'later';
    if (this.#isReleaseKept(entry)) return 'release';
    this.#releases.push(entry);
    return 'later';
  }

  #isReleaseKept({ releaseBatch }: Inflight): boolean {
    return releaseBatch === 0 || this.#stored === undefined || this.#stored.isKept(releaseBatch);
  }

  pubcomp(packetIdentifier: number): AcknowledgementResult {
    return this.#settled(this.#inflight.pubcomp(packetIdentifier), false);
  }

  /** @param isFailure - the client has it, and does not want it: that is an acknowledgement, too */
  #settled(result: AcknowledgementResult, isFailure: boolean): AcknowledgementResult {
    this.#sending.progress();
    if (result !== 'done') return result;
    if (isFailure) this.#sending.drop(1, 'refusedByReceiver');
    else this.#context.statistics.ledger.delivered++;
    this.resume();
    return result;
  }

  /** Sends at most one retained message. @returns false when there is nothing to send now */
  #feedOne(channel: Channel): boolean {
    const feeds = this.#feeds;
    const subscription = feeds?.subscription;
    if (
      feeds === undefined ||
      subscription === undefined ||
      (subscription.qos > 0 && !this.#inflight.hasRoom(this.#window))
    )
      return false;
    const message = feeds.next();
    if (typeof message === 'string') return message === 'done';
    const qos = deliveryQoS(message, subscription);
    const { identifiers } = subscription;
    const delivery: Delivery = { message, qos, retain: true, identifiers, share: undefined, stored: undefined };
    this.#context.statistics.ledger.replayed++;
    if (qos > 0 && this.#stored !== undefined) this.#store(this.#stored, delivery);
    else this.#sending.send(channel, delivery);
    return true;
  }

  /** Retained messages may go to the disk in front of those that are sent, but push nothing out of the queue. */
  get #mayFeedAhead(): boolean {
    const { queuedMessages, queuedBytes } = this.#context.limits;
    const { size, bytes } = this.#queue;
    return size < Math.min(FEED_AHEAD, queuedMessages) && bytes < queuedBytes / 2;
  }

  /** One more may be in flight: by number, by what is in flight already, and by what all sessions hold. */
  get #mayFly(): boolean {
    const { limits, messageMemory } = this.#context;
    if (!this.#inflight.hasRoom(this.#window)) return false;
    return this.#inflight.size === 0 || (this.#inflight.bytes < limits.queuedBytes && !messageMemory.isTight);
  }

  /** @see MessageHolder.isBehind */
  get isBehind(): boolean {
    if (this.#channel === undefined || this.#channel.isCongested) return true;
    return this.#inflight.size > 0 && this.#context.clock.monotonic() - this.#sending.progressAt >= PROMPT;
  }

  /** @see MessageHolder.progressAt */
  get progressAt(): number {
    return this.#sending.progressAt;
  }

  /** @see MessageHolder.isStuck: for longer than a client may stall */
  get isStuck(): boolean {
    const { clock, limits } = this.#context;
    const isWaiting = this.#channel !== undefined && this.#inflight.size > 0;
    return isWaiting && clock.monotonic() - this.#sending.progressAt >= limits.drainTimeout;
  }

  /** For a QoS 0 message to a client that is behind. @returns whether it may be sent in spite of that */
  #makeRoom(channel: Channel, message: Message): boolean {
    switch (this.#context.limits.slowConsumer.qos0) {
      case 'drop-new':
        return false;
      case 'disconnect':
        channel.tooSlow();
        return false;
      case 'drop-oldest': {
        const dropped = channel.dropOldest(message.payload.length);
        this.#takeBack(dropped);
        return dropped > 0;
      }
    }
  }

  /** QoS 0 messages that were not sent after all. */
  #takeBack(messages: number): void {
    this.#sending.sent.takeBack(messages);
    this.#context.statistics.ledger.delivered -= messages;
    this.#sending.drop(messages, 'slowReader');
  }
}
