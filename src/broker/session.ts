/**
 * One MQTT session (MQTT 5.0 §4.1): its subscriptions, what it has to send (outgoing.ts), the Will of its connection.
 * Outlives its connections until its Session Expiry Interval is over.
 */
import type { Timer } from '../core/clock.js';
import type { Message, Origin } from '../core/message.js';
import type { ProtocolVersion } from '../core/mqtt/packets.js';
import { type Attachment, NO_RETAINED, type Router, type Share, type Sink, type Subscription } from '../core/router.js';
import type { ClientDetail, ClientView } from '../core/views.js';
import type { Identity } from './access/access.js';
import { Verdicts } from './access/verdicts.js';
import type { Channel, OutgoingFigures } from './channel.js';
import type { Recipient } from './fast/passage.js';
import { Pile } from './fast/pile.js';
import { Founding } from './founding.js';
import { IncomingMessages } from './incoming.js';
import type { AcknowledgementResult } from './inflight.js';
import type { MessageHolder } from './limits/message-memory.js';
import { CountedSubscriptions, type SubscriptionMemory } from './limits/subscription-memory.js';
import { afterLong } from './long-timer.js';
import { Outgoing } from './outgoing.js';
import type { OutgoingContext } from './outgoing-context.js';
import type { Peer } from './peer.js';
import type { Backing } from './persistence/backing.js';
import type { FoundSession, Persistence } from './persistence/persistence.js';
import { ReasonCode, Refusal } from './reason-codes.js';
import { isShared } from './shared-filter.js';
import { Traffic } from './traffic.js';
import { Will } from './will.js';

export interface SessionContext extends OutgoingContext {
  readonly router: Router;
  readonly persistence: Persistence | undefined;
  /** @see MessageRouter.share */
  shareOf(name: string): Share | undefined;
  readonly subscriptionMemory: SubscriptionMemory;
}

const EXPIRED = new Refusal(ReasonCode.notAuthorized, 'the token has expired');
/** Retained messages that the client may not read, decided on before others have a turn. */
const REFUSED_AT_ONCE = 64;
const protocolNames = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const;

export class Session implements Sink, MessageHolder {
  readonly id: string;
  readonly kind = 'client';
  readonly origin: Origin;
  readonly verdicts = new Verdicts();
  readonly #context: SessionContext;
  readonly #attachment: Attachment;
  readonly #outgoing: Outgoing;
  #pile: Pile | undefined;
  readonly #onEnded: (session: Session) => void;
  /** Where it is kept, if it outlives its connections. */
  readonly #keeper: Persistence | undefined;
  /** Its user, until a client has shown to be that. */
  #userBefore: string | undefined;
  readonly #subscriptions: CountedSubscriptions;
  readonly received = new Traffic();
  readonly founding: Founding;
  /** QoS 2 messages of the client. */
  readonly incoming: IncomingMessages;
  /** PUBLISH packets to a topic that the client may not use. */
  refused = 0;
  #channel: Channel | undefined;
  #identity: Identity | undefined;
  /** Id of the gateway that its client is, in a mesh with this one. */
  peerGateway: string | undefined;
  #identityTimer: Timer | undefined;
  #expiry = 0;
  #will: Will | undefined;
  #willTimer: Timer | undefined;
  #expiryTimer: Timer | undefined;
  #isEnded = false;
  /** Of the last connection. */
  #protocolVersion: ProtocolVersion = 5;
  #peer: Peer | undefined;
  #keepAlive = 0;
  /** Of the client, monotonic ms. */
  #packetAt = 0;
  /** When it connected or was left, Unix ms. */
  #since = 0;
  /** When the session of an absent client ends, Unix ms. */
  #expiresAt: number | null = null;

