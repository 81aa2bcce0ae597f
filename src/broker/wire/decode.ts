/**
 * One complete frame → one packet, or why not. PUBLISH and the acknowledgements are read in place (the hot path); the
 * others are guarded here (bounds, UTF-8, properties: what mqtt-packet does not check) and then parsed by mqtt-packet.
 */
import { type Packet as ParsedPacket, parser } from 'mqtt-packet';
import type { QoS } from '../../core/message.js';
import type { Subscription } from '../../core/router.js';
import { topicNameFault } from '../../core/topic.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import type { AcknowledgementPacket, Packet, ProtocolVersion, PublishPacket, WillFields } from './packets.js';
import { PacketType } from './packets.js';
import { type Properties, readProperties } from './properties.js';
import { Reader } from './reader.js';

const PINGREQ: Packet = { type: 'pingreq' };
const NO_PROPERTIES: Properties = {};
const NO_IDENTIFIERS: readonly number[] = [];

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
        return this.#connect(frame);
      case PacketType.subscribe:
        return this.#subscribe(frame);
      case PacketType.unsubscribe:
        return this.#unsubscribe(frame);
      case PacketType.disconnect:
        return this.#disconnect(frame);
      default:
        return new Refusal(ReasonCode.protocolError, 'a packet that was not agreed on or that only a server sends');
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
    if ((topic !== '' || properties?.topicAlias === undefined) && topicNameFault(topic) !== undefined) {
      return new Refusal(ReasonCode.topicNameInvalid, 'the Topic Name is empty or contains a wildcard');
    }
    const retain = (flags & 0x01) !== 0;
    return { type: 'publish', topic, payload, qos: qos as QoS, retain, dup, packetIdentifier, properties };
  }

  #acknowledgement(type: AcknowledgementPacket['type']): AcknowledgementPacket | Refusal {
    const reader = this.#reader;
    const packetIdentifier = this.#packetIdentifier();
    let reasonCode: number = ReasonCode.success;
    if (this.#version === 5 && reader.remaining > 0) {
      reasonCode = reader.byte();
      if (reader.remaining > 0) readProperties(reader, 'acknowledgement');
    }
    reader.expectEnd();
    return reader.fault ?? { type, packetIdentifier, reasonCode };
  }

  #connect(frame: Buffer): Packet | Refusal {
    const reader = this.#reader;
    const name = reader.binary().toString('latin1');
    const level = reader.byte();
    if (reader.fault !== undefined) return reader.fault;
    const isBridge = level === 0x83 || level === 0x84;
    const version = isBridge ? level - 0x80 : level;
    const known = (name === 'MQTT' && (version === 4 || version === 5)) || (name === 'MQIsdp' && version === 3);
    this.#version = known ? (version as ProtocolVersion) : version > 4 ? 5 : 4;
    if (!known)
      return new Refusal(ReasonCode.unsupportedProtocolVersion, 'the protocol version is not 3.1, 3.1.1 or 5.0');
    const isVersion5 = version === 5;
    const flags = reader.byte();
    const has = (bit: number) => (flags & bit) !== 0;
    reader.uint16();
    const properties = isVersion5 ? readProperties(reader, 'connect') : undefined;
    reader.string();
    let willProperties: Properties | undefined;
    if (has(0x04)) {
      if (isVersion5) willProperties = readProperties(reader, 'will');
      const topic = reader.string();
      reader.binary();
      if ((flags & 0x18) === 0x18) reader.refuse(ReasonCode.malformedPacket, 'Will QoS 3');
      if (reader.fault === undefined && topicNameFault(topic) !== undefined) {
        reader.refuse(ReasonCode.topicNameInvalid, 'the Will Topic is empty or contains a wildcard');
      }
    }
    const username = has(0x80) ? reader.string() : undefined;
    if (has(0x40) && !isVersion5 && !has(0x80)) {
      reader.refuse(ReasonCode.malformedPacket, 'a password without a user name');
    }
    const password = has(0x40) ? reader.binary() : undefined;
    reader.expectEnd();
    const packet = reader.fault ?? parse(frame, this.#version);
    if (packet instanceof Refusal) return packet;
    if (packet.cmd !== 'connect') return notAsGuarded();
    return {
      type: 'connect',
      protocolVersion: this.#version,
      isBridge,
      clientId: packet.clientId,
      cleanStart: packet.clean ?? false,
      keepAlive: packet.keepalive ?? 0,
      will: packet.will === undefined ? undefined : willFields(packet.will, willProperties),
      username,
      password,
      properties: properties ?? NO_PROPERTIES,
    };
  }

  #subscribe(frame: Buffer): Packet | Refusal {
    const reader = this.#reader;
    const packetIdentifier = this.#packetIdentifier();
    const properties = this.#version === 5 ? readProperties(reader, 'subscribe') : undefined;
    if (reader.remaining === 0) reader.refuse(ReasonCode.protocolError, 'SUBSCRIBE without a Topic Filter');
    while (reader.remaining > 0) {
      reader.string();
      reader.byte();
    }
    const packet = reader.fault ?? parse(frame, this.#version);
    if (packet instanceof Refusal) return packet;
    if (packet.cmd !== 'subscribe') return notAsGuarded();
    const identifier = properties?.subscriptionIdentifier;
    const identifiers = identifier === undefined ? NO_IDENTIFIERS : [identifier];
    const subscriptions = packet.subscriptions.map(
      (subscription): Subscription => ({
        filter: subscription.topic,
        qos: subscription.qos,
        noLocal: subscription.nl ?? false,
        retainAsPublished: subscription.rap ?? false,
        retainHandling: (subscription.rh ?? 0) as Subscription['retainHandling'],
        identifiers,
      }),
    );
    return { type: 'subscribe', packetIdentifier, subscriptions };
  }

  #unsubscribe(frame: Buffer): Packet | Refusal {
    const reader = this.#reader;
    const packetIdentifier = this.#packetIdentifier();
    if (this.#version === 5) readProperties(reader, 'unsubscribe');
    if (reader.remaining === 0) reader.refuse(ReasonCode.protocolError, 'UNSUBSCRIBE without a Topic Filter');
    while (reader.remaining > 0) reader.string();
    const packet = reader.fault ?? parse(frame, this.#version);
    if (packet instanceof Refusal) return packet;
    if (packet.cmd !== 'unsubscribe') return notAsGuarded();
    return { type: 'unsubscribe', packetIdentifier, filters: packet.unsubscriptions };
  }

  #disconnect(frame: Buffer): Packet | Refusal {
    const reader = this.#reader;
    let properties: Properties | undefined;
    if (this.#version === 5 && reader.remaining > 0) {
      reader.byte();
      if (reader.remaining > 0) properties = readProperties(reader, 'disconnect');
    }
    reader.expectEnd();
    const packet = reader.fault ?? parse(frame, this.#version);
    if (packet instanceof Refusal) return packet;
    if (packet.cmd !== 'disconnect') return notAsGuarded();
    const reasonCode = packet.reasonCode ?? ReasonCode.success;
    return { type: 'disconnect', reasonCode, sessionExpiryInterval: properties?.sessionExpiryInterval };
  }

  #packetIdentifier(): number {
    const packetIdentifier = this.#reader.uint16();
    if (packetIdentifier === 0) this.#reader.refuse(ReasonCode.protocolError, 'Packet Identifier 0');
    return packetIdentifier;
  }
}

