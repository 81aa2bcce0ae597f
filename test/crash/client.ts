/** An MQTT 5.0 client whose session state outlives its connections, as the specification demands of clients (§4.1, §4.3, §4.4). */
import { connect, type Socket } from 'node:net';
import { generate, type IPublishPacket, type Packet, parser } from 'mqtt-packet';
import type { QoS } from '../../src/core/message.js';

const VERSION = { protocolVersion: 5 } as const;
/** Never. */
const SESSION_EXPIRY = 0xffff_ffff;

export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Seconds; 0: none. */
  readonly expiry: number;
}

interface Unacknowledged extends OutgoingMessage {
  isReleased: boolean;
}

export interface SessionClientOptions {
  readonly clientId: string;
  readonly filters: readonly { readonly topic: string; readonly qos: 0 | 1 | 2 }[];
  onMessage?(packet: IPublishPacket): void;
  /** Whenever it is sent, again included. */
  onSent?(message: OutgoingMessage): void;
  /** The broker has taken it over: PUBACK or PUBREC. @param reasonCode - 0x80 and more: it has not */
  onAcknowledged?(message: OutgoingMessage, reasonCode: number): void;
}

export class SessionClient {
  readonly #options: SessionClientOptions;
  /** By Packet Identifier, in the order in which they were sent. */
  readonly #outgoing = new Map<number, Unacknowledged>();
  /** Packet Identifiers of QoS 2 messages that came and are not released. */
  readonly #incoming = new Set<number>();
  #lastIdentifier = 0;
  #socket: Socket | undefined;
  #isSubscribed = false;
  isConnected = false;
  /** The broker did not know the session any more. */
  lostSessions = 0;
  packets = 0;

  constructor(options: SessionClientOptions) {
    this.#options = options;
  }

  get unacknowledged(): number {
    return this.#outgoing.size;
  }

  /** Resolves once the session is there and subscribed; false: the broker was gone before. */
  connect(port: number): Promise<boolean> {
    this.drop();
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setNoDelay(true);
    this.#socket = socket;
    return new Promise((resolve) => {
      socket.on('error', () => {});
      socket.on('close', () => {
        if (this.#socket === socket) this.isConnected = false;
        resolve(false);
      });
      const parse = parser(VERSION);
      parse.on('packet', (packet) => {
        if (this.#socket !== socket) return;
        this.packets++;
        this.#handle(packet, () => resolve(true));
      });
      parse.on('error', () => socket.destroy());
      socket.on('data', (chunk: Buffer) => parse.parse(chunk));
      this.#send({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 5,
        clientId: this.#options.clientId,
        clean: false,
        keepalive: 0,
        properties: { sessionExpiryInterval: SESSION_EXPIRY, receiveMaximum: 50 },
      });
    });
  }

  /** The network is gone. */
  drop(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.isConnected = false;
  }

  publish(message: OutgoingMessage): void {
    if (message.qos === 0) {
      this.#sendPublish(undefined, message, false);
      return;
    }
    do {
      this.#lastIdentifier = (this.#lastIdentifier % 0xffff) + 1;
    } while (this.#outgoing.has(this.#lastIdentifier));
    const entry = { ...message, isReleased: false };
    this.#outgoing.set(this.#lastIdentifier, entry);
    this.#sendPublish(this.#lastIdentifier, entry, false);
  }

  #handle(packet: Packet, ready: () => void): void {
    switch (packet.cmd) {
      case 'connack':
        this.#accepted(packet.sessionPresent, ready);
        return;
      case 'suback':
        this.#isSubscribed = true;
        ready();
        return;
      case 'publish':
        this.#received(packet);
        return;
      case 'pubrel':
        this.#incoming.delete(packet.messageId!);
        this.#send({ cmd: 'pubcomp', messageId: packet.messageId! });
        return;
      case 'puback':
        this.#acknowledged(packet.messageId!, packet.reasonCode ?? 0, true);
        return;
      case 'pubrec':
        this.#acknowledged(packet.messageId!, packet.reasonCode ?? 0, false);
        return;
      case 'pubcomp':
        this.#outgoing.delete(packet.messageId!);
        return;
      default:
        return;
    }
  }

  #accepted(sessionPresent: boolean, ready: () => void): void {
    this.isConnected = true;
    if (this.#isSubscribed && !sessionPresent) {
      this.lostSessions++;
      this.#incoming.clear();
      // §4.1: state of the client goes with the session; what was not acknowledged is published anew.
      for (const entry of this.#outgoing.values()) entry.isReleased = false;
    }
    for (const [identifier, entry] of this.#outgoing) {
      if (entry.isReleased) this.#send({ cmd: 'pubrel', messageId: identifier });
      else this.#sendPublish(identifier, entry, sessionPresent);
    }
    const { filters } = this.#options;
    if (sessionPresent && this.#isSubscribed) ready();
    else if (filters.length === 0) {
      this.#isSubscribed = true;
      ready();
    } else {
      this.#send({ cmd: 'subscribe', messageId: 0xffff, subscriptions: filters.map((one) => ({ ...one })) });
    }
  }

  #received(packet: IPublishPacket): void {
    const { qos, messageId } = packet;
    if (qos < 2) {
      this.#options.onMessage?.(packet);
      if (qos === 1) this.#send({ cmd: 'puback', messageId: messageId!, reasonCode: 0 });
      return;
    }
    if (!this.#incoming.has(messageId!)) {
      this.#incoming.add(messageId!);
      this.#options.onMessage?.(packet);
    }
    this.#send({ cmd: 'pubrec', messageId: messageId!, reasonCode: 0 });
  }

  #acknowledged(identifier: number, reasonCode: number, isLast: boolean): void {
    const entry = this.#outgoing.get(identifier);
    if (entry === undefined) return;
    const isFailure = reasonCode >= 0x80;
    if (!entry.isReleased) this.#options.onAcknowledged?.(entry, reasonCode);
    if (isLast || isFailure) {
      this.#outgoing.delete(identifier);
      return;
    }
    entry.isReleased = true;
    this.#send({ cmd: 'pubrel', messageId: identifier, reasonCode: 0 });
  }

  #sendPublish(messageId: number | undefined, message: OutgoingMessage, dup: boolean): void {
    this.#options.onSent?.(message);
    const { topic, payload, qos, retain, expiry } = message;
    const properties = expiry === 0 ? {} : { properties: { messageExpiryInterval: expiry } };
    this.#send({
      cmd: 'publish',
      topic,
      payload,
      qos,
      retain,
      dup,
      ...(messageId === undefined ? {} : { messageId }),
      ...properties,
    });
  }

  #send(packet: Packet): void {
    this.#socket?.write(generate(packet, VERSION));
  }
}
