/** The centre: synchronous, in memory, knows no protocol. Implemented in src/broker/router.ts. */
import type { Message, Origin, QoS } from './message.js';

/** One Topic Filter of one receiver, with its Subscription Options (MQTT 5.0 §3.8.3.1). */
export interface Subscription {
  readonly filter: string;
  /** Maximum QoS at which the receiver wants the message. */
  readonly qos: QoS;
  /** Lowest: of a link, so that QoS 0 waits for the far side, too. Absent: 0. */
  readonly minQos?: QoS;
  /** Do not send back what this receiver published itself. */
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0: send retained at subscribe; 1: only if the subscription is new; 2: never. */
  readonly retainHandling: 0 | 1 | 2;
  /** Subscription Identifiers (§3.8.2.1.2). One as subscribed; several where overlapping subscriptions were merged for delivery. */
  readonly identifiers: readonly number[];
  /** Set by the router at delivery through a Shared Subscription (§4.8.2): where the message goes if this receiver goes. */
  readonly share?: Share;
}

/** At which the receiver gets the message (MQTT 5.0 §3.8.4). */
export function deliveryQoS({ qos }: Pick<Message, 'qos'>, { qos: most, minQos = 0 }: Subscription): QoS {
  return Math.min(Math.max(qos, minQos), most) as QoS;
}

/** The members of one Shared Subscription, as one of them sees it. */
export interface Share {
  /** `$share/{ShareName}/{filter}` */
  readonly name: string;
  /**
   * Gives a message to another member.
   *
   * @param to - connected: only one that will be sent it soon
   * @returns false when there is none
   */
  pass(message: Message, from: Sink, to: 'connected' | 'any'): boolean;
}

/** Added to the {@link Sink.backlog} of a receiver that is not connected. */
export const ABSENT = 2 ** 30;

/** A subscription of an internal receiver: QoS 2, no echo of itself. */
export function subscriptionTo(filter: string, options: Partial<Subscription> = {}): Subscription {
  return { filter, qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 0, identifiers: [], ...options };
}

export type SinkKind = 'client' | 'device' | 'link' | 'function' | 'recorder' | 'api';

/** A receiver of messages. */
export interface Sink {
  readonly id: string;
  readonly kind: SinkKind;
  /** The origin its own messages carry; compared for No Local. */
  readonly origin: Origin;
  /** true: deliver() only buffered the message, and publish() must wait for the store's commit. */
  readonly durable: boolean;
  /** true: a peer in a mesh of gateways, or the way to one: what it gets has a stamp (core/mesh.ts). */
  readonly stamped?: boolean;
  /** Id of the gateway at its end: what has passed there is not given. */
  readonly peerGateway?: string | undefined;
  /**
   * Takes one message, once, however many of its subscriptions match: `subscription` has the highest QoS and all
   * identifiers of those that do. Must not block, throw, or publish synchronously without bound.
   *
   * @returns false when the receiver is full and the message was dropped (the router counts it); a promise, which never
   *   rejects, where a function has to answer before: the sender is not told earlier
   */
  deliver(message: Message, subscription: Subscription): boolean | Promise<boolean>;
  /** Asked before deliver(); where it is absent, the receiver may have everything. */
  mayReceive?(topic: string): boolean;
  /**
   * Asked of the members of a Shared Subscription; where it is absent, 0.
   *
   * @returns how many messages wait before the next of this QoS; 0: it is sent at once; from {@link ABSENT} on: the
   *   receiver is not connected; from twice that on: an older one is dropped for it; Infinity: it is dropped
   */
  backlog?(qos: number): number;
  /** Another member of the Shared Subscription can take messages: time to pass on what waits here without hope. */
  passOn?(share: Share): void;
}

/** What a subscription yields where there are no retained messages for it. */
export const NO_RETAINED: readonly Message[] = [];

export interface Attachment extends Disposable {
  /**
   * Adds or replaces a subscription; yields the retained messages that are to be sent now, by its Retain Handling. undefined:
   * many were looked at in vain, and somebody else may want a turn before the next. {@link NO_RETAINED}: there are none.
   */
  subscribe(subscription: Subscription): Iterable<Message | undefined>;
  /** @returns whether there was such a subscription */
  unsubscribe(filter: string): boolean;
  /** The receiver can take messages from now on: it gets those that wait at absent members of its Shared Subscriptions. */
  arrived(): void;
}

/** Told who subscribes to what; must not throw, publish or subscribe. */
export interface SubscriptionWatcher {
  /** @param filter - what messages have to match: without `$share/{ShareName}/` */
  onSubscribed(filter: string, sink: Sink): void;
  /** Also when the receiver is gone. */
  onUnsubscribed(filter: string, sink: Sink): void;
}

export interface RouterCounters {
  readonly received: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly unmatched: number;
  readonly retained: number;
  readonly subscriptions: number;
}

export interface Router {
  /**
   * Gives the message to every matching sink; stores or clears the retained message first [MQTT-3.3.1-5]. Where functions
   * stand in its path, what they make of it takes its place.
   *
   * @param onGiven - called once, in the turn in which all that comes of the message has its receivers: what is to be kept
   *   with it belongs into the same commit. Before publish() returns, unless a function waits.
   * @returns a promise only if something durable must be written, or a function has answered, before the sender may be told
   */
  publish(message: Message, onGiven?: () => void): void | Promise<void>;
  attach(sink: Sink): Attachment;
  /** Retained messages whose topic matches the filter. */
  retained(filter: string): Iterable<Message>;
  counters(): RouterCounters;
  /** Tells of each subscription that there is, then of those that come and go, until it is disposed. */
  watch(watcher: SubscriptionWatcher): Disposable;
}
