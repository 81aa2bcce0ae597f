/**
 * What one session has to send, and how far it is.
 *
 *   router ──deliver──▶ QoS 0: channel, or dropped while it is absent or congested
 *                       QoS 1, 2: in flight up to Receive Maximum, else queue (drop-oldest)
 *   subscribe ──▶ retained feed: read from the retained messages as fast as the client takes them
 */
import type { Clock } from '../core/clock.js';
import type { BrokerLimits } from '../core/config.js';
import type { Message, QoS } from '../core/message.js';
import { ABSENT, type Sink, type Subscription } from '../core/router.js';
import type { DropReason } from '../core/views.js';
import { messageBytes } from './application-message.js';
import { Drops } from './drops.js';
import { type AcknowledgementResult, type Delivery, type Inflight, InflightMessages } from './inflight.js';
import { ENTRY_BYTES, type MessageMemory } from './limits/message-memory.js';
import type { Turns } from './limits/turns.js';
import type { OutgoingTopicAliases } from './outgoing-topic-aliases.js';
import type { Peer } from './peer.js';
import { DropOldestQueue } from './queue.js';
import type { Refusal } from './reason-codes.js';
import type { Statistics } from './statistics.js';
import { Traffic } from './traffic.js';
import { encodeAcknowledgement } from './wire/encode.js';
import { type EncodedPublish, encodePublish, type PublishEncoder } from './wire/encode-publish.js';
import type { ProtocolVersion } from './wire/packets.js';

/** The connection as the session sees it. */
export interface Channel {
  readonly peer: Peer;
  /** When the last packet of the client came, monotonic ms. */
  readonly packetAt: number;
  /** ms; 0: none. */
  readonly keepAlive: number;
  readonly protocolVersion: ProtocolVersion;
  /** Of the client: how many QoS 1 and 2 messages it takes unacknowledged. */
  readonly receiveMaximum: number;
  /** Of the client, bytes. */
  readonly maximumPacketSize: number;
  /** undefined: the client takes none. */
  readonly outgoingAliases: OutgoingTopicAliases | undefined;
  /** So much waits to be written that nothing more should be sent; {@link Outgoing.resume} is due when it is over. */
  readonly isCongested: boolean;
  /** Whether a packet of this size may be sent now; if not, {@link Outgoing.resume} is due when it may. */
  hasRoomFor(bytes: number): boolean;
  /** Drops QoS 0 messages that wait, the oldest first, to free so many bytes. @returns how many */
  dropOldest(bytes: number): number;
  /** Ends the connection: more is sent to the client than it takes, and the policy does not allow that. */
  tooSlow(): void;
  send(bytes: Buffer): void;
  sendPublish(encoded: EncodedPublish, packetIdentifier: number): void;
  /** Ends the connection; the client is told why where its version can say so, and its Will is sent. */
  refuse(refusal: Refusal): void;
}

export interface OutgoingContext {
  readonly clock: Clock;
  readonly limits: BrokerLimits;
  readonly encoder: PublishEncoder;
  readonly statistics: Statistics;
  readonly messageMemory: MessageMemory;
  readonly turns: Turns;
}

/** What waits for one client. */
export interface OutgoingFigures {
  readonly inflight: number;
  readonly queued: number;
  readonly queuedBytes: number;
  /** Queued and in flight. */
  readonly storedBytes: number;
}

/** Retained messages still to be sent for one subscription. */
interface Feed {
  readonly subscription: Subscription;
  readonly messages: Iterator<Message | undefined>;
}

/** An alias costs a copy of the packet where receivers know the topic by different numbers, bytes. */
const MAX_ALIASED_PAYLOAD = 16 * 1024;
/** Who acknowledges something within it keeps up, ms. */
const PROMPT = 5_000;
const NO_IDENTIFIERS: readonly number[] = [];

