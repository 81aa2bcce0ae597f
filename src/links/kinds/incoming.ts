/**
 * Messages from the far side: each is given on once, and acknowledged when that is done, in the order they came
 * [MQTT-4.6.0-2] [MQTT-4.6.0-3].
 *
 *   PUBLISH ─▶ alias ─▶ held? ─▶ onMessage ─(promise)─▶ PUBACK, PUBREC ┄▶ PUBREL ─▶ PUBCOMP
 *
 * Rules: a message of QoS 2 is given on when it comes, and only its identifier is held until PUBREL; what waits for its
 * promise is bounded, because nothing more is read then. More than Receive Maximum is taken, too: Mosquitto 2.0 sends all it has
 * when it resumes a session, and a link that turns it away for that never comes up again.
 */
import type { QoS } from '../../core/message.js';
import { encodeAcknowledgement } from '../../core/mqtt/encode-acknowledgement.js';
import { IncomingTopicAliases } from '../../core/mqtt/incoming-topic-aliases.js';
import { messageProperties } from '../../core/mqtt/message-properties.js';
import { PacketType, type ProtocolVersion, type PublishPacket } from '../../core/mqtt/packets.js';
import { ReasonCode, type Refusal } from '../../core/mqtt/reason-codes.js';
import type { FarMemory } from '../far-memory.js';
import type { FarSideEvents } from '../far-side.js';
import type { Writer } from './writer.js';

/** Announced as Receive Maximum: messages of QoS 1 and 2 on their way at a time. */
export const RECEIVE_MAXIMUM = 256;
/** Announced as Topic Alias Maximum; bounds what a connection makes us remember. */
export const TOPIC_ALIAS_MAXIMUM = 64;
/** Messages, and bytes of them, that wait for their promise: with more nothing is read. */
const MAX_WAITING = 2_000;
const MAX_WAITING_BYTES = 32 * 1_048_576;
/** Bytes of answers that the far side does not read: with more of them nothing of it is read. */
const MAX_UNSENT_BYTES = 256 * 1024;
/** Payloads from which on a copy is worth being avoided, bytes: such a frame has its memory for itself. */
const LARGE_PAYLOAD = 64 * 1024;

/** A message that is given on; at QoS 1 and 2 its acknowledgement is due then. */
interface Due {
  readonly qos: QoS;
  readonly packetIdentifier: number;
  readonly bytes: number;
  isDone: boolean;
}

export interface IncomingOptions {
  readonly version: ProtocolVersion;
  readonly memory: FarMemory;
  readonly writer: Writer;
  readonly onMessage: FarSideEvents['onMessage'];
  /** A message could not be given on: it is not acknowledged, and will be sent again. */
  readonly onFailed: (error: unknown) => void;
  /** Too much waits (true), or no longer. */
  readonly onFlood: (isFlooded: boolean) => void;
}

export class IncomingMessages {
  readonly #options: IncomingOptions;
  readonly #aliases = new IncomingTopicAliases(TOPIC_ALIAS_MAXIMUM);
  /** In the order they came; those before the head are acknowledged. */
  #due: Due[] = [];
  #head = 0;
  /** Given on, and not done. */
  #waiting = 0;
  #waitingBytes = 0;
  /** Bytes of answers since the network took all there was. */
  #unsentBytes = 0;
  #isFlooded = false;
  #isOver = false;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /** The far side does not read what we answer. */
  get isUnheard(): boolean {
    return this.#unsentBytes > MAX_UNSENT_BYTES;
  }

  /** The network has taken what there was. */
  drained(): void {
    this.#unsentBytes = 0;
    this.#tellFlood();
  }

  /** @returns why the connection must end */
  publish(packet: PublishPacket): Refusal | undefined {
    const { qos, packetIdentifier, payload, properties } = packet;
    const { memory } = this.#options;
    const alias = properties?.topicAlias;
    const topic = alias === undefined ? packet.topic : this.#aliases.resolve(alias, packet.topic);
    if (typeof topic !== 'string') return topic;
    const isHeld = qos === 2 && memory.isHeld(packetIdentifier);
    const due = { qos, packetIdentifier, bytes: isHeld ? 0 : payload.length, isDone: false };
    if (qos > 0) this.#due.push(due);
    this.#waiting++;
    this.#waitingBytes += due.bytes;
    const given = isHeld ? memory.given(packetIdentifier) : this.#give(packet, topic);
    if (given === undefined) this.#done(due);
    else given.then(() => this.#done(due), this.#options.onFailed);
    this.#tellFlood();
    return undefined;
  }

  /** PUBREL: the far side has our PUBREC. */
  released(packetIdentifier: number): void {
    const { memory, writer, version } = this.#options;
    const committed = memory.release(packetIdentifier);
    if (committed === false && version === 5) {
      const packet = encodeAcknowledgement('pubcomp', packetIdentifier, version, ReasonCode.packetIdentifierNotFound);
      writer.write(packet);
      this.#answered(packet.length);
      return;
    }
    const complete = () => {
      if (!this.#isOver) this.#answer(PacketType.pubcomp, packetIdentifier);
    };
    // What could not be written now is written later: the release is not lost.
    if (committed === undefined || committed === false) complete();
    else committed.then(complete, complete);
  }

  /** The connection is over: nothing is acknowledged any more. */
  close(): void {
    this.#isOver = true;
    this.#due = [];
    this.#head = 0;
  }

  #give({ qos, packetIdentifier, payload, retain, properties }: PublishPacket, topic: string): Promise<void> {
    const { memory, onMessage } = this.#options;
    const isAlone = payload.length >= LARGE_PAYLOAD && payload.length * 2 > payload.buffer.byteLength;
    const given = onMessage({
      topic,
      payload: isAlone ? payload : Buffer.from(payload),
      qos,
      retain,
      properties: messageProperties(properties),
      expirySeconds: properties?.messageExpiryInterval,
      ...(qos === 2 ? { keep: memory.keeper(packetIdentifier) } : {}),
    });
    if (qos === 2) memory.hold(packetIdentifier, given);
    return given;
  }

  /** Acknowledges all from the head on that are done. */
  #done(due: Due): void {
    due.isDone = true;
    this.#waiting--;
    this.#waitingBytes -= due.bytes;
    if (this.#isOver) return;
    for (let next = this.#due[this.#head]; next?.isDone; next = this.#due[++this.#head]) {
      this.#answer(next.qos === 1 ? PacketType.puback : PacketType.pubrec, next.packetIdentifier);
    }
    if (this.#head === this.#due.length) {
      this.#due = [];
      this.#head = 0;
    } else if (this.#head > 1_024 && this.#head * 2 > this.#due.length) {
      this.#due = this.#due.slice(this.#head);
      this.#head = 0;
    }
    this.#tellFlood();
  }

  #answer(type: number, packetIdentifier: number): void {
    this.#options.writer.write4(type << 4, packetIdentifier);
    this.#answered(4);
  }

  #answered(bytes: number): void {
    this.#unsentBytes = this.#options.writer.isWritable ? 0 : this.#unsentBytes + bytes;
    if (this.isUnheard !== this.#isFlooded) this.#tellFlood();
  }

  #tellFlood(): void {
    const share = this.#isFlooded ? 0.5 : 1;
    const isFlooded =
      this.isUnheard || this.#waiting > MAX_WAITING * share || this.#waitingBytes > MAX_WAITING_BYTES * share;
    if (isFlooded === this.#isFlooded) return;
    this.#isFlooded = isFlooded;
    this.#options.onFlood(isFlooded);
  }
}