function willFields(
  will: { topic: string; payload: Buffer | string; qos?: QoS; retain?: boolean },
  properties: Properties | undefined,
): WillFields {
  const { topic, payload, qos = 0, retain = false } = will;
  const { correlationData } = properties ?? NO_PROPERTIES;
  return {
    topic,
    payload: Buffer.from(payload),
    qos,
    retain,
    // Kept as long as the connection, so no view of CONNECT, which may hold a password.
    properties: {
      ...properties,
      ...(correlationData !== undefined && { correlationData: Buffer.from(correlationData) }),
    },
  };
}

/** A new parser for each packet: it keeps what it parsed last, which for CONNECT would be the password. */
function parse(frame: Buffer, protocolVersion: ProtocolVersion | undefined): ParsedPacket | Refusal {
  let result: ParsedPacket | Refusal | undefined;
  const one = parser({ protocolVersion });
  one.on('packet', (packet) => {
    result ??= packet;
  });
  one.on('error', (error: unknown) => {
    result ??= new Refusal(ReasonCode.malformedPacket, error instanceof Error ? error.message : 'malformed packet');
  });
  try {
    one.parse(frame);
  } catch {
    return notAsGuarded();
  }
  return result ?? notAsGuarded();
}

function notAsGuarded(): Refusal {
  return new Refusal(ReasonCode.malformedPacket, 'the packet could not be parsed');
}