export class Outgoing {
  readonly #context: OutgoingContext;
  readonly #inflight: InflightMessages;
  readonly #queue: DropOldestQueue<Delivery>;
  readonly #mayReceive: (topic: string) => boolean;
  #feeds: Feed[] = [];
  /** The next retained message is looked for when it is our turn. */
  #isFeedWaiting = false;
  readonly #onFeedTurn = () => {
    this.#isFeedWaiting = false;
    this.resume();
  };
  #channel: Channel | undefined;
  #window = 0;
  /** When the client last acknowledged something, or something was first to be acknowledged; monotonic ms. */
  #progressAt = 0;
  readonly sent = new Traffic();
  readonly drops = new Drops();
  /** Messages that expired in the queue. */
  expired = 0;

  /** @param mayReceive - asked again for what waited */
  constructor(context: OutgoingContext, mayReceive: (topic: string) => boolean) {
    this.#context = context;
    const { limits, messageMemory } = context;
    this.#inflight = new InflightMessages(messageMemory);
    this.#mayReceive = mayReceive;
    this.#queue = new DropOldestQueue({
      items: limits.queuedMessages,
      bytes: limits.queuedBytes,
      bytesOf: ({ message }) => messageBytes(message),
      onRemoved: ({ message }) => messageMemory.release(message),
    });
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
  }

  disconnect(): void {
    this.#channel = undefined;
  }

  /** What it keeps, queued and in flight, roughly. */
  get heldBytes(): number {
    const entries = this.#queue.size + this.#inflight.size;
    return this.#queue.bytes + this.#inflight.bytes + entries * ENTRY_BYTES;
  }

  /** Drops the oldest queued message, for want of memory. @returns false when there is none */
  dropOldest(): boolean {
    if (this.#queue.shift() === undefined) return false;
    this.#drop(1, 'memory');
    return true;
  }

  /** @returns false when something was dropped: this message, or the oldest in the queue for it */
  deliver(message: Message, subscription: Subscription): boolean {
    const qos = Math.min(message.qos, subscription.qos) as QoS;
    const retain = message.retain && subscription.retainAsPublished;
    const channel = this.#channel;
    const { identifiers, share } = subscription;
    const delivery: Delivery = { message, qos, retain, identifiers, share };
    if (qos === 0) {
      if (channel === undefined) return this.#drop(1, 'offline');
      const isTaken = !channel.isCongested && channel.hasRoomFor(message.payload.length);
      if (!isTaken && !this.#makeRoom(channel, message)) return this.#drop(1, 'slowReader');
      return this.#send(channel, delivery) && isTaken;
    }
    if (channel !== undefined && this.#isFree(channel) && channel.hasRoomFor(message.payload.length)) {
      return this.#send(channel, delivery);
    }
    const { messageMemory } = this.#context;
    messageMemory.keep(message);
    const dropped = this.#queue.push(delivery);
    messageMemory.relieve();
    return this.#drop(dropped, 'queueFull');
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
      this.#expire();
      return true;
    };
    if (isGone) {
      for (const entry of this.#inflight.passable()) if (isPassed(entry.delivery)) this.#inflight.forget(entry);
    }
    if (this.#queue.size > 0) this.#queue.removeWhere(isPassed);
  }

  /** The session ends: what waits and what is not acknowledged is lost, except what the client said it has. */
  end(): void {
    const { ledger } = this.#context.statistics;
    const released = this.#inflight.countReleased();
    ledger.delivered += released;
    this.#drop(this.#queue.size + this.#inflight.size - released, 'sessionEnded');
    this.#queue.clear();
    this.#inflight.clear();
    this.#feeds = [];
  }

  /** The retained messages a new subscription asks for; replaces what is left from the same filter. */
  feed(subscription: Subscription, messages: Iterable<Message | undefined>): void {
    this.stopFeed(subscription.filter);
    this.#feeds.push({ subscription, messages: messages[Symbol.iterator]() });
  }

  stopFeed(filter: string): void {
    this.#feeds = this.#feeds.filter((feed) => feed.subscription.filter !== filter);
  }

  /** Sends what waits, as far as the client takes it: after CONNACK, SUBACK, an acknowledgement, or congestion. */
  resume(): void {
    for (let channel = this.#channel; channel !== undefined && !channel.isCongested; channel = this.#channel) {
      const again = this.#inflight.peekAgain();
      if (again !== undefined) {
        if (again.state === 'publish' && !this.#inflight.hasRoom(this.#window)) return;
        if (again.state === 'publish' && !channel.hasRoomFor(again.delivery.message.payload.length)) return;
        this.#sendAgain(channel, again);
      } else if (this.#queue.size > 0) {
        if (!this.#mayFly || !channel.hasRoomFor(this.#queue.peek()!.message.payload.length)) return;
        this.#sendQueued(channel, this.#queue.shift()!);
      } else if (!this.#feedOne(channel)) {
        return;
      }
    }
  }

  puback(packetIdentifier: number, isFailure: boolean): AcknowledgementResult {
    return this.#settled(this.#inflight.puback(packetIdentifier), isFailure);
  }

  pubrec(packetIdentifier: number, isFailure: boolean): AcknowledgementResult {
    return this.#settled(this.#inflight.pubrec(packetIdentifier, isFailure), isFailure);
  }

  pubcomp(packetIdentifier: number): AcknowledgementResult {
    return this.#settled(this.#inflight.pubcomp(packetIdentifier), false);
  }

  /** @param isFailure - the client has it, and does not want it: that is an acknowledgement, too */
  #settled(result: AcknowledgementResult, isFailure: boolean): AcknowledgementResult {
    this.#progressAt = this.#context.clock.monotonic();
    if (result !== 'done') return result;
    if (isFailure) this.#drop(1, 'refusedByReceiver');
    else this.#context.statistics.ledger.delivered++;
    this.resume();
    return result;
  }

  /** @returns false when the client does not take packets of this size: as if it had been delivered [MQTT-3.1.2-25] */
  #send(channel: Channel, delivery: Delivery): boolean {
    // A message that sets an alias must not be dropped once others rely on it.
    const mayBeDropped = delivery.qos === 0 && this.#context.limits.slowConsumer.qos0 === 'drop-oldest';
    const aliases = mayBeDropped ? undefined : channel.outgoingAliases;
    const encoded =
      aliases !== undefined && delivery.message.payload.length <= MAX_ALIASED_PAYLOAD
        ? this.#encodeAliased(channel, delivery, aliases)
        : this.#encode(channel, delivery, 0);
    if (encoded.bytes.length > channel.maximumPacketSize) return this.#drop(1, 'tooLarge');
    if (delivery.qos > 0 && this.#inflight.size === 0) this.#progressAt = this.#context.clock.monotonic();
    if (delivery.qos === 0) {
      channel.sendPublish(encoded, 0);
      this.#context.statistics.ledger.delivered++;
    } else channel.sendPublish(encoded, this.#inflight.add(delivery).packetIdentifier);
    const { length } = delivery.message.payload;
    this.sent.count(delivery.qos, length);
    this.#context.statistics.publishBytesSent += length;
    if (delivery.qos > 0) this.#context.messageMemory.relieve();
    return true;
  }

  #encode(channel: Channel, delivery: Delivery, alias: number): EncodedPublish {
    const { message, qos, retain, identifiers } = delivery;
    const { encoder, clock } = this.#context;
    const version = channel.protocolVersion;
    const now = message.expiresAt === Number.POSITIVE_INFINITY ? 0 : clock.now();
    const shown = version === 5 ? identifiers : NO_IDENTIFIERS;
    return encoder.encode(message, version, qos, retain, shown, now, alias);
  }

  #encodeAliased(channel: Channel, delivery: Delivery, aliases: OutgoingTopicAliases): EncodedPublish {
    const { topic } = delivery.message;
    const alias = aliases.use(topic);
    const encoded = this.#encode(channel, delivery, alias);
    if (encoded.bytes.length <= channel.maximumPacketSize) return encoded;
    if (alias > 0) aliases.forget(topic);
    return this.#encode(channel, delivery, 0);
  }

  #sendQueued(channel: Channel, delivery: Delivery): void {
    const { clock, statistics } = this.#context;
    const { topic, expiresAt } = delivery.message;
    if (expiresAt <= clock.now()) this.#expire();
    else if (this.#mayReceive(topic)) this.#send(channel, delivery);
    else {
      statistics.deliveriesRefused++;
      this.#drop(1, 'denied');
    }
  }

  #sendAgain(channel: Channel, entry: Inflight): void {
    const { packetIdentifier, delivery, state } = entry;
    this.#inflight.sentAgain(entry);
    if (state === 'pubrel') {
      channel.send(encodeAcknowledgement('pubrel', packetIdentifier, channel.protocolVersion, 0));
      return;
    }
    const { message, qos, retain, identifiers } = delivery;
    const flags = { qos, retain, dup: true, identifiers, now: this.#context.clock.now(), alias: 0 };
    const encoded = encodePublish(message, channel.protocolVersion, flags);
    if (encoded.bytes.length > channel.maximumPacketSize) {
      this.#inflight.forget(entry);
      this.#drop(1, 'tooLarge');
      return;
    }
    channel.sendPublish(encoded, packetIdentifier);
  }

  /** Sends at most one retained message. @returns false when there is nothing to send now */
  #feedOne(channel: Channel): boolean {
    const feed = this.#feeds[0];
    if (feed === undefined || this.#isFeedWaiting) return false;
    const { subscription, messages } = feed;
    if (subscription.qos > 0 && !this.#inflight.hasRoom(this.#window)) return false;
    const { value: message, done } = messages.next();
    if (done) {
      this.#feeds.shift();
      return true;
    }
    if (message === undefined) {
      this.#isFeedWaiting = true;
      this.#context.turns.wait(this.#onFeedTurn);
      return false;
    }
    const qos = Math.min(message.qos, subscription.qos) as QoS;
    this.#context.statistics.ledger.replayed++;
    this.#send(channel, { message, qos, retain: true, identifiers: subscription.identifiers, share: undefined });
    return true;
  }

  #expire(): void {
    const { statistics } = this.#context;
    this.expired++;
    statistics.publishExpired++;
    statistics.ledger.expired++;
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
    return this.#inflight.size > 0 && this.#context.clock.monotonic() - this.#progressAt >= PROMPT;
  }

  /** @see MessageHolder.isStuck: for longer than a client may stall */
  get isStuck(): boolean {
    const { clock, limits } = this.#context;
    const isWaiting = this.#channel !== undefined && this.#inflight.size > 0;
    return isWaiting && clock.monotonic() - this.#progressAt >= limits.drainTimeout;
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
        this.sent.takeBack(dropped);
        this.#context.statistics.ledger.delivered -= dropped;
        this.#drop(dropped, 'slowReader');
        return dropped > 0;
      }
    }
  }

  /** @returns whether nothing was dropped */
  #drop(messages: number, reason: DropReason): boolean {
    const { statistics } = this.#context;
    this.drops[reason] += messages;
    statistics.ledger.drops[reason] += messages;
    statistics.publishDropped += messages;
    return messages === 0;
  }
}
