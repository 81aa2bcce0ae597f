/**
 * One network connection: bytes in through the codec to the handlers, packets out, keep-alive, the end.
 *
 *   socket ─▶ codec ─▶ handlers/<packet> ─▶ session, router
 *   socket ◀─ writer ◀─ send, sendPublish ◀─ session
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Timer } from '../core/clock.js';
import { IncomingTopicAliases } from '../core/mqtt/incoming-topic-aliases.js';
import { OutgoingTopicAliases } from '../core/mqtt/outgoing-topic-aliases.js';
import type { ClientPacket, ConnectPacket, ProtocolVersion } from '../core/mqtt/packets.js';
import type { Accepted, Authentication, BrokerContext, Client, Late } from './client.js';
import { type AfterPacket, Codec } from './codec.js';
import type { EncodedPublish } from './encode-publish.js';
import { Lane, type LaneOwner } from './fast/lane.js';
import { DROPPABLE } from './frame-queue.js';
import { TOPIC_ALIAS_MAXIMUM } from './handlers/admit.js';
import { dispatch } from './handlers/dispatch.js';
import { lastPacket } from './last-packet.js';
import type { Ticket } from './limits/admission.js';
import { Rates } from './limits/rates.js';
import type { EndReason } from './limits/reasons.js';
import { SLICE } from './limits/turns.js';
import { type DirectOwner, DirectSocket } from './listeners/direct-socket.js';
import type { Peer } from './peer.js';
import { ReasonCode, Refusal } from './reason-codes.js';
import type { Session } from './session.js';
import { SocketWriter, type WriterOwner } from './socket-writer.js';

/** How long a connection we end may take to read our last packet and close, ms. */
const LINGER = 1_000;
/** A read that brings so much has more behind it, bytes. */
const FULL_READ = 64 * 1024;

/**
 * Why a connection is not read. congestion: it does not read our answers; handler: what it sent before is not settled;
 * turn: others are first; rate: it sends more than it may; store: more waits for the disk than that takes; end: the broker will stop. All but the first hold back what has been read already, too.
 */
const Pause = { congestion: 1, handler: 2, turn: 4, rate: 8, store: 16, end: 32 } as const;
type Pause = keyof typeof Pause;

export class Connection implements Client, DirectOwner, LaneOwner, WriterOwner {
  readonly broker: BrokerContext;
  readonly topicAliases = new IncomingTopicAliases(TOPIC_ALIAS_MAXIMUM);
  readonly peer: Peer;
  readonly ticket: Ticket;
  authentication: Authentication | undefined;
  outgoingAliases: OutgoingTopicAliases | undefined;
  unacknowledged = 0;
  late: Late | undefined;
  lane: Lane | undefined;
  readonly #socket: Duplex;
  readonly #codec: Codec;
  readonly #writer: SocketWriter;
  readonly #onGone: () => void;
  #accepted: Accepted | undefined;
  #maximumPacketSize = Number.POSITIVE_INFINITY;
  #wantsReasons = true;
  /** Until CONNECT, then the keep-alive; while the end is near, how long it may take. */
  #timer: Timer | undefined;
  #packetAt = 0;
  #isOver = false;
  /** Why the socket is not read, one bit each; it is read again when no reason is left. */
  #pauses = 0;
  /** When others are to have their turn, monotonic ms. */
  #sliceEnd = 0;
  #incompleteBytes = 0;
  readonly #rates: Rates | undefined;
  readonly #onPacket = (packet: ClientPacket) => this.#handle(packet);
  #onTurn: (() => void) | undefined;

