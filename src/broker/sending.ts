/** PUBLISH packets of one session on their way to its connection, and what becomes of those that do not go. */
import { encodeAcknowledgement } from '../core/mqtt/encode-acknowledgement.js';
import type { StoredDelivery } from '../core/store.js';
import type { DropReason } from '../core/views.js';
import { messageBytes } from './application-message.js';
import type { Channel } from './channel.js';
import { Drops } from './drops.js';
import { encodeDelivery, encodeRepeated } from './encode-delivery.js';
import { type Delivery, type Inflight, type InflightMessages, identifierOf } from './inflight.js';
import type { OutgoingContext } from './outgoing-context.js';
import type { StoredDeliveries } from './persistence/stored-deliveries.js';
import type { QueueLimits } from './queue.js';
import { Traffic } from './traffic.js';

export interface OutgoingOwner {
  /** Asked again for what waited. */
  mayReceive(topic: string): boolean;
}

const NO_DROPS = new Drops();

export class Sending {
  readonly #context: OutgoingContext;
  readonly #owner: OutgoingOwner;
  readonly #inflight: InflightMessages;
  readonly #stored: StoredDeliveries | undefined;
  #drops: Drops | undefined;
  readonly sent = new Traffic();
  /** Messages that expired in the queue. */
  expired = 0;
  /** When the client last acknowledged something, or something was first to be acknowledged; monotonic ms. */
  progressAt = 0;

  /** @param stored - of a durable session */
  constructor(
    context: OutgoingContext,
    owner: OutgoingOwner,
    inflight: InflightMessages,
    stored: StoredDeliveries | undefined,
  ) {
    this.#context = context;
    this.#owner = owner;
    this.#inflight = inflight;
    this.#stored = stored;
  }

  get drops(): Readonly<Drops> {
    return this.#drops ?? NO_DROPS;
  }

  /** The next message is the first to be acknowledged, or one was. */
  progress(): void {
    this.progressAt = this.#context.clock.monotonic();
  }

  /** @returns false when the client does not take packets of this size: as if it had been delivered [MQTT-3.1.2-25] */
  send(channel: Channel, delivery: Delivery): boolean {
    // A message that sets an alias must not be dropped once others rely on it.
    const mayBeDropped = delivery.qos === 0 && this.#context.limits.slowConsumer.qos0 === 'drop-oldest';
    const encoded = encodeDelivery(this.#context, channel, delivery, !mayBeDropped);
    if (encoded.bytes.length > channel.maximumPacketSize) return this.#leaveOut(delivery);
    if (delivery.qos > 0 && this.#inflight.size === 0) this.progress();
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

  /** The client does not take packets of this size. */
  #leaveOut({ stored }: Delivery): boolean {
    if (stored !== undefined) this.#stored?.settle(stored);
    return this.drop(1, 'tooLarge');
  }

  /** One that waited in memory. */
  sendQueued(channel: Channel, delivery: Delivery): void {
    const { clock } = this.#context;
    const { topic, expiresAt } = delivery.message;
    if (expiresAt <= clock.now()) this.expire();
    else if (this.#owner.mayReceive(topic)) this.send(channel, delivery);
    else this.#deny();
  }

  /** From the store: what may have been sent before has DUP [MQTT-3.3.1-1]; what was sent does not expire [MQTT-4.3.3-7]. */
  sendStored(channel: Channel, delivery: Delivery, stored: StoredDelivery): void {
    const deliveries = this.#stored!;
    const { message, qos } = delivery;
    const isExpired = !deliveries.wasSent(stored) && message.expiresAt <= this.#context.clock.now();
    const isDenied = !isExpired && !this.#owner.mayReceive(message.topic);
    const isRepeated = deliveries.isRepeated(stored);
    if (!isExpired && !isDenied) {
      if (!isRepeated) this.send(channel, delivery);
      else this.#sendRepeated(channel, this.#inflight.add(delivery));
      return;
    }
    if (isExpired) this.expire();
    else this.#deny();
    deliveries.settle(stored);
    // The client may have its identifier, and would take the next message with it for this one: free it.
    if (isRepeated && qos === 2) {
      channel.send(encodeAcknowledgement('pubrel', identifierOf(stored), channel.protocolVersion, 0));
    }
  }

  sendAgain(channel: Channel, entry: Inflight): void {
    this.#inflight.sentAgain(entry);
    if (entry.state === 'pubrel') this.sendRelease(channel, entry);
    else this.#sendRepeated(channel, entry);
  }

  sendRelease(channel: Channel, { packetIdentifier }: Inflight): void {
    channel.send(encodeAcknowledgement('pubrel', packetIdentifier, channel.protocolVersion, 0));
  }

  #sendRepeated(channel: Channel, entry: Inflight): void {
    const encoded = encodeRepeated(this.#context, channel, entry.delivery);
    if (encoded.bytes.length > channel.maximumPacketSize) {
      this.#inflight.forget(entry);
      this.drop(1, 'tooLarge');
      return;
    }
    channel.sendPublish(encoded, entry.packetIdentifier);
  }

  #deny(): void {
    this.#context.statistics.deliveriesRefused++;
    this.drop(1, 'denied');
  }

  expire(): void {
    const { statistics } = this.#context;
    this.expired++;
    statistics.publishExpired++;
    statistics.ledger.expired++;
  }

  /** @returns whether nothing was dropped */
  drop(messages: number, reason: DropReason): boolean {
    if (messages === 0) return true;
    const { statistics } = this.#context;
    this.#drops ??= new Drops();
    this.#drops[reason] += messages;
    statistics.ledger.drops[reason] += messages;
    statistics.publishDropped += messages;
    return false;
  }
}

/** The same for all sessions of a broker. */
const limitsOf = new WeakMap<OutgoingContext, QueueLimits<Delivery>>();

/** Of the queue in memory of a session that is not durable. */
export function queueLimits(context: OutgoingContext): QueueLimits<Delivery> {
  let limits = limitsOf.get(context);
  if (limits === undefined) {
    const { queuedMessages, queuedBytes } = context.limits;
    limits = {
      items: queuedMessages,
      bytes: queuedBytes,
      bytesOf: ({ message }) => messageBytes(message),
      onRemoved: ({ message }) => context.messageMemory.release(message),
    };
    limitsOf.set(context, limits);
  }
  return limits;
}
