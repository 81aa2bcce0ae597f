/** Packets a client sends → bytes, all but PUBLISH (publish.ts) and acknowledgements (encode-acknowledgement.ts). */
import { PacketBody } from './packet-body.js';
import { PacketType, type ProtocolVersion } from './packets.js';
import type { Properties } from './properties.js';

/** Bit 7 of the protocol level: another broker as a client, a custom begun by Mosquitto. */
const BRIDGE = 0x80;

export const PINGREQ: Buffer = Buffer.from([PacketType.pingreq << 4, 0]);

export interface ConnectFields {
  readonly version: Exclude<ProtocolVersion, 3>;
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

export function encodeConnect(fields: ConnectFields): Buffer {
  const { version, will, username, password } = fields;
  const flags =
    (fields.cleanStart ? 0x02 : 0) |
    (will === undefined ? 0 : 0x24 | (will.qos << 3)) |
    (password === undefined ? 0 : 0x40) |
    (username === undefined ? 0 : 0x80);
  const level = version === 4 && fields.isBridge ? version | BRIDGE : version;
  const body = new PacketBody().string('MQTT').byte(level).byte(flags).uint16(fields.keepAlive);
  if (version === 5) {
    const { sessionExpiryInterval, receiveMaximum, maximumPacketSize, topicAliasMaximum, userProperties } = fields;
    const limits = { receiveMaximum, maximumPacketSize, topicAliasMaximum };
    body.properties({ sessionExpiryInterval, ...limits, userProperties });
  }
  body.string(fields.clientId);
  if (will !== undefined) {
    if (version === 5) body.properties({});
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
  /** 5.0 only. */
  readonly userProperties?: Properties['userProperties'];
}

/** One filter; Retain As Published, and the retained messages at once (5.0 §3.8.3.1). */
export function encodeSubscribe(
  version: ProtocolVersion,
  packetIdentifier: number,
  filter: string,
  { qos, noLocal, onlyNew = false, userProperties }: SubscribeOptions,
): Buffer {
  const body = new PacketBody().uint16(packetIdentifier);
  if (version === 5) body.properties(userProperties === undefined ? {} : { userProperties });
  const options = version === 5 ? qos | (noLocal ? 0x04 : 0) | 0x08 | (onlyNew ? 0x10 : 0) : qos;
  return body
    .string(filter)
    .byte(options)
    .packet((PacketType.subscribe << 4) | 0x02);
}

export function encodeUnsubscribe(version: ProtocolVersion, packetIdentifier: number, filter: string): Buffer {
  const body = new PacketBody().uint16(packetIdentifier);
  if (version === 5) body.properties({});
  return body.string(filter).packet((PacketType.unsubscribe << 4) | 0x02);
}

/** @param reasonCode - 5.0 only; 3.1.1 knows one DISCONNECT */
export function encodeClientDisconnect(version: ProtocolVersion, reasonCode: number): Buffer {
  const body = new PacketBody();
  if (version === 5 && reasonCode !== 0) body.byte(reasonCode);
  return body.packet(PacketType.disconnect << 4);
}
