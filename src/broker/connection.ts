/**
 * One network connection: bytes in through the codec to the handlers, packets out, keep-alive, the end.
 *
 *   socket ─▶ codec ─▶ handlers/<packet> ─▶ session, router
 *   socket ◀─ writer ◀─ send, sendPublish ◀─ session
 */
import type { Duplex } from 'node:stream';
import type { Timer } from '../core/clock.js';
import type { Accepted, Authentication, BrokerContext, Client } from './client.js';
import { type AfterPacket, Codec } from './codec.js';
import { dispatch } from './handlers/dispatch.js';
import { lastPacket } from './last-packet.js';
import { OutgoingTopicAliases } from './outgoing-topic-aliases.js';
import type { Peer } from './peer.js';
import { ReasonCode, Refusal } from './reason-codes.js';
import type { Session } from './session.js';
import { SocketWriter } from './socket-writer.js';
import { TopicAliases } from './topic-aliases.js';
import type { EncodedPublish } from './wire/encode-publish.js';
import type { ConnectPacket, Packet, ProtocolVersion } from './wire/packets.js';

/** How long a connection we end may take to read our last packet and close, ms. */
const LINGER = 1_000;
/** Least room for a receiver before QoS 0 messages for it are dropped, bytes. */
const MIN_CONGESTED_BYTES = 1024 * 1024;

/** congestion: it does not read our answers; handler: what it sent before is not settled. */
type Pause = 'congestion' | 'handler';

export class Connection implements Client {
  readonly broker: BrokerContext;
  readonly topicAliases = new TopicAliases();
  readonly peer: Peer;
  authentication: Authentication | undefined;
  outgoingAliases: OutgoingTopicAliases | undefined;
  unacknowledged = 0;
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
  /** Why the socket is not read; it is read again when no reason is left. */
  readonly #pauses = new Set<Pause>();
  readonly #onPacket = (packet: Packet) => this.#handle(packet);

  /** @param onGone - the socket is closed */
  constructor(broker: BrokerContext, socket: Duplex, peer: Peer, onGone: () => void) {
    const { clock, limits } = broker;
    this.broker = broker;
    this.peer = peer;
    this.#socket = socket;
    this.#onGone = onGone;
    this.#codec = new Codec(limits.packetBytes);
    this.#writer = new SocketWriter({
      stream: socket,
      clock,
      congestedBytes: Math.max(MIN_CONGESTED_BYTES, limits.packetBytes),
      drainTimeout: limits.drainTimeout,
      onDrained: () => this.#drained(),
      onStalled: () => this.#fail(new Refusal(ReasonCode.unspecifiedError, 'the client does not read')),
    });
    socket.on('error', (error) => this.#lost(error));
    socket.on('end', () => this.#lost(undefined));
    socket.on('close', () => this.#closed());
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#timer = clock.after(limits.connectTimeout, () => {
      this.#fail(new Refusal(ReasonCode.protocolError, 'no CONNECT in time'));
    });
  }

  get session(): Session | undefined {
    return this.#accepted?.session;
  }

  get address(): string {
    return this.peer.address;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get protocolVersion(): ProtocolVersion {
    return this.#codec.protocolVersion ?? 4;
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

  accept(accepted: Accepted): void {
    this.#accepted = accepted;
    this.#codec.admit();
    this.#timer?.cancel();
    this.#timer = undefined;
    const { topicAliasMaximum } = accepted;
    if (topicAliasMaximum > 0) this.outgoingAliases = new OutgoingTopicAliases(topicAliasMaximum);
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
    this.#writer.push(bytes, packetIdentifier, identifierAt);
  }

  refuse(refusal: Refusal): void {
    this.#end(refusal, false);
  }

  leave(reasonCode: number): void {
    this.#end(undefined, reasonCode === ReasonCode.success || this.protocolVersion < 5);
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

  #read(chunk: Buffer): void {
    if (this.#isOver) return;
    this.broker.statistics.bytesReceived += chunk.length;
    const refusal = this.#codec.feed(chunk, this.#onPacket);
    if (refusal !== undefined) this.#fail(refusal);
  }

  #handle(packet: Packet): AfterPacket {
    this.broker.statistics.packetsReceived++;
    this.#packetAt = this.broker.clock.monotonic();
    if (packet.type === 'connect') this.#introduce(packet);
    const handled = dispatch(this, packet);
    if (handled instanceof Promise) {
      this.#pause('handler');
      void handled.then((refusal) => this.#goOn(refusal));
      return 'hold';
    }
    if (handled !== undefined) this.#fail(handled);
    return this.#isOver ? 'stop' : 'next';
  }

  /** What holds for the answer to CONNECT already, also if that is a refusal. */
  #introduce({ properties }: ConnectPacket): void {
    this.#maximumPacketSize = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    this.#wantsReasons = properties.requestProblemInformation ?? true;
  }

  /** A handler that took its time is done: the packets that came meanwhile are next. */
  #goOn(handled: Refusal | undefined): void {
    if (handled !== undefined) this.#fail(handled);
    if (this.#isOver) return;
    const refusal = this.#codec.resume(this.#onPacket);
    if (refusal !== undefined) this.#fail(refusal);
    if (!this.#codec.isOnHold) this.#unpause('handler');
  }

  #pause(reason: Pause): void {
    this.#pauses.add(reason);
    this.#socket.pause();
  }

  #unpause(reason: Pause): void {
    if (!this.#pauses.delete(reason) || this.#pauses.size > 0 || this.#isOver) return;
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
      if (left > 0 || this.#pauses.size > 0) this.#timer = clock.after(left > 0 ? left : limit, look);
      else this.#fail(new Refusal(ReasonCode.keepAliveTimeout, 'no packet within one and a half Keep Alive'));
    };
    this.#timer = clock.after(limit, look);
  }

  #drained(): void {
    if (this.#isOver) return;
    this.#unpause('congestion');
    this.session?.resume();
  }

  /** The peer did something wrong, or nothing for too long. */
  #fail(refusal: Refusal): void {
    if (this.#isOver) return;
    this.broker.statistics.connectionsFailed++;
    this.#end(refusal, false);
  }

  /** The network connection failed or the peer closed it without DISCONNECT. */
  #lost(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#over(error?.message ?? 'closed by the client', false);
    this.#writer.close();
    this.#socket.destroy();
  }

  /** @param isNormal - the Will is not sent */
  #end(refusal: Refusal | undefined, isNormal: boolean): void {
    if (this.#isOver) return;
    const wasAccepted = this.#accepted !== undefined;
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

  #closed(): void {
    this.#lost(undefined);
    this.#timer?.cancel();
    this.#writer.close();
    // Not before: a session that is taken over has no connection for a moment, which must cost nobody else's.
    this.broker.sessions.evict();
    this.#onGone();
  }
}