  /**
   * @param isDurable - outlives its connections, and the gateway
   * @param sent - of its queue, as found at start: highest sequence that may have been sent; undefined: it is new
   */
  constructor(
    clientId: string,
    context: SessionContext,
    isDurable: boolean,
    onEnded: (session: Session) => void,
    sent?: number,
  ) {
    this.id = clientId;
    this.origin = `client:${clientId}`;
    this.#context = context;
    this.#onEnded = onEnded;
    this.#subscriptions = new CountedSubscriptions(context.subscriptionMemory);
    this.#keeper = isDurable ? context.persistence : undefined;
    this.founding = new Founding(this.#keeper, sent !== undefined);
    this.incoming = new IncomingMessages(clientId, this.#keeper);
    this.#outgoing = new Outgoing(context, this, this.#keeper && this.#backing(this.#keeper, sent ?? 0));
    this.#attachment = context.router.attach(this);
    context.messageMemory.add(this);
  }

  #backing(keeper: Persistence, sent: number): Backing {
    return keeper.backing(this.id, sent, this.#context.shareOf, (to) => this.#save(to));
  }

  /** The connection that has the session now. */
  get channel(): Channel | undefined {
    return this.#channel;
  }

  /** Whose session it is; undefined: of an anonymous client. */
  get user(): string | undefined {
    return this.#identity === undefined ? this.#userBefore : this.#identity.user;
  }

  /** @see Sink.durable */
  get durable(): boolean {
    return this.#keeper !== undefined;
  }

  /** @see Sink.stamped */
  get stamped(): boolean {
    return this.peerGateway !== undefined;
  }

  get identity(): Identity | undefined {
    return this.#identity;
  }

  /** The client is who it says, at CONNECT or anew. */
  identify(identity: Identity): void {
    this.#identity = identity;
    this.verdicts.adopt(identity);
    this.#identityTimer?.cancel();
    const { clock } = this.#context;
    const { expiresAt = Number.POSITIVE_INFINITY } = identity;
    if (expiresAt === Number.POSITIVE_INFINITY) return;
    this.#identityTimer = afterLong(clock, Math.max(0, expiresAt - clock.now()), () => this.#channel?.refuse(EXPIRED));
  }

  /** Session Expiry Interval, ms; 0: ends with the connection; Infinity: never. */
  get expiry(): number {
    return this.#expiry;
  }

  set expiry(ms: number) {
    this.#expiry = ms;
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  get figures(): OutgoingFigures {
    return this.#outgoing.figures;
  }

  view(): ClientView {
    const { clock } = this.#context;
    const { inflight, queued, queuedBytes } = this.#outgoing.figures;
    const { sent, drops, expired } = this.#outgoing.counts;
    const peer = this.#peer;
    return {
      clientId: this.id,
      protocol: protocolNames[this.#protocolVersion],
      connected: this.#channel !== undefined,
      address: peer?.address ?? '',
      since: this.#since,
      keepAlive: this.#keepAlive,
      subscriptions: this.#subscriptions.size,
      inflight,
      queued,
      received: this.received.total,
      sent: sent.total,
      dropped: drops.total,
      user: this.user ?? null,
      ...(this.stamped && { peer: this.peerGateway }),
      listener: peer?.listener.name ?? '',
      transport: peer?.listener.type ?? 'tcp',
      ...(peer?.tls !== undefined && { tls: peer.tls }),
      lastPacketAt: Math.round(clock.now() - (clock.monotonic() - (this.#channel?.packetAt ?? this.#packetAt))),
      sessionExpiry: finite(this.#expiry),
      expiresAt: this.#expiresAt,
      inflightIn: this.incoming.size,
      queuedBytes,
      in: this.received.view(),
      out: sent.view(),
      droppedBy: drops.view(),
      expired,
      refused: this.refused,
    };
  }

  detail(): ClientDetail {
    const filters = Array.from(this.#subscriptions.values(), ({ identifiers, ...rest }) => ({
      filter: rest.filter,
      qos: rest.qos,
      noLocal: rest.noLocal,
      retainAsPublished: rest.retainAsPublished,
      retainHandling: rest.retainHandling,
      identifier: identifiers[0] ?? null,
    }));
    return { ...this.view(), filters, will: this.#will?.view() ?? null };
  }

  /** A connection takes the session. CONNACK must go out before {@link resume} sends what waits. */
  connect(channel: Channel, expiry: number, will: Will | undefined): void {
    this.#expiryTimer?.cancel();
    this.#willTimer?.cancel();
    this.#channel = channel;
    this.#protocolVersion = channel.protocolVersion;
    this.#peer = channel.peer;
    this.#expiresAt = null;
    this.#keepAlive = channel.keepAlive;
    this.#since = this.#context.clock.now();
    this.#expiry = expiry;
    this.#setWill(will);
    this.incoming.connect();
    this.#outgoing.connect(channel);
  }

  /**
   * The connection is gone. A channel that has been replaced is ignored.
   *
   * @param isNormal - by DISCONNECT of the client with Reason Code 0: the Will is discarded [MQTT-3.1.2-10]
   */
  disconnect(channel: Channel, isNormal: boolean): void {
    if (this.#channel !== channel) return;
    const { clock } = this.#context;
    this.#channel = undefined;
    this.#identityTimer?.cancel();
    this.#since = clock.now();
    this.#packetAt = channel.packetAt;
    this.#outgoing.disconnect();
    if (isNormal) this.#setWill(undefined);
    if (this.#expiry === 0) {
      this.end();
      return;
    }
    this.#outgoing.passOn(this, 'connected', undefined, true);
    this.#save(this.#outgoing.sentTo);
    this.#waitForClient(this.#expiry, this.#will?.delay ?? 0);
  }

  #waitForClient(expiry: number, willDelay: number): void {
    const { clock } = this.#context;
    this.#expiresAt = finite(clock.now() + expiry);
    this.#expiryTimer = afterLong(clock, expiry, () => {
      this.#context.statistics.sessionsExpired++;
      this.end();
    });
    if (this.#will === undefined) return;
    if (willDelay === 0) this.#publishWill();
    else this.#willTimer = afterLong(clock, willDelay, () => this.#publishWill());
  }

  /** Ends the session: its subscriptions and everything that waits are gone; a Will still delayed is sent [MQTT-3.1.3-9]. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#detach();
    this.#outgoing.passOn(this, 'any', undefined, true);
    this.#outgoing.end();
    this.#keeper?.forget(this.id, this.#subscriptions.keys(), this.incoming.kept);
    this.incoming.end();
    this.#subscriptions.clear();
    this.#publishWill();
    this.#onEnded(this);
  }

  /** Lets go of everything without a word: the broker stops. */
  discard(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#detach();
    this.#setWill(undefined);
    this.#subscriptions.clear();
    this.#outgoing.close();
  }

  #detach(): void {
    this.#expiryTimer?.cancel();
    this.#willTimer?.cancel();
    this.#identityTimer?.cancel();
    this.#attachment[Symbol.dispose]();
    this.#context.messageMemory.delete(this);
  }

  get heldBytes(): number {
    return this.#outgoing.heldBytes;
  }

  dropOldest(): boolean {
    return this.#outgoing.dropOldest();
  }

  get isBehind(): boolean {
    return this.#outgoing.isBehind;
  }

  get progressAt(): number {
    return this.#outgoing.progressAt;
  }

  get isStuck(): boolean {
    return this.#outgoing.isStuck;
  }

  /** It keeps messages and acknowledges none while there is no memory left; a durable one has them on disk. */
  giveUp(): void {
    this.#context.statistics.end('memory');
    this.#channel?.refuse(new Refusal(ReasonCode.quotaExceeded, 'too much waits for acknowledgement'));
    if (!this.durable) this.end();
  }

  deliver(message: Message, subscription: Subscription): boolean {
    return this.#outgoing.deliver(message, subscription);
  }

  /** For frames as they came. */
  get recipient(): Recipient {
    return this.#outgoing;
  }

  get pile(): Pile {
    this.#pile ??= new Pile();
    return this.#pile;
  }

  /** What is in flight when the connection ends is needed by nobody then. */
  get endsWithConnection(): boolean {
    return this.#expiry === 0 && !this.durable && this.#channel !== undefined;
  }

  mayReceive(topic: string): boolean {
    return this.verdicts.mayReceive(topic);
  }

  backlog(qos: number): number {
    return this.#outgoing.backlog(qos);
  }

  passOn(share: Share): void {
    if (this.#channel === undefined) this.#outgoing.passOn(this, 'connected', share.name, true);
  }

  /** CONNACK or SUBACK is out: what waits at absent members of its Shared Subscriptions may come. */
  arrived(): void {
    this.#attachment.arrived();
  }

  /** Sends what waits, as far as the client takes it: after CONNACK, SUBACK, or congestion. */
  resume(): void {
    this.#outgoing.resume();
  }

  /** @returns whether the client may have one more subscription, or this one again */
  mayTake(filter: string, limit: number): boolean {
    if (this.#subscriptions.has(filter)) return true;
    return this.#subscriptions.size < limit && this.#context.subscriptionMemory.fits(filter);
  }

  /** The retained messages follow with the next {@link resume}, which is due after SUBACK. */
  subscribe(subscription: Subscription): void {
    this.#subscriptions.set(subscription.filter, subscription);
    this.#keeper?.subscribe(this.id, subscription);
    const retained = this.#attachment.subscribe(subscription);
    const { mesh } = this.#context;
    if (this.stamped && mesh !== undefined && subscription.retainHandling === 0) {
      const known = mesh.sync(retained, subscription.filter, this.peerGateway);
      this.#outgoing.feed(subscription, this.#permitted(known));
    } else if (retained === NO_RETAINED) this.#outgoing.stopFeed(subscription.filter);
    else this.#outgoing.feed(subscription, this.#permitted(retained));
  }

  /** @returns whether there was such a subscription */
  unsubscribe(filter: string): boolean {
    // A packet may name very many that never were.
    if (!this.#subscriptions.delete(filter)) return false;
    this.#keeper?.unsubscribe(this.id, filter);
    this.#outgoing.stopFeed(filter);
    const wasThere = this.#attachment.unsubscribe(filter);
    // §3.10.4: what is in flight is completed.
    if (wasThere && isShared(filter)) this.#outgoing.passOn(this, 'any', filter, false);
    return wasThere;
  }

  /** Resolves when what was said of this session is on disk; undefined: nobody has to wait. */
  kept(): Promise<void> | undefined {
    return this.#keeper?.store.commit();
  }

  /** As it was found at start; {@link begin} when the broker does. */
  restore({ record, subscriptions, incoming, will }: FoundSession): void {
    const { clock } = this.#context;
    this.#userBefore = record.user;
    this.peerGateway = record.peer;
    this.#expiry = record.expiry;
    this.#protocolVersion = record.protocolVersion;
    this.#since = record.left ?? clock.now();
    this.#will = will && new Will(will, this.origin);
    for (const subscription of subscriptions) {
      this.#subscriptions.set(subscription.filter, subscription);
      this.#attachment.subscribe(subscription);
    }
    for (const packetIdentifier of incoming) this.incoming.restore(packetIdentifier);
  }

  /** A restored session waits for its client, from when it went. */
  begin(): void {
    if (this.#isEnded || this.#channel !== undefined) return;
    const gone = Math.max(0, this.#context.clock.now() - this.#since);
    if (this.#expiry <= gone) {
      this.#context.statistics.sessionsExpired++;
      this.end();
    } else this.#waitForClient(this.#expiry - gone, Math.max(0, (this.#will?.delay ?? 0) - gone));
  }

  #save(sent: number): void {
    this.#keeper?.saveSession(this.id, {
      user: this.user,
      expiry: this.#expiry,
      protocolVersion: this.#protocolVersion,
      left: this.#channel === undefined ? this.#since : undefined,
      sent,
      peer: this.peerGateway,
    });
  }

  /** Wills outlive a crash of the gateway also where the session does not. */
  #setWill(will: Will | undefined): void {
    if (will !== undefined || this.#will !== undefined) this.#context.persistence?.saveWill(this.id, will?.fields);
    this.#will = will;
  }

  puback(packetIdentifier: number, isFailure: boolean): AcknowledgementResult {
    return this.#outgoing.puback(packetIdentifier, isFailure);
  }

  pubrec(packetIdentifier: number, isFailure: boolean): AcknowledgementResult {
    return this.#outgoing.pubrec(packetIdentifier, isFailure);
  }

  pubcomp(packetIdentifier: number): AcknowledgementResult {
    return this.#outgoing.pubcomp(packetIdentifier);
  }

  /** Those of the retained messages that the client may read, a piece at a time: see {@link Attachment.subscribe}. */
  *#permitted(messages: Iterable<Message | undefined>): Generator<Message | undefined> {
    let refused = 0;
    for (const message of messages) {
      if (message === undefined || this.mayReceive(message.topic)) {
        yield message;
        continue;
      }
      this.#context.statistics.deliveriesRefused++;
      if (++refused % REFUSED_AT_ONCE === 0) yield undefined;
    }
  }

  #publishWill(): void {
    const will = this.#will;
    if (will === undefined) return;
    this.#setWill(undefined);
    const { router, clock, statistics } = this.#context;
    // What was allowed at CONNECT may not be any more.
    if (!this.verdicts.mayPublish(will.topic)) {
      statistics.publishRefused++;
      statistics.ledger.published++;
      statistics.ledger.refuse(ReasonCode.notAuthorized);
      return;
    }
    // Nobody is left who could be told that the Will was not kept.
    router.publish(will.message(clock.now()))?.catch(() => {});
  }
}

/** JSON has no Infinity. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
