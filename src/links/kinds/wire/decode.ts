/** One complete frame → one packet, or why not. Bounds, UTF-8, properties and flags are checked here. */
import type { QoS } from '../../../core/message.js';
import { Reader } from '../../../core/mqtt/reader.js';
import { ReasonCode, Refusal } from '../../../core/mqtt/reason-codes.js';
import { topicNameFault } from '../../../core/topic.js';
import {
  type AcknowledgementPacket,
  type Packet,
  PacketType,
  type ProtocolVersion,
  type PublishPacket,
  type SubscriptionAnswer,
} from './packets.js';
import { type Properties, readProperties } from './properties.js';

const PINGRESP: Packet = { type: 'pingresp' };
const NO_CODES = Buffer.alloc(0);

/** §2.1.3: the flag bits a server's packet must have; -1: no server may send it; 16: any (PUBLISH). */
const requiredFlags: readonly number[] = [-1, -1, 0, 16, 0, 0, 2, 0, -1, 0, -1, 0, -1, 0, 0, 0];

/** @returns what is wrong with the first byte of a packet */
export function firstByteFault(first: number, version: ProtocolVersion): Refusal | undefined {
  const required = requiredFlags[first >> 4]!;
  if (first >> 4 === 0) return new Refusal(ReasonCode.malformedPacket, 'a packet of the reserved type 0');
  if (required < 0) return new Refusal(ReasonCode.protocolError, 'a packet that only a client sends');
  if (required < 16 && (first & 0x0f) !== required) {
    return new Refusal(ReasonCode.malformedPacket, 'reserved flag bits are not as they must be');
  }
  const isNew = first >> 4 === PacketType.auth || first >> 4 === PacketType.disconnect;
  return isNew && version < 5
    ? new Refusal(ReasonCode.protocolError, 'a packet that MQTT 3.1.1 does not know')
    : undefined;
}

export class Decoder {
  readonly #reader = new Reader();
  readonly #version: ProtocolVersion;

  constructor(version: ProtocolVersion) {
    this.#version = version;
  }

  /**
   * @param frame - one control packet, complete; its first byte passed {@link firstByteFault}
   * @param body - offset of the variable header in `frame`
   */
  decode(frame: Buffer, body: number): Packet | Refusal {
    const reader = this.#reader;
    reader.reset(frame, body);
    switch (frame[0]! >> 4) {
      case PacketType.publish:
        return this.#publish(frame[0]!);
      case PacketType.puback:
        return this.#acknowledgement('puback');
      case PacketType.pubrec:
        return this.#acknowledgement('pubrec');
      case PacketType.pubrel:
        return this.#acknowledgement('pubrel');
      case PacketType.pubcomp:
        return this.#acknowledgement('pubcomp');
      case PacketType.suback:
        return this.#subscriptionAnswer('suback');
      case PacketType.unsuback:
        return this.#subscriptionAnswer('unsuback');
      case PacketType.connack:
        return this.#connack();
      case PacketType.disconnect:
        return this.#disconnect();
      case PacketType.pingresp:
        reader.expectEnd();
        return reader.fault ?? PINGRESP;
      default:
        return new Refusal(ReasonCode.protocolError, 'AUTH, which was not asked for');
    }
  }

  #publish(flags: number): PublishPacket | Refusal {
    const reader = this.#reader;
    const qos = (flags >> 1) & 0x03;
    if (qos === 3) return new Refusal(ReasonCode.malformedPacket, 'PUBLISH with QoS 3');
    const topic = reader.string();
    const packetIdentifier = qos === 0 ? 0 : this.#packetIdentifier();
    const properties = this.#version === 5 ? readProperties(reader, 'publish') : undefined;
    const payload = reader.rest();
    if (reader.fault !== undefined) return reader.fault;
    if (topic === '') {
      if (properties?.topicAlias === undefined) return new Refusal(ReasonCode.protocolError, 'an empty Topic Name');
    } else if (topicNameFault(topic) !== undefined) {
      return new Refusal(ReasonCode.topicNameInvalid, 'a PUBLISH whose topic is no legal Topic Name');
    }
    return {
      type: 'publish',
      topic,
      payload,
      qos: qos as QoS,
      retain: (flags & 0x01) !== 0,
      dup: (flags & 0x08) !== 0,
      packetIdentifier,
      properties,
    };
  }

  #acknowledgement(type: AcknowledgementPacket['type']): AcknowledgementPacket | Refusal {
    const reader = this.#reader;
    const packetIdentifier = this.#packetIdentifier();
    let reasonCode = 0;
    let properties: Properties | undefined;
    if (this.#version === 5 && reader.remaining > 0) {
      reasonCode = reader.byte();
      if (reader.remaining > 0) properties = readProperties(reader, 'acknowledgement');
    }
    reader.expectEnd();
    return reader.fault ?? { type, packetIdentifier, reasonCode, reasonString: properties?.reasonString };
  }

  #subscriptionAnswer(type: SubscriptionAnswer['type']): SubscriptionAnswer | Refusal {
    const reader = this.#reader;
    const packetIdentifier = this.#packetIdentifier();
    const properties = this.#version === 5 ? readProperties(reader, 'acknowledgement') : undefined;
    const hasCodes = type === 'suback' || this.#version === 5;
    // Copied: the frame is gone when the answer is looked at.
    const reasonCodes = hasCodes ? Buffer.from(reader.rest()) : NO_CODES;
    reader.expectEnd();
    return reader.fault ?? { type, packetIdentifier, reasonCodes, reasonString: properties?.reasonString };
  }

  #connack(): Packet | Refusal {
    const reader = this.#reader;
    const flags = reader.byte();
    if (flags > 1) reader.refuse(ReasonCode.malformedPacket, 'reserved bits in CONNACK');
    const reasonCode = reader.byte();
    // A server of an older protocol answers in its own form (§3.2.2.2), which has no properties.
    const isOld = this.#version === 5 && reader.remaining === 0;
    const properties = this.#version === 5 && !isOld ? readProperties(reader, 'connack') : undefined;
    reader.expectEnd();
    return reader.fault ?? { type: 'connack', sessionPresent: flags === 1, reasonCode, properties };
  }

  #disconnect(): Packet | Refusal {
    const reader = this.#reader;
    let reasonCode = 0;
    let properties: Properties | undefined;
    if (reader.remaining > 0) {
      reasonCode = reader.byte();
      if (reader.remaining > 0) properties = readProperties(reader, 'disconnect');
    }
    reader.expectEnd();
    const { reasonString, serverReference } = properties ?? {};
    return reader.fault ?? { type: 'disconnect', reasonCode, reasonString, serverReference };
  }

  #packetIdentifier(): number {
    const packetIdentifier = this.#reader.uint16();
    if (packetIdentifier === 0) this.#reader.refuse(ReasonCode.protocolError, 'Packet Identifier 0');
    return packetIdentifier;
  }
}
