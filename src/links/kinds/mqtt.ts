/** One connection to an MQTT broker on MQTT.js. Its own queueing, storing and reconnecting are off: those are the link's. */
import type { Socket } from 'node:net';
import type { IConnackPacket, IPublishPacket, MqttClient, Packet } from 'mqtt';
import type { Clock } from '../../core/clock.js';
import type { LinkConfig } from '../../core/config.js';
import { type GatewayError, toGatewayError } from '../../core/errors.js';
import type { QoS } from '../../core/message.js';
import { topicNameFault } from '../../core/topic.js';
import { linkError } from '../errors.js';
import type { FarSide, FarSideEvents, Outgoing } from '../far-side.js';
import { FrameGuard } from './frame-guard.js';
import {
  closedCause,
  connackCause,
  disconnectCause,
  type Phase,
  reasonText,
  socketCause,
  timeoutCause,
} from './mqtt-causes.js';
import { fromMqttProperties, publishBytes, toMqttProperties } from './mqtt-properties.js';
import { IncomingStore, OutgoingStore } from './mqtt-store.js';
import { intervalsOn } from './mqtt-timer.js';

/** Time from the first SYN to CONNACK, and from SUBSCRIBE to SUBACK, ms. */
const CONNECT_TIMEOUT = 10_000;
/** Time for the goodbye, ms. */
const CLOSE_TIMEOUT = 1_000;
/** Largest packet taken from the far side, bytes; announced as Maximum Packet Size where the protocol can. */
const MAX_INCOMING_BYTES = 16 * 1_048_576;
/** QoS 2 messages held until the far side releases them, bytes. */
const MAX_HELD_BYTES = 64 * 1_048_576;
/** In flight at most, where the far side allows more: what would have to be sent again after a lost connection. */
const MAX_WINDOW = 1_000;
/** MQTT 3.1.1 announces no limit; brokers commonly stop reading beyond 100. */
const WINDOW_3_1_1 = 100;
/** DISCONNECT "with Will Message" (MQTT 5.0 §3.14.2.1) and the plain one of 3.1.1. */
const DISCONNECT_WITH_WILL = Buffer.from([0xe0, 0x02, 0x04, 0x00]);
const DISCONNECT = Buffer.from([0xe0, 0x00]);

export interface Will {
  readonly topic: string;
  readonly payload: string;
  readonly qos: QoS;
}

export interface MqttOptions {
  readonly config: LinkConfig;
  readonly clientId: string;
  /** Always retained. */
  readonly will: Will | undefined;
  readonly clock: Clock;
  readonly events: FarSideEvents;
  /** Connected, with TLS where it should be. */
  readonly socket: Socket;
  /** `host:port`, for messages. */
  readonly far: string;
  /** A session that the far side has is not resumed. */
  readonly cleanStart: boolean;
}

/**
 * Connects and waits for CONNACK.
 *
 * @throws GatewayError with the cause, or `signal.reason` when aborted
 */
