/** Control packets as a client sends them, all but PUBLISH. */
import { PropertyIdentifier } from '../../../core/mqtt/property-identifiers.js';
import { writeString } from '../../../core/mqtt/publish-properties.js';
import { variableLength, writeVariable } from '../../../core/mqtt/variable-byte-integer.js';
import { PacketType, type ProtocolVersion } from './packets.js';

/** Bit 7 of the protocol level: another broker as a client, a custom begun by Mosquitto. */
const BRIDGE = 0x80;

export const PINGREQ: Buffer = Buffer.from([PacketType.pingreq << 4, 0]);

export interface ConnectFields {
  readonly version: ProtocolVersion;
  /** Only with MQTT 3.1.1. */
  readonly isBridge: boolean;
  readonly clientId: string;
  /** Clean Session in 3.1.1. */
  readonly cleanStart: boolean;
  /** s */
  readonly keepAlive: number;
  /** Always retained. */
  readonly will: { readonly topic: string; readonly payload: string; readonly qos: number } | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** s; 5.0 only, as what follows. */
  readonly sessionExpiryInterval: number;
  readonly receiveMaximum: number;
  readonly maximumPacketSize: number;
  readonly topicAliasMaximum: number;
  readonly userProperties: readonly (readonly [name: string, value: string])[];
}

/** Puts bytes together; what is encoded here is small and rare. */
class Body {
  readonly #parts: Buffer[] = [];

  byte(value: number): this {
    this.#parts.push(Buffer.from([value]));
    return this;
  }

  uint16(value: number): this {
    return this.byte(value >> 8).byte(value & 0xff);
  }

  uint32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    this.#parts.push(bytes);
    return this;
  }

  string(text: string): this {
    const bytes = Buffer.alloc(2 + Buffer.byteLength(text));
    writeString(bytes, 0, text);
    this.#parts.push(bytes);
    return this;
  }

  /** With a length before it, as the properties of a packet. */
  properties(properties: Body): this {
    const bytes = Buffer.concat(properties.#parts);
    const length = Buffer.alloc(variableLength(bytes.length));
    writeVariable(length, bytes.length, 0);
    this.#parts.push(length, bytes);
    return this;
  }

  packet(first: number): Buffer {
    const body = Buffer.concat(this.#parts);
    const header = Buffer.alloc(1 + variableLength(body.length));
    header[0] = first;
    writeVariable(header, body.length, 1);
    return Buffer.concat([header, body]);
  }
}

export function encodeConnect(fields: ConnectFields): Buffer {
  const { version, will, username, password } = fields;
  const flags =
    (fields.cleanStart ? 0x02 : 0) |
    (will === undefined ? 0 : 0x24 | (will.qos << 3)) |
    (password === undefined ? 0 : 0x40) |
    (username === undefined ? 0 : 0x80);
  const level = version === 4 && fields.isBridge ? version | BRIDGE : version;
  const body = new Body().string('MQTT').byte(level).byte(flags).uint16(fields.keepAlive);
  if (version === 5) {
    const properties = new Body()
      .byte(PropertyIdentifier.sessionExpiryInterval)
      .uint32(fields.sessionExpiryInterval)
      .byte(PropertyIdentifier.receiveMaximum)
      .uint16(fields.receiveMaximum)
      .byte(PropertyIdentifier.maximumPacketSize)
      .uint32(fields.maximumPacketSize)
      .byte(PropertyIdentifier.topicAliasMaximum)
      .uint16(fields.topicAliasMaximum);
    for (const [name, value] of fields.userProperties) {
      properties.byte(PropertyIdentifier.userProperty).string(name).string(value);
    }
    body.properties(properties);
  }
  body.string(fields.clientId);
  if (will !== undefined) {
    if (version === 5) body.properties(new Body());
    body.string(will.topic).string(will.payload);
  }
  if (username !== undefined) body.string(username);
  if (password !== undefined) body.string(password);
  return body.packet(PacketType.connect << 4);
}

export interface SubscribeOptions {
  readonly qos: number;
  /** 5.0 only: do not send back what we publish. */
  readonly noLocal: boolean;
  /** Retain Handling 1 (MQTT 5.0 §3.8.3.1). */
  readonly onlyNew?: boolean;
}

/** One filter; Retain As Published, and the retained messages at once (5.0 §3.8.3.1). */
export function encodeSubscribe(
  version: ProtocolVersion,
  packetIdentifier: number,
  filter: string,
  { qos, noLocal, onlyNew = false }: SubscribeOptions,
): Buffer {
  const body = new Body().uint16(packetIdentifier);
  if (version === 5) body.properties(new Body());
  const options = version === 5 ? qos | (noLocal ? 0x04 : 0) | 0x08 | (onlyNew ? 0x10 : 0) : qos;
  return body
    .string(filter)
    .byte(options)
    .packet((PacketType.subscribe << 4) | 0x02);
}

export function encodeUnsubscribe(version: ProtocolVersion, packetIdentifier: number, filter: string): Buffer {
  const body = new Body().uint16(packetIdentifier);
  if (version === 5) body.properties(new Body());
  return body.string(filter).packet((PacketType.unsubscribe << 4) | 0x02);
}

/** @param reasonCode - 5.0 only; 3.1.1 knows one DISCONNECT */
export function encodeDisconnect(version: ProtocolVersion, reasonCode: number): Buffer {
  const body = new Body();
  if (version === 5 && reasonCode !== 0) body.byte(reasonCode);
  return body.packet(PacketType.disconnect << 4);
}

/** PUBREL or PUBCOMP that says more than success (5.0 §3.6.2.1, §3.7.2.1). */
export function encodeRefusal(type: 'pubrel' | 'pubcomp', packetIdentifier: number, reasonCode: number): Buffer {
  const first = type === 'pubrel' ? (PacketType.pubrel << 4) | 0x02 : PacketType.pubcomp << 4;
  return new Body().uint16(packetIdentifier).byte(reasonCode).packet(first);
}