  /** @param onGone - the socket is closed */
  constructor(broker: BrokerContext, socket: Duplex, peer: Peer, ticket: Ticket, onGone: () => void) {
    const { clock } = broker;
    this.broker = broker;
    this.peer = peer;
    this.#socket = socket;
    this.#onGone = onGone;
    this.ticket = ticket;
    this.#rates = Rates.of(ticket.limits, clock.monotonic());
    const isSocket = socket instanceof Socket;
    const isDirect = socket instanceof DirectSocket;
    const chunks = isDirect ? 'lent' : isSocket ? 'own' : 'shared';
    this.#codec = new Codec(ticket.limits.packetBytes, chunks, broker.spareBuffers);
    this.#writer = new SocketWriter(socket, isSocket ? 'lent' : 'kept', broker.writing, this);
    if (isDirect) {
      socket.owner = this;
      socket.resume();
    } else {
      socket.on('error', (error) => this.lost(error));
      socket.on('end', () => this.lost(undefined));
      socket.on('close', () => this.closed());
      socket.on('data', (chunk: Buffer) => this.read(chunk));
    }
    this.#timer = clock.after(ticket.limits.connectTimeout, () => {
      this.#fail(new Refusal(ReasonCode.protocolError, 'no CONNECT in time'), 'connectTimeout');
    });
  }

  get session(): Session | undefined {
    return this.#accepted?.session;
  }

  get address(): string {
    return this.peer.address;
  }

  get packetAt(): number {
    return this.#packetAt;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get protocolVersion(): ProtocolVersion {
    return this.#codec.protocolVersion ?? 4;
  }

  get isPeer(): boolean {
    return this.#accepted?.session.stamped === true;
  }

  get isBridge(): boolean {
    return this.#accepted?.isBridge ?? false;
  }

  get receiveMaximum(): number {
    return this.#accepted?.receiveMaximum ?? 0;
  }

  get maximumPacketSize(): number {
    return this.#maximumPacketSize;
  }

  get wantsReasons(): boolean {
    return this.#wantsReasons;
  }

  get isCongested(): boolean {
    return this.#writer.isCongested;
  }

  get keepAlive(): number {
    return (this.#accepted?.keepAlive ?? 0) * 1_000;
  }

  /** Written, but not yet taken by the network. */
  get waiting(): { packets: number; bytes: number } {
    return this.#writer.waiting;
  }

  accept(accepted: Accepted): void {
    this.#accepted = accepted;
    this.#timer?.cancel();
    this.#timer = undefined;
    const { topicAliasMaximum } = accepted;
    if (topicAliasMaximum > 0) this.outgoingAliases = new OutgoingTopicAliases(topicAliasMaximum);
    const { fastPath } = this.broker;
    if (fastPath !== undefined) {
      this.lane = new Lane({
        client: this,
        fastPath,
        session: accepted.session,
        writer: this.#writer,
        rates: this.#rates,
        owner: this,
      });
    }
    this.#codec.admit(this.lane);
    // §3.1.2.10: one and a half times the Keep Alive without a packet ends the connection.
    if (accepted.keepAlive > 0) this.#watchKeepAlive(accepted.keepAlive * 1_500);
    const { address, protocolVersion } = this;
    const { id: clientId, user } = accepted.session;
    this.broker.log.info({ clientId, user, address, protocolVersion }, 'client connected');
  }

  send(bytes: Buffer): void {
    if (this.#accepted !== undefined && bytes.length > this.maximumPacketSize && !this.#isOver) {
      this.#fail(new Refusal(ReasonCode.packetTooLarge, 'the answer exceeds the Maximum Packet Size of the client'));
      return;
    }
    this.broker.statistics.packetsSent++;
    this.broker.statistics.bytesSent += bytes.length;
    this.#writer.push(bytes);
    // A client that does not read our answers is not read any further.
    if (this.#writer.isCongested && !this.#isOver) this.#pause('congestion');
  }

  sendPublish({ bytes, identifierAt }: EncodedPublish, packetIdentifier: number): void {
    const { statistics } = this.broker;
    statistics.packetsSent++;
    statistics.publishSent++;
    statistics.bytesSent += bytes.length;
    this.#writer.push(bytes, identifierAt === 0 ? DROPPABLE : packetIdentifier, identifierAt);
  }

  hasRoomFor(bytes: number): boolean {
    return this.#writer.hasRoomFor(bytes);
  }

  dropOldest(bytes: number): number {
    const dropped = this.#writer.dropOldest(bytes);
    this.broker.statistics.publishTakenBack += dropped;
    return dropped;
  }

  tooSlow(): void {
    this.#fail(new Refusal(ReasonCode.quotaExceeded, 'the client takes less than is sent to it'), 'slowConsumer');
  }

  stalled(): void {
    this.#fail(new Refusal(ReasonCode.unspecifiedError, 'the client does not read'), 'stalled');
  }

  /** Of all incomplete packets, its own is the oldest, and together they are too much. */
  tooMuch(): void {
    this.#fail(new Refusal(ReasonCode.quotaExceeded, 'the packet took too long to arrive'), 'incompletePacket');
  }

  refuse(refusal: Refusal): void {
    this.#end(refusal, false);
  }

  leave(reasonCode: number): void {
    this.#end(undefined, reasonCode === ReasonCode.success || this.protocolVersion < 5);
  }

  hold(): void {
    if (!this.#isOver) this.#pause('end');
  }

  /** The broker stops: what waits is written as far as the peer takes it at once; no Will is sent. */
  shutDown(refusal: Refusal): void {
    this.#end(refusal, true);
    const socket = this.#socket;
    const isTaken = this.#writer.endNow();
    if (socket.writableFinished) {
      socket.destroy();
      return;
    }
    socket.once('finish', () => socket.destroy());
    if (isTaken) return;
    // TLS and WebSocket tell one turn late that the system took it.
    setImmediate(() =>
      setImmediate(() => {
        if (socket.writableLength > 0) socket.destroy();
      }),
    );
  }

  read(chunk: Buffer): void {
    if (this.#isOver) return;
    const { statistics, clock, writing } = this.broker;
    statistics.bytesReceived += chunk.length;
    if (this.#rates?.takeBytes(chunk.length, clock.monotonic()) && !this.#tooFast('byteRate')) return;
    const isFull = chunk.length >= FULL_READ;
    if (isFull && this.broker.turns.isWaiting) {
      // There is more behind it: who sends so much works in turns, and is not read until this is done.
      this.#codec.hold(chunk);
      this.#yield();
      return;
    }
    writing.flushes.beginRead();
    try {
      this.#sliceEnd = clock.monotonic() + SLICE;
      this.#afterPackets(this.#codec.feed(chunk, this.#onPacket));
      // Nobody else has so much to do: this much at once, what is behind it in turn.
      if (isFull && !this.#isOver) this.#yield();
    } finally {
      writing.flushes.endRead(this.#isPausedBy('turn'));
    }
  }

  #afterPackets(refusal: Refusal | undefined): void {
    if (refusal !== undefined) this.#fail(refusal);
    const { incompleteBytes } = this.#codec;
    if (this.#isOver || incompleteBytes === this.#incompleteBytes) return;
    this.#incompleteBytes = incompleteBytes;
    this.broker.incomplete.set(this, incompleteBytes);
  }

  /** The packets that do not come to {@link #handle}. */
  afterFrames(at: number, messages: number): AfterPacket {
    this.#packetAt = at;
    const { isOver } = this;
    if (isOver) return 'stop';
    // A client that does not read our answers is not read any further.
    if (this.#writer.isCongested) this.#pause('congestion');
    let isHeld = false;
    if (messages > 0 && this.#rates?.takeMessages(messages, at)) {
      if (!this.#tooFast('messageRate')) return 'stop';
      isHeld = true;
    }
    if (at >= this.#sliceEnd) {
      this.#yield();
      isHeld = true;
    }
    return isHeld ? 'hold' : 'next';
  }

  #handle(packet: ClientPacket): AfterPacket {
    this.broker.statistics.packetsReceived++;
    const now = this.broker.clock.monotonic();
    this.#packetAt = now;
    if (packet.type === 'connect') this.#introduce(packet);
    const handled = dispatch(this, packet);
    if (handled instanceof Promise) {
      this.#pause('handler');
      void handled.then(
        (refusal) => {
          if (refusal !== undefined) this.#fail(refusal);
          this.#release('handler');
        },
        (error: unknown) => this.#defect(error),
      );
      return 'hold';
    }
    if (handled !== undefined) this.#fail(handled);
    if (this.#isOver) return 'stop';
    let isHeld = false;
    if (packet.type === 'publish' && this.#rates?.takeMessage(now)) {
      if (!this.#tooFast('messageRate')) return 'stop';
      isHeld = true;
    }
    const store = this.broker.persistence?.store;
    if (packet.type === 'publish' && store?.isCongested) {
      this.#pause('store');
      const onStore = () => this.#release('store');
      store.drained().then(onStore, onStore);
      isHeld = true;
    }
    if (now >= this.#sliceEnd) {
      this.#yield();
      isHeld = true;
    }
    return isHeld ? 'hold' : 'next';
  }

  /** What holds for the answer to CONNECT already, also if that is a refusal. */
  #introduce({ properties }: ConnectPacket): void {
    this.#maximumPacketSize = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    this.#wantsReasons = properties.requestProblemInformation ?? true;
  }

  /** Others first. */
  #yield(): void {
    if (this.#isPausedBy('turn')) return;
    this.#pause('turn');
    this.#onTurn ??= () => this.#release('turn');
    this.broker.turns.wait(this.#onTurn);
  }

  /** @returns whether it may go on, later */
  #tooFast(reason: 'messageRate' | 'byteRate'): boolean {
    const { statistics, throttle, clock } = this.broker;
    if (this.ticket.limits.overRate === 'disconnect') {
      const text =
        reason === 'messageRate' ? 'more messages per second than allowed' : 'more bytes per second than allowed';
      this.#fail(new Refusal(ReasonCode.messageRateTooHigh, text), 'messageRate');
      return false;
    }
    if (this.#isPausedBy('rate')) return true;
    statistics.throttledBy[reason]++;
    this.#pause('rate');
    throttle.wait(this.#rates?.wait(clock.monotonic()) ?? 0, () => this.#release('rate'));
    return true;
  }

  /** A reason not to go on is gone: the packets that came meanwhile are next, then the socket is read again. */
  #release(reason: Pause): void {
    if (this.#isOver) return;
    this.#pauses &= ~Pause[reason];
    if (this.#isHolding) return;
    this.#sliceEnd = this.broker.clock.monotonic() + SLICE;
    this.#afterPackets(this.#codec.resume(this.#onPacket));
    this.#readAgain();
  }

  get #isHolding(): boolean {
    return (this.#pauses & ~Pause.congestion) !== 0;
  }

  #isPausedBy(reason: Pause): boolean {
    return (this.#pauses & Pause[reason]) !== 0;
  }

  #pause(reason: Pause): void {
    this.#pauses |= Pause[reason];
    this.#socket.pause();
  }

  #readAgain(): void {
    if (this.#pauses !== 0 || this.#isOver) return;
    // Its packets of the meantime are still to be read.
    this.#packetAt = this.broker.clock.monotonic();
    this.#socket.resume();
  }

  /** Looks again when it fires instead of being moved with each packet. */
  #watchKeepAlive(limit: number): void {
    const { clock } = this.broker;
    const look = () => {
      const left = this.#packetAt + limit - clock.monotonic();
      // While we do not read, its packets cannot arrive; then drainTimeout decides.
      if (left > 0 || this.#pauses !== 0) this.#timer = clock.after(left > 0 ? left : limit, look);
      else
        this.#fail(new Refusal(ReasonCode.keepAliveTimeout, 'no packet within one and a half Keep Alive'), 'keepAlive');
    };
    this.#timer = clock.after(limit, look);
  }

  /** The writer was congested. */
  drained(): void {
    if (this.#isOver) return;
    if (this.#isPausedBy('congestion')) {
      this.#pauses &= ~Pause.congestion;
      this.#readAgain();
    }
    this.session?.resume();
  }

  /** The peer did something wrong, or nothing for too long. */
  #fail(refusal: Refusal, reason: EndReason = 'protocol'): void {
    if (this.#isOver) return;
    this.broker.statistics.end(reason);
    this.#end(refusal, false);
  }

  /** A promise that must not reject did: one client's packets must not end the gateway, and with it everybody's connection. */
  #defect(error: unknown): void {
    this.broker.log.error({ err: error, address: this.address }, 'a packet met a defect');
    this.#fail(new Refusal(ReasonCode.unspecifiedError, 'the broker failed'));
  }

  /** The network connection failed or the peer closed it without DISCONNECT. */
  lost(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#over(error?.message ?? 'closed by the client', false);
    this.#closeWriter();
    this.#socket.destroy();
  }

  /** @param isNormal - the Will is not sent */
  #end(refusal: Refusal | undefined, isNormal: boolean): void {
    if (this.#isOver) return;
    const wasAccepted = this.#accepted?.session.founding.isOver === true;
    if (refusal !== undefined) this.broker.statistics.countEnd(refusal.reasonCode, wasAccepted);
    this.#over(refusal?.reason, isNormal);
    const last =
      refusal === undefined ? undefined : lastPacket(this, refusal, wasAccepted, this.#codec.protocolVersion);
    if (last !== undefined) this.send(last);
    this.#writer.end();
    // What still comes in is read and thrown away, else closing would reset the connection before the peer has read our
    // last packet; a peer that keeps sending does not keep it open.
    this.#socket.resume();
    this.#timer = this.broker.clock.after(LINGER, () => this.#socket.destroy());
  }

  #over(reason: string | undefined, isNormal: boolean): void {
    this.#isOver = true;
    this.ticket.over();
    this.broker.incomplete.set(this, 0);
    this.#codec.close();
    this.#timer?.cancel();
    this.#timer = undefined;
    const { session } = this;
    if (session === undefined) {
      this.broker.log.debug({ address: this.address, reason }, 'connection ended without a session');
      return;
    }
    const fields = { clientId: session.id, address: this.address, ...(reason !== undefined && { reason }) };
    this.broker.log.info(fields, 'client disconnected');
    session.disconnect(this, isNormal);
    this.broker.sessions.absent(session);
  }

  /** QoS 0 messages that still wait are lost. */
  #closeWriter(): void {
    const { statistics } = this.broker;
    const { droppable } = this.#writer;
    statistics.publishTakenBack += droppable;
    statistics.publishDropped += droppable;
    statistics.ledger.delivered -= droppable;
    statistics.drops.offline += droppable;
    this.#writer.close();
  }

  closed(): void {
    this.lost(undefined);
    this.#timer?.cancel();
    this.#closeWriter();
    this.ticket.close();
    // Not before: a session that is taken over has no connection for a moment, which must cost nobody else's.
    this.broker.sessions.evict();
    this.#onGone();
  }
}
