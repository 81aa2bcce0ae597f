/**
 * One connection to an MQTT broker. It sends what it is told and tells what comes; what is queued, repeated and connected
 * again is not its business.
 *
 *   publish, release ─▶ in flight ─▶ writer ─▶ stream ─▶ frames ─┬─▶ in flight ─▶ onAcknowledged
 *                                                               ├─▶ incoming  ─▶ onMessage ─▶ writer
 *                                                               └─▶ requests, CONNACK, DISCONNECT
 *
 * Rules: whatever the far side sends, nothing throws and nothing grows: the connection ends, with the cause.
 */
import type { Duplex } from 'node:stream';
import type { Timer } from '../../core/clock.js';
import { type GatewayError, toGatewayError } from '../../core/errors.js';
import type { QoS } from '../../core/message.js';
import {
  encodeClientDisconnect,
  encodeConnect,
  encodeSubscribe,
  encodeUnsubscribe,
  PINGREQ,
} from '../../core/mqtt/encode-client-packets.js';
import { OutgoingTopicAliases } from '../../core/mqtt/outgoing-topic-aliases.js';
import { type ConnackPacket, PacketType, type ServerPacket } from '../../core/mqtt/packets.js';
import type { Properties } from '../../core/mqtt/properties.js';
import { encodingFault, packetBytes, remainingLength } from '../../core/mqtt/publish.js';
import { ReasonCode, Refusal } from '../../core/mqtt/reason-codes.js';
import { MIN_QOS_PROPERTY } from '../../core/stamp.js';
import { linkError } from '../errors.js';
import type { FarSide, Outgoing, SubscribeWishes } from '../far-side.js';
import { Frames } from './frames.js';
import { InFlight } from './in-flight.js';
import { IncomingMessages, RECEIVE_MAXIMUM, TOPIC_ALIAS_MAXIMUM } from './incoming.js';
import { KeepAlive } from './keep-alive.js';
import {
  closedCause,
  connackCause,
  disconnectCause,
  isReset,
  type Phase,
  socketCause,
  timeoutCause,
} from './mqtt-causes.js';
import type { MqttOptions } from './options.js';
import { Requests } from './requests.js';
import { Writer } from './writer.js';

/** Time from the first SYN to CONNACK, and from SUBSCRIBE to SUBACK, ms. */
const CONNECT_TIMEOUT = 10_000;
/** Time for the goodbye, ms. */
const CLOSE_TIMEOUT = 1_000;
/** In flight at most, where the far side allows more: what would have to be sent again after a lost connection. */
const MAX_WINDOW = 1_000;
/** MQTT 3.1.1 announces no limit; brokers commonly stop reading beyond 100. */
const WINDOW_3_1_1 = 100;
/** Topics from which on an alias saves bytes. */
const MIN_ALIASED = 4;
/** A topic keeps its alias while so many messages go to others. */
const ALIAS_PATIENCE = 1_000;
const NEVER = 0xffff_ffff;
/** Of a topic in an error, characters. */
const MAX_TOPIC_SHOWN = 1_024;
const NO_LIMITS: Properties = {};

export class MqttConnection implements FarSide {
  readonly closed: Promise<GatewayError>;
  readonly #options: MqttOptions;
  readonly #hasCertificate: boolean;
  readonly #far: string;
  readonly #maximumPacketSize: number;
  readonly #frames: Frames;
  readonly #inFlight: InFlight;
  readonly #requests: Requests;
  readonly #connack = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<GatewayError>();
  #stream: Duplex | undefined;
  #writer: Writer | undefined;
  #incoming: IncomingMessages | undefined;
  #keepAlive: KeepAlive | undefined;
  #aliases: OutgoingTopicAliases | undefined;
  #goodbye: Timer | undefined;
  #phase: Phase = 'tcp';
  /** The first thing that went wrong; what follows are consequences. */
  #cause: GatewayError | undefined;
  #limits = NO_LIMITS;
  #sessionPresent = false;
  /** We know of no session there. */
  #isClean = true;
  #hasForeignSession = false;

  constructor(options: MqttOptions, far: string, maximumPacketSize: number, hasCertificate = false) {
    this.#hasCertificate = hasCertificate;
    this.#options = options;
    this.#far = far;
    this.#maximumPacketSize = maximumPacketSize;
    this.closed = this.#end.promise;
    this.#inFlight = new InFlight(far, options.events.onAcknowledged);
    this.#requests = new Requests(far);
    const onPuback = (packetIdentifier: number) => this.#inFlight.puback(packetIdentifier);
    const onPacket = (packet: ServerPacket) => this.#onPacket(packet);
    this.#frames = new Frames(options.config.protocolVersion, maximumPacketSize, { onPuback, onPacket });
  }

