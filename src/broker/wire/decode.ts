/** One complete frame → one packet, or why not. Bounds, UTF-8, properties, flags and Reason Codes are checked here. */
import type { QoS } from '../../core/message.js';
import { Reader } from '../../core/mqtt/reader.js';
import { topicNameFault } from '../../core/topic.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import { readConnect, readProtocol } from './decode-connect.js';
import { readSubscribe, readUnsubscribe } from './decode-subscribe.js';
import type { AcknowledgementPacket, Packet, ProtocolVersion, PublishPacket } from './packets.js';
import { PacketType } from './packets.js';
import { type Properties, readProperties } from './properties.js';
import { allowedReasonCodes } from './reason-code-sets.js';

const PINGREQ: Packet = { type: 'pingreq' };

export class Decoder {
  readonly #reader = new Reader();
  #version: ProtocolVersion | undefined;

  /** As the last CONNECT said, also when it was refused later; undefined before. An unknown version counts as the nearest known. */
  get protocolVersion(): ProtocolVersion | undefined {
    return this.#version;
  }

  /**
   * @param frame - one control packet, complete; fixed header already checked
   * @param body - offset of the variable header in `frame`
   */
  decode(frame: Buffer, body: number): Packet | Refusal {
    const reader = this.#reader;
    reader.reset(frame, body);
    const type = frame[0]! >> 4;
    switch (type) {
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
      case PacketType.pingreq:
        reader.expectEnd();
        return reader.fault ?? PINGREQ;
      case PacketType.connect:
        return this.#connect();
      case PacketType.subscribe:
        return readSubscribe(reader, this.#packetIdentifier(), this.#version);
      case PacketType.unsubscribe:
        return readUnsubscribe(reader, this.#packetIdentifier(), this.#version);
      case PacketType.disconnect:
        return this.#disconnect();
      case PacketType.auth:
        return this.#auth();
      default:
        return new Refusal(ReasonCode.protocolError, 'a packet that only a server sends');
    }
  }

  #publish(flags: number): PublishPacket | Refusal {
    const reader = this.#reader;
    const qos = (flags >> 1) & 0x03;
    const dup = (flags & 0x08) !== 0;
    if (qos === 3) return new Refusal(ReasonCode.malformedPacket, 'PUBLISH with QoS 3');
    if (dup && qos === 0) return new Refusal(ReasonCode.malformedPacket, 'PUBLISH of QoS 0 with DUP');
    const topic = reader.string();
    const packetIdentifier = qos === 0 ? 0 : this.#packetIdentifier();
    const properties = this.#version === 5 ? readProperties(reader, 'publish') : undefined;
    const payload = reader.rest();
    if (reader.fault !== undefined) return reader.fault;
    if (topic === '') {
      // §3.3.2.1: without an alias to stand for it.
      if (properties?.topicAlias === undefined) return new Refusal(ReasonCode.protocolError, 'the Topic Name is empty');
    } else if (topicNameFault(topic) !== undefined) {
      return new Refusal(ReasonCode.topicNameInvalid, 'the Topic Name contains a wildcard');
    }
    const retain = (flags & 0x01) !== 0;
    return { type: 'publish', topic, payload, qos: qos as QoS, retain, dup, packetIdentifier, properties };
  }

  #acknowledgement(type: AcknowledgementPacket['type']): AcknowledgementPacket | Refusal {
    const reader = this.#reader;
    const packetIdentifier = this.#packetIdentifier();
    let reasonCode: number = ReasonCode.success;
    if (this.#version === 5 && reader.remaining > 0) {
      reasonCode = this.#reasonCode(type);
      if (reader.remaining > 0) readProperties(reader, 'acknowledgement');
    }
    reader.expectEnd();
    return reader.fault ?? { type, packetIdentifier, reasonCode };
  }

  #connect(): Packet | Refusal {
    const protocol = readProtocol(this.#reader);
    if (this.#reader.fault === undefined) this.#version = protocol.version;
    return readConnect(this.#reader, protocol);
  }

  #disconnect(): Packet | Refusal {
    const reader = this.#reader;
    let reasonCode: number = ReasonCode.success;
    let properties: Properties | undefined;
    if (this.#version === 5 && reader.remaining > 0) {
      reasonCode = this.#reasonCode('disconnect');
      if (reader.remaining > 0) properties = readProperties(reader, 'disconnect');
    }
    reader.expectEnd();
    const sessionExpiryInterval = properties?.sessionExpiryInterval;
    return reader.fault ?? { type: 'disconnect', reasonCode, sessionExpiryInterval };
  }

  #auth(): Packet | Refusal {
    const reader = this.#reader;
    if (this.#version !== 5) return new Refusal(ReasonCode.protocolError, 'AUTH before MQTT 5.0');
    const reasonCode = reader.remaining === 0 ? ReasonCode.success : this.#reasonCode('auth');
    const properties = reader.remaining > 0 ? readProperties(reader, 'auth') : undefined;
    reader.expectEnd();
    if (reader.fault !== undefined) return reader.fault;
    if (reasonCode === ReasonCode.success || properties?.authenticationMethod === undefined) {
      return new Refusal(
        ReasonCode.protocolError,
        'AUTH without a Reason Code of a client or an Authentication Method',
      );
    }
    const { authenticationMethod, authenticationData } = properties;
    return { type: 'auth', reasonCode, authenticationMethod, authenticationData };
  }

  #reasonCode(type: keyof typeof allowedReasonCodes): number {
    const reasonCode = this.#reader.byte();
    if (this.#reader.fault === undefined && !allowedReasonCodes[type].has(reasonCode)) {
      this.#reader.refuse(ReasonCode.protocolError, 'a Reason Code that this packet cannot have');
    }
    return reasonCode;
  }

  #packetIdentifier(): number {
    const packetIdentifier = this.#reader.uint16();
    if (packetIdentifier === 0) this.#reader.refuse(ReasonCode.protocolError, 'Packet Identifier 0');
    return packetIdentifier;
  }
}