export async function openMqtt(options: MqttOptions, signal: AbortSignal): Promise<FarSide> {
  const { default: mqtt } = await import('mqtt');
  signal.throwIfAborted();
  const connection = new MqttConnection(options, mqtt.MqttClient);
  const abort = () => connection.fail(toGatewayError(signal.reason));
  signal.addEventListener('abort', abort, { once: true });
  try {
    await connection.connected();
  } catch (error) {
    await connection.closed;
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  return connection;
}

class MqttConnection implements FarSide {
  readonly closed: Promise<GatewayError>;
  readonly #options: MqttOptions;
  readonly #far: string;
  readonly #client: MqttClient;
  readonly #incoming = new IncomingStore(MAX_HELD_BYTES, (bytes) => this.#holdsTooMuch(bytes));
  readonly #guard = new FrameGuard(MAX_INCOMING_BYTES);
  #socket: Socket | undefined;
  #phase: Phase = 'mqtt';
  /** The first thing that went wrong; what follows are consequences. */
  #cause: GatewayError | undefined;
  #limits: NonNullable<IConnackPacket['properties']> = {};

  constructor(options: MqttOptions, Client: typeof MqttClient) {
    this.#options = options;
    const { config, will, far } = options;
    this.#far = far;
    this.#client = new Client(() => this.#openSocket(), {
      manualConnect: true,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      clean: true,
      protocolVersion: config.protocolVersion,
      clientId: options.clientId,
      keepalive: Math.min(65_535, Math.round(config.keepAlive / 1_000)),
      outgoingStore: new OutgoingStore(),
      incomingStore: this.#incoming,
      timerVariant: intervalsOn(options.clock),
      log: () => {},
      ...(config.username === undefined ? {} : { username: config.username }),
      ...(config.password === undefined ? {} : { password: config.password }),
      ...(config.protocolVersion === 5 ? { properties: { maximumPacketSize: MAX_INCOMING_BYTES } } : {}),
      ...(will === undefined
        ? {}
        : { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: will.qos, retain: true } }),
    });
    this.closed = new Promise((resolve) => this.#client.once('close', () => void this.#onClose().then(resolve)));
    this.#client.on('error', (error) => this.#onError(error));
    this.#client.on('packetreceive', (packet) => this.#onPacket(packet));
    this.#client.onKeepaliveTimeout = () => {
      const message = `${this.#far} did not answer a ping within 1.5 keep-alive intervals`;
      this.fail(linkError('LINK_LOST', message, { details: { far: this.#far, keepAliveMs: config.keepAlive } }));
    };
    this.#client.handleMessage = (packet, done) => void this.#take(packet).then(() => done());
  }

  async connected(): Promise<void> {
    const connack = new Promise<void>((resolve) => this.#client.once('connect', () => resolve()));
    this.#client.connect();
    await this.#within(CONNECT_TIMEOUT, connack);
    this.#phase = 'up';
  }

  get window(): number {
    if (this.#options.config.protocolVersion === 4) return WINDOW_3_1_1;
    return Math.min(this.#limits.receiveMaximum ?? MAX_WINDOW, MAX_WINDOW);
  }

  get sessionPresent(): boolean {
    return false;
  }

  get maximumQoS(): QoS {
    return (this.#limits.maximumQoS ?? 2) as QoS;
  }

  get retainAvailable(): boolean {
    return this.#limits.retainAvailable !== false;
  }

  get bytesOut(): number {
    return this.#socket?.bytesWritten ?? 0;
  }

  get isWritable(): boolean {
    return this.#socket?.writable === true && !this.#socket.writableNeedDrain;
  }

  refusal(message: Outgoing): GatewayError | undefined {
    const limit = this.#limits.maximumPacketSize;
    if (limit === undefined) return undefined;
    const bytes = publishBytes(message, this.#options.config.protocolVersion);
    if (bytes <= limit) return undefined;
    return linkError('LINK_PUBLISH_REFUSED', `a message of ${bytes} bytes is too large for ${this.#far}`, {
      hint: 'send smaller messages to this topic, or raise the packet size at the far side',
      details: { topic: message.topic, bytes, maximumPacketSize: limit },
    });
  }

  publish({ topic, payload, qos, retain, properties, expirySeconds, packetId }: Outgoing): void {
    const packet = qos === 2 ? 'pubcomp' : 'puback';
    const settled = (refusal?: GatewayError) => {
      if (qos > 0) this.#options.events.onAcknowledged(packet, packetId, refusal);
    };
    const theirs = toMqttProperties(properties, expirySeconds);
    this.#client.publish(topic, payload, { qos, retain, properties: theirs }, (error) => {
      if (error === undefined || error === null) return settled();
      // Only a reason code is an answer of the far side; all else means that the connection is gone.
      if (!('code' in error) || typeof error.code !== 'number') return;
      const text = `${this.#far} refused a message to ${topic}: ${reasonText(error.code)}`;
      settled(linkError('LINK_PUBLISH_REFUSED', text, { details: { topic, reasonCode: error.code } }));
    });
  }

  /** MQTT.js does it itself. */
  release(): void {}

  subscribe(filter: string, qos: QoS, options: { readonly noLocal?: boolean } = {}): Promise<GatewayError | undefined> {
    const five = this.#options.config.protocolVersion === 5;
    const suback = new Promise<GatewayError | undefined>((resolve, reject) => {
      this.#client.subscribe(
        filter,
        five ? { qos, nl: options.noLocal ?? true, rap: true, rh: 0 } : { qos },
        (error, _granted, packet) => {
          const reasonCode = packet?.granted[0];
          if (typeof reasonCode !== 'number') return reject(error ?? new Error('SUBACK without a reason code'));
          if (reasonCode < 0x80) return resolve(undefined);
          const text = `${this.#far} refused the subscription to ${filter}: ${reasonText(reasonCode)}`;
          resolve(linkError('LINK_SUBSCRIPTION_REFUSED', text, { details: { filter, reasonCode } }));
        },
      );
    });
    return this.#within(CONNECT_TIMEOUT, suback);
  }

  async unsubscribe(filter: string): Promise<void> {
    await this.#within(CONNECT_TIMEOUT, this.#client.unsubscribeAsync(filter));
  }

  /** Ends the connection for this reason. */
  fail(cause: GatewayError): void {
    this.#cause ??= cause;
    this.#socket?.destroy();
  }

  close(will: boolean): void {
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    const deadline = this.#options.clock.after(CLOSE_TIMEOUT, () => socket.destroy());
    socket.once('close', () => deadline.cancel());
    if (!will || this.#options.will === undefined) socket.end(DISCONNECT);
    else if (this.#options.config.protocolVersion === 5) socket.end(DISCONNECT_WITH_WILL);
    // Without a DISCONNECT the far side publishes the will [MQTT-3.1.2-8].
    else socket.end();
  }

  #openSocket(): Socket {
    const { socket } = this.#options;
    this.#socket = socket;
    socket.on('error', (error) => this.fail(socketCause(error, this.#phase, this.#far)));
    socket.on('drain', () => this.#options.events.onDrain());
    // The far side said FIN; MQTT has no half-open connections.
    socket.on('end', () => socket.destroy());
    socket.on('data', (chunk) => {
      const length = this.#guard.check(chunk);
      if (length === undefined) return;
      const message = `${this.#far} sent a packet of ${length} bytes, more than the ${MAX_INCOMING_BYTES} accepted`;
      this.fail(linkError('LINK_PROTOCOL', message, { details: { far: this.#far } }));
    });
    return socket;
  }

  #holdsTooMuch(bytes: number): void {
    const message = `${this.#far} sent ${bytes} bytes of QoS 2 messages that it has not released, more than ${MAX_HELD_BYTES}`;
    this.fail(linkError('LINK_PROTOCOL', message, { details: { far: this.#far } }));
  }

  #onPacket(packet: Packet): void {
    if (packet.cmd === 'connack') {
      const reasonCode = packet.reasonCode ?? packet.returnCode ?? 0;
      if (reasonCode !== 0) this.fail(connackCause(reasonCode, packet.properties?.reasonString, this.#far));
      else this.#limits = packet.properties ?? {};
    } else if (packet.cmd === 'disconnect') {
      this.fail(disconnectCause(packet.reasonCode ?? 0, packet.properties?.reasonString, this.#far));
    }
  }

  /** What MQTT.js found wrong; failures of the socket come here too, after the socket's own listener. */
  #onError(error: Error): void {
    const message = `${this.#far} broke the protocol: ${error.message}`;
    this.fail(linkError('LINK_PROTOCOL', message, { cause: error, details: { far: this.#far } }));
  }

  async #take(packet: IPublishPacket): Promise<void> {
    const topic = packet.topic.toString();
    if (topicNameFault(topic) !== undefined) {
      const message = `${this.#far} sent a PUBLISH whose topic is no legal Topic Name`;
      return this.fail(linkError('LINK_PROTOCOL', message, { details: { far: this.#far } }));
    }
    const { properties } = packet;
    await this.#options.events.onMessage({
      topic,
      payload: Buffer.from(packet.payload as Buffer),
      qos: packet.qos,
      retain: packet.retain,
      properties: fromMqttProperties(properties),
      expirySeconds: properties?.messageExpiryInterval,
    });
  }

  async #onClose(): Promise<GatewayError> {
    this.#cause ??= closedCause(this.#phase, this.#far);
    this.#client.end(true);
    for (const packet of this.#incoming.takeAll()) await this.#take(packet);
    return this.#cause;
  }

  /** Waits for an answer of the far side, but not longer than `ms` and not beyond the end of the connection. */
  async #within<T>(ms: number, answer: Promise<T>): Promise<T> {
    using _deadline = this.#options.clock.after(ms, () => this.fail(timeoutCause(this.#phase, this.#far, ms)));
    const lost = this.closed.then((cause) => {
      throw cause;
    });
    // When the connection ends, MQTT.js also rejects what it waits for; the cause is the better answer.
    return await Promise.race([answer.catch(() => lost), lost]);
  }
}
