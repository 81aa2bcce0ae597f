/** CONNECT (MQTT 5.0 §3.1, 3.1.1 §3.1): its flags must agree with what follows them. */
import type { QoS } from '../message.js';
import { topicNameFault } from '../topic.js';
import type { ConnectPacket, ProtocolVersion, WillFields } from './packets.js';
import type { Properties } from './properties.js';
import { readProperties } from './read-properties.js';
import type { Reader } from './reader.js';
import { ReasonCode, Refusal } from './reason-codes.js';

const NO_PROPERTIES: Properties = {};

/** Connect Flags (§3.1.2.3). */
const Flag = {
  reserved: 0x01,
  cleanStart: 0x02,
  will: 0x04,
  willRetain: 0x20,
  password: 0x40,
  username: 0x80,
} as const;
const WILL_QOS_SHIFT = 3;

export interface Protocol {
  /** The nearest known where `isKnown` is false: the client has to be told in some version. */
  readonly version: ProtocolVersion;
  readonly isKnown: boolean;
  /** {@link ConnectPacket.isBridge} */
  readonly isBridge: boolean;
}

/** Protocol Name and Protocol Version, the first fields of CONNECT. */
export function readProtocol(reader: Reader): Protocol {
  const name = reader.binary().toString('latin1');
  const level = reader.byte();
  const isBridge = level === 0x83 || level === 0x84;
  const version = isBridge ? level - 0x80 : level;
  const isKnown = (name === 'MQTT' && (version === 4 || version === 5)) || (name === 'MQIsdp' && version === 3);
  return { version: isKnown ? (version as ProtocolVersion) : version > 4 ? 5 : 4, isKnown, isBridge };
}

/** The rest of CONNECT. 3.1 limits a Client Identifier to 23 characters; nobody keeps to that, so neither does this. */
export function readConnect(reader: Reader, { version, isKnown, isBridge }: Protocol): ConnectPacket | Refusal {
  if (reader.fault !== undefined) return reader.fault;
  if (!isKnown) {
    return new Refusal(ReasonCode.unsupportedProtocolVersion, 'the protocol version is not 3.1, 3.1.1 or 5.0');
  }
  const flags = reader.byte();
  checkFlags(reader, flags, version);
  const keepAlive = reader.uint16();
  const properties = version === 5 ? readProperties(reader, 'connect', 'client') : undefined;
  const clientId = reader.string();
  const will = (flags & Flag.will) === 0 ? undefined : readWill(reader, flags, version);
  const username = (flags & Flag.username) === 0 ? undefined : reader.string();
  const password = (flags & Flag.password) === 0 ? undefined : reader.binary();
  reader.expectEnd();
  if (reader.fault !== undefined) return reader.fault;
  return {
    type: 'connect',
    protocolVersion: version,
    isBridge,
    clientId,
    cleanStart: (flags & Flag.cleanStart) !== 0,
    keepAlive,
    will,
    username,
    password,
    properties: properties ?? NO_PROPERTIES,
  };
}

function checkFlags(reader: Reader, flags: number, version: ProtocolVersion): void {
  const has = (flag: number) => (flags & flag) !== 0;
  // 3.1 leaves the bit open [MQTT-3.1.2-3].
  if (has(Flag.reserved) && version > 3) reader.refuse(ReasonCode.malformedPacket, 'the reserved Connect Flag is set');
  const willQos = (flags >> WILL_QOS_SHIFT) & 0x03;
  if (willQos === 3) reader.refuse(ReasonCode.malformedPacket, 'Will QoS 3');
  // [MQTT-3.1.2-11] [MQTT-3.1.2-13]; 3.1.1: [MQTT-3.1.2-11] [MQTT-3.1.2-15].
  if (!has(Flag.will) && (willQos > 0 || has(Flag.willRetain))) {
    reader.refuse(ReasonCode.malformedPacket, 'Will QoS or Will Retain without a Will');
  }
  // 3.1.1 [MQTT-3.1.2-22]; 5.0 allows it.
  if (has(Flag.password) && !has(Flag.username) && version < 5) {
    reader.refuse(ReasonCode.malformedPacket, 'a password without a user name');
  }
}

function readWill(reader: Reader, flags: number, version: ProtocolVersion): WillFields {
  const properties = version === 5 ? readProperties(reader, 'will', 'client') : undefined;
  const topic = reader.string();
  const payload = reader.binary();
  if (reader.fault === undefined && topicNameFault(topic) !== undefined) {
    reader.refuse(ReasonCode.topicNameInvalid, 'the Will Topic is empty or contains a wildcard');
  }
  const correlationData = properties?.correlationData;
  return {
    topic,
    payload: Buffer.from(payload),
    qos: ((flags >> WILL_QOS_SHIFT) & 0x03) as QoS,
    retain: (flags & Flag.willRetain) !== 0,
    // Kept as long as the connection, so no view of CONNECT, which may hold a password.
    properties: {
      ...properties,
      ...(correlationData !== undefined && { correlationData: Buffer.from(correlationData) }),
    },
  };
}