  /** Takes the stream, which may still be connecting. */
  use(stream: Duplex): void {
    const { config, events, memory } = this.#options;
    stream.on('error', (error) => {
      const isRefused = this.#phase === 'mqtt' && isReset(error);
      const closed = () => closedCause(this.#phase, this.#far, this.#hasCertificate);
      this.fail(isRefused ? closed() : socketCause(error, this.#phase, this.#far));
    });
    if (this.#cause !== undefined) {
      stream.destroy();
      return;
    }
    this.#stream = stream;
    const writer = new Writer(stream, config.protocolVersion, () => this.#keepAlive?.sent());
    this.#writer = writer;
    this.#incoming = new IncomingMessages({
      version: config.protocolVersion,
      memory,
      writer,
      onMessage: (message) => events.onMessage(message),
      onFailed: (error) => this.fail(toGatewayError(error)),
      onFlood: (isFlooded) => void (isFlooded ? stream.pause() : stream.resume()),
    });
    stream.on('drain', () => {
      this.#incoming?.drained();
      if (this.#phase === 'up') events.onDrain();
    });
    // The far side said FIN; MQTT has no half-open connections.
    stream.on('end', () => stream.destroy());
    stream.on('close', () => this.#onClose());
    stream.on('data', (chunk: Buffer) => {
      this.#keepAlive?.received();
      const refusal = this.#frames.feed(chunk);
      if (refusal !== undefined) this.#refuse(refusal);
    });
  }

  reached(phase: Phase): void {
    this.#phase = phase;
    if (phase === 'mqtt') this.#connect();
  }

  /** Waits for CONNACK, and until what it says of the session is kept. */
  async connected(): Promise<void> {
    await this.#within(CONNECT_TIMEOUT, this.#connack.promise);
    this.#phase = 'up';
  }

  /** The far side continues a session that we do not know, and that it was not told to give up: 3.1.1 cannot say so. */
  get hasForeignSession(): boolean {
    return this.#hasForeignSession;
  }

  get sessionPresent(): boolean {
    return this.#sessionPresent;
  }

  get window(): number {
    if (this.#options.config.protocolVersion === 4) return WINDOW_3_1_1;
    return Math.min(this.#limits.receiveMaximum ?? MAX_WINDOW, MAX_WINDOW);
  }

  get maximumQoS(): QoS {
    return this.#limits.maximumQoS === undefined ? 2 : this.#limits.maximumQoS ? 1 : 0;
  }

  get retainAvailable(): boolean {
    return this.#limits.retainAvailable !== false;
  }

  get isWritable(): boolean {
    return this.#writer?.isWritable === true;
  }

  get bytesOut(): number {
    return this.#writer?.bytesOut ?? 0;
  }

  refusal(message: Outgoing): GatewayError | undefined {
    const version = this.#options.config.protocolVersion;
    const { topic } = message;
    const fault = encodingFault(message, version);
    if (fault !== undefined) {
      return linkError('LINK_PUBLISH_REFUSED', `a message cannot be sent to ${this.#far}: ${fault}`, {
        hint: 'make what is too long shorter where the message comes from, or exclude its topic from the route',
        details: { topic: topic.slice(0, MAX_TOPIC_SHOWN) },
      });
    }
    const limit = this.#limits.maximumPacketSize;
    if (limit === undefined) return undefined;
    const bytes = packetBytes(remainingLength(message, version, 0));
    if (bytes <= limit) return undefined;
    return linkError('LINK_PUBLISH_REFUSED', `a message of ${bytes} bytes is too large for ${this.#far}`, {
      hint: 'send smaller messages to this topic, or raise the packet size at the far side',
      details: { topic, bytes, maximumPacketSize: limit },
    });
  }

  publish(message: Outgoing): void {
    if (message.qos > 0) this.#inFlight.published(message);
    this.#writer?.publish(message, this.#aliasOf(message));
  }

  release(packetId: number): void {
    this.#inFlight.released(packetId);
    this.#writer?.write4((PacketType.pubrel << 4) | 0x02, packetId);
  }

  async subscribe(filter: string, qos: QoS, options: SubscribeWishes = {}): Promise<GatewayError | undefined> {
    const version = this.#options.config.protocolVersion;
    const { noLocal = true, onlyNew = false, minQos = 0 } = options;
    const { memory } = this.#options;
    const isNew = !memory.filters.has(filter);
    const wish = minQos > 0 && ({ userProperties: [[MIN_QOS_PROPERTY, String(minQos)]] } as const);
    // Before it is asked for: what the far side may have must be found again.
    await memory.subscribed(filter)?.catch(() => {});
    const refusal = await this.#request('suback', filter, (id) =>
      encodeSubscribe(version, id, filter, { qos, noLocal, onlyNew, ...wish }),
    );
    if (refusal !== undefined && isNew) memory.unsubscribed(filter);
    return refusal;
  }

  async unsubscribe(filter: string): Promise<void> {
    const { memory, config } = this.#options;
    memory.unwanted(filter);
    const refusal = await this.#request('unsuback', filter, (id) =>
      encodeUnsubscribe(config.protocolVersion, id, filter),
    );
    // Unless it was asked for anew meanwhile.
    if (refusal === undefined && !memory.isAsked(filter)) memory.unsubscribed(filter);
  }

  async unsubscribeOthers(): Promise<void> {
    await Promise.all(this.#options.memory.leftovers.map((filter) => this.unsubscribe(filter)));
  }

  /** Ends the connection for this reason. */
  fail(cause: GatewayError): void {
    this.#cause ??= cause;
    this.#frames.close();
    if (this.#stream === undefined) this.#onClose();
    else this.#stream.destroy();
  }

  close(will: boolean): void {
    const { config } = this.#options;
    const hasWill = will && this.#options.will !== undefined;
    // Without a DISCONNECT the far side publishes the will [MQTT-3.1.2-8].
    if (hasWill && config.protocolVersion === 4) this.#sayGoodbye(undefined);
    else this.#sayGoodbye(hasWill ? ReasonCode.disconnectWithWillMessage : ReasonCode.success);
  }

  #connect(): void {
    const { config, clientId, will, memory, userProperties = [], cleanStart = false } = this.#options;
    const version = config.protocolVersion;
    const sessionExpiry = Math.min(NEVER, Math.round(config.sessionExpiry / 1_000));
    const isKnown = memory.clientId !== undefined && (clientId === '' || memory.clientId === clientId);
    this.#isClean = cleanStart || !isKnown || sessionExpiry === 0;
    const packet = encodeConnect({
      version,
      isBridge: config.bridge,
      clientId: clientId === '' && isKnown ? memory.clientId! : clientId,
      // In 3.1.1 it says also that the session ends with the connection.
      cleanStart: cleanStart || sessionExpiry === 0 || (version === 5 && !isKnown),
      keepAlive: Math.min(0xffff, Math.round(config.keepAlive / 1_000)),
      will,
      username: config.username,
      password: config.password,
      sessionExpiryInterval: sessionExpiry,
      receiveMaximum: RECEIVE_MAXIMUM,
      maximumPacketSize: this.#maximumPacketSize,
      topicAliasMaximum: TOPIC_ALIAS_MAXIMUM,
      userProperties,
    });
    this.#writer?.write(packet);
    this.#writer?.flush();
  }

  #onPacket(packet: ServerPacket): Refusal | undefined {
    switch (packet.type) {
      case 'publish':
        return this.#incoming!.publish(packet);
      case 'pubrel':
        this.#incoming!.released(packet.packetIdentifier);
        return undefined;
      case 'puback':
      case 'pubrec':
      case 'pubcomp':
        return this.#inFlight.acknowledged({ ...packet, type: packet.type });
      case 'suback':
      case 'unsuback':
        return this.#requests.answered(packet);
      case 'connack':
        return this.#onConnack(packet);
      case 'disconnect':
        this.fail(disconnectCause(packet, this.#far));
        return undefined;
      case 'pingresp':
        return undefined;
    }
  }

  #onConnack(packet: ConnackPacket): Refusal | undefined {
    if (this.#phase !== 'mqtt') return new Refusal(ReasonCode.protocolError, 'CONNACK before CONNECT');
    const { reasonCode, sessionPresent, properties } = packet;
    if (reasonCode !== 0) {
      this.fail(connackCause(reasonCode, properties, this.#far));
      return undefined;
    }
    if (sessionPresent && this.#isClean) {
      const { protocolVersion, sessionExpiry } = this.#options.config;
      this.#hasForeignSession = protocolVersion === 4 && sessionExpiry > 0;
      // §3.2.2.1.1
      return new Refusal(ReasonCode.protocolError, 'a session that we did not ask for');
    }
    this.#accepted(sessionPresent, properties ?? NO_LIMITS);
    return undefined;
  }

  /** At once: what comes behind CONNACK depends on it. */
  #accepted(sessionPresent: boolean, limits: Properties): void {
    const { clock, config, memory, clientId } = this.#options;
    const { serverKeepAlive, topicAliasMaximum = 0, assignedClientIdentifier } = limits;
    this.#limits = limits;
    this.#sessionPresent = sessionPresent;
    this.#inFlight.continues = sessionPresent;
    if (topicAliasMaximum > 0) this.#aliases = new OutgoingTopicAliases(topicAliasMaximum, ALIAS_PATIENCE);
    const keepAlive = serverKeepAlive === undefined ? config.keepAlive : serverKeepAlive * 1_000;
    this.#keepAlive = new KeepAlive(clock, keepAlive, {
      ping: () => this.#writer?.write(PINGREQ),
      silent: () => this.#onSilent(keepAlive),
    });
    const kept = memory.connected(assignedClientIdentifier ?? (clientId || memory.clientId || ''), !sessionPresent);
    // A disk that takes nothing must not keep the link from working.
    const resolve = () => this.#connack.resolve();
    if (kept === undefined) resolve();
    else kept.then(resolve, resolve);
  }

  #onSilent(keepAlive: number): void {
    // What is not read cannot be heard.
    if (this.#stream?.isPaused() && this.#incoming?.isUnheard !== true) {
      this.#keepAlive?.received();
      return;
    }
    const message = `${this.#far} did not answer a ping within 1.5 keep-alive intervals`;
    this.fail(linkError('LINK_LOST', message, { details: { far: this.#far, keepAliveMs: keepAlive } }));
  }

  /** The far side broke the protocol; it is told so where it can be. */
  #refuse({ reasonCode, reason }: Refusal): void {
    const message = `${this.#far} broke the protocol: ${reason}`;
    this.#cause ??= linkError('LINK_PROTOCOL', message, { details: { far: this.#far, reasonCode } });
    const stream = this.#stream!;
    this.#sayGoodbye(this.#options.config.protocolVersion === 5 ? reasonCode : undefined, () => stream.destroy());
  }

  /** @param reasonCode - of DISCONNECT; undefined: none is sent */
  #sayGoodbye(reasonCode: number | undefined, written = () => {}): void {
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed || this.#goodbye !== undefined) return;
    if (reasonCode !== undefined && (this.#phase === 'mqtt' || this.#phase === 'up')) {
      this.#writer?.write(encodeClientDisconnect(this.#options.config.protocolVersion, reasonCode));
    }
    this.#writer?.flush();
    this.#silence();
    this.#goodbye = this.#options.clock.after(CLOSE_TIMEOUT, () => stream.destroy());
    stream.end(written);
  }

  /** Nothing more is said or heard. */
  #silence(): void {
    this.#frames.close();
    this.#incoming?.close();
    this.#writer?.close();
    this.#keepAlive?.stop();
    // What still comes is thrown away; while it is not read, the end is not seen either.
    this.#stream?.resume();
  }

  #onClose(): void {
    this.#cause ??= closedCause(this.#phase, this.#far, this.#hasCertificate);
    this.#silence();
    this.#goodbye?.cancel();
    this.#end.resolve(this.#cause);
  }

  /** @returns Topic Alias to set; negative: one that is set; 0: none */
  #aliasOf(message: Outgoing): number {
    const aliases = this.#aliases;
    if (aliases === undefined || message.topic.length < MIN_ALIASED) return 0;
    const alias = aliases.use(message.topic);
    const limit = this.#limits.maximumPacketSize;
    if (alias <= 0 || limit === undefined) return alias;
    // Setting it takes three bytes more than the limit was asked about.
    if (packetBytes(remainingLength(message, 5, alias)) <= limit) return alias;
    aliases.forget(message.topic);
    return 0;
  }

  async #request(
    type: 'suback' | 'unsuback',
    filter: string,
    encode: (packetIdentifier: number) => Buffer,
  ): Promise<GatewayError | undefined> {
    const { promise, resolve } = Promise.withResolvers<GatewayError | undefined>();
    const request = { type, filter, answered: resolve };
    let id = this.#requests.add(request);
    while (id === undefined) {
      await this.#orLost(this.#requests.room());
      id = this.#requests.add(request);
    }
    this.#writer?.write(encode(id));
    return await this.#within(CONNECT_TIMEOUT, promise);
  }

  /** Waits for an answer of the far side, but not longer than `ms` and not beyond the end of the connection. */
  async #within<T>(ms: number, answer: Promise<T>): Promise<T> {
    using _deadline = this.#options.clock.after(ms, () => this.fail(timeoutCause(this.#phase, this.#far, ms)));
    return await this.#orLost(answer);
  }

  #orLost<T>(answer: Promise<T>): Promise<T> {
    const lost = this.closed.then((cause) => {
      throw cause;
    });
    return Promise.race([answer, lost]);
  }
}
