/** PUBLISH as either side sends it: its size, and its bytes, written in place. */
import type { PublishProperties, QoS } from '../message.js';
import { PacketType, type ProtocolVersion } from './packets.js';
import { MAX_USER_PROPERTIES } from './properties.js';
import { publishPropertiesLength, writePublishProperties } from './publish-properties.js';
import { variableLength, writeVariable } from './variable-byte-integer.js';

/** What of a message its PUBLISH says. */
export interface PublishFields {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  /** Without a meaning for QoS 0. */
  readonly packetId: number;
  readonly properties: PublishProperties | undefined;
  /** Message Expiry Interval that is left, s: never less than 1 is sent (§3.3.2.3.3). */
  readonly expirySeconds: number | undefined;
}

const NO_IDENTIFIERS: readonly number[] = [];
/** Of a string or binary data: its length takes two bytes (§1.5.4, §1.5.6). */
const MAX_FIELD_BYTES = 0xffff;
/** Of the Remaining Length: it takes four bytes (§2.1.4). */
const MAX_REMAINING_LENGTH = 268_435_455;
/** Message Expiry Interval; 0 stands for none here. */
const MAX_EXPIRY = 0xffff_ffff;

function expiryOf({ expirySeconds }: PublishFields): number {
  return expirySeconds === undefined ? 0 : Math.min(MAX_EXPIRY, Math.max(1, expirySeconds));
}

/**
 * Bytes behind the Fixed Header.
 *
 * @param alias - Topic Alias to set; negative: one that is set and stands for the topic; 0: none. Version 5 only
 * @param identifiers - Subscription Identifiers, of a server; version 5 only
 */
export function remainingLength(
  message: PublishFields,
  version: ProtocolVersion,
  alias: number,
  identifiers: readonly number[] = NO_IDENTIFIERS,
): number {
  const { topic, payload, qos, properties } = message;
  const length = 2 + (alias < 0 ? 0 : Buffer.byteLength(topic)) + (qos > 0 ? 2 : 0) + payload.length;
  if (version < 5) return length;
  const bytes = publishPropertiesLength(properties, expiryOf(message), alias, identifiers);
  return length + variableLength(bytes) + bytes;
}

/** Of the whole packet, to be compared with the Maximum Packet Size of the other side (§3.1.2.11.4, §3.2.2.3.6). */
export function packetBytes(remaining: number): number {
  return 1 + variableLength(remaining) + remaining;
}

/**
 * Writes everything but the payload; `alias` and `identifiers` as in {@link remainingLength}.
 *
 * @param remaining - of {@link remainingLength}
 * @returns offset behind it
 */
export function writePublishHead(
  bytes: Buffer,
  start: number,
  message: PublishFields,
  version: ProtocolVersion,
  alias: number,
  remaining: number,
  identifiers: readonly number[] = NO_IDENTIFIERS,
): number {
  const { qos, retain, dup, packetId, properties } = message;
  const topic = alias < 0 ? '' : message.topic;
  bytes[start] = (PacketType.publish << 4) | (dup && qos > 0 ? 0x08 : 0) | (qos << 1) | (retain ? 0x01 : 0);
  let at = writeVariable(bytes, remaining, start + 1);
  const written = bytes.write(topic, at + 2);
  bytes[at] = written >> 8;
  bytes[at + 1] = written & 0xff;
  at += 2 + written;
  if (qos > 0) {
    bytes[at++] = packetId >> 8;
    bytes[at++] = packetId & 0xff;
  }
  if (version < 5) return at;
  const expiry = expiryOf(message);
  at = writeVariable(bytes, publishPropertiesLength(properties, expiry, alias, identifiers), at);
  return writePublishProperties(bytes, at, properties, expiry, alias, identifiers);
}

/** @returns what no packet of MQTT can hold of this message, or none here; undefined: it can be written */
export function encodingFault(message: PublishFields, version: ProtocolVersion): string | undefined {
  if (isTooLong(message.topic)) return fault('a topic', message.topic);
  const part = version === 5 && message.properties !== undefined ? propertiesFault(message.properties) : undefined;
  if (part !== undefined) return part;
  // A Topic Alias takes three bytes.
  const remaining = remainingLength(message, version, 0) + 3;
  if (remaining <= MAX_REMAINING_LENGTH) return undefined;
  return `it would be a packet of ${packetBytes(remaining)} bytes, and MQTT knows none larger than 256 MB`;
}

/** @returns what no packet of MQTT can hold of them, or none here; undefined: they can be written */
export function propertiesFault(properties: PublishProperties): string | undefined {
  const { contentType, responseTopic, correlationData, userProperties } = properties;
  if (contentType !== undefined && isTooLong(contentType)) return fault('a Content Type', contentType);
  if (responseTopic !== undefined && isTooLong(responseTopic)) return fault('a Response Topic', responseTopic);
  if (correlationData !== undefined && correlationData.length > MAX_FIELD_BYTES) {
    return fault('Correlation Data', correlationData);
  }
  if (userProperties === undefined) return undefined;
  if (userProperties.length > MAX_USER_PROPERTIES) {
    return `${userProperties.length} User Properties are more than the ${MAX_USER_PROPERTIES} that are allowed here`;
  }
  for (const [name, value] of userProperties) {
    if (isTooLong(name)) return fault('a User Property with a name', name);
    if (isTooLong(value)) return fault('a User Property', value);
  }
  return undefined;
}

/** A code unit takes three bytes at most. */
function isTooLong(text: string): boolean {
  return text.length * 3 > MAX_FIELD_BYTES && Buffer.byteLength(text) > MAX_FIELD_BYTES;
}

function fault(what: string, value: string | Buffer): string {
  return `${what} of ${Buffer.byteLength(value)} bytes is longer than the ${MAX_FIELD_BYTES} that MQTT allows`;
}
