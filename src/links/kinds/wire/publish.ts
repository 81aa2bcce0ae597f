/** PUBLISH as a client sends it: its size, and its bytes, written in place. */
import type { PublishProperties } from '../../../core/message.js';
import { publishPropertiesLength, writePublishProperties } from '../../../core/mqtt/publish-properties.js';
import { variableLength, writeVariable } from '../../../core/mqtt/variable-byte-integer.js';
import type { Outgoing } from '../../far-side.js';
import { PacketType, type ProtocolVersion } from './packets.js';

const NO_IDENTIFIERS: readonly number[] = [];
/** Of a string or binary data: its length takes two bytes (§1.5.4, §1.5.6). */
const MAX_FIELD_BYTES = 0xffff;
/** Of the Remaining Length: it takes four bytes (§2.1.4). */
const MAX_REMAINING_LENGTH = 268_435_455;
/** Message Expiry Interval: 0 would be "none" here, and is never what is left of a message that is sent. */
const MAX_EXPIRY = 0xffff_ffff;

function expiryOf({ expirySeconds }: Outgoing): number {
  return expirySeconds === undefined ? 0 : Math.min(MAX_EXPIRY, Math.max(1, expirySeconds));
}

/**
 * Bytes behind the Fixed Header.
 *
 * @param alias - Topic Alias to set; negative: one that is set and stands for the topic; 0: none
 */
export function remainingLength(message: Outgoing, version: ProtocolVersion, alias: number): number {
  const { topic, payload, qos, properties } = message;
  const length = 2 + (alias < 0 ? 0 : Buffer.byteLength(topic)) + (qos > 0 ? 2 : 0) + payload.length;
  if (version < 5) return length;
  const bytes = publishPropertiesLength(properties, expiryOf(message), alias, NO_IDENTIFIERS);
  return length + variableLength(bytes) + bytes;
}

/** Of the whole packet, to be compared with the Maximum Packet Size of the far side (§3.2.2.3.6). */
export function packetBytes(remaining: number): number {
  return 1 + variableLength(remaining) + remaining;
}

/**
 * Writes everything but the payload; `alias` as in {@link remainingLength}.
 *
 * @param remaining - of {@link remainingLength}
 * @returns offset behind it
 */
export function writePublishHead(
  bytes: Buffer,
  start: number,
  message: Outgoing,
  version: ProtocolVersion,
  alias: number,
  remaining: number,
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
  at = writeVariable(bytes, publishPropertiesLength(properties, expiry, alias, NO_IDENTIFIERS), at);
  return writePublishProperties(bytes, at, properties, expiry, alias, NO_IDENTIFIERS);
}

/** @returns what no packet of MQTT can hold of this message; undefined: it can be written */
export function encodingFault(message: Outgoing, version: ProtocolVersion): string | undefined {
  if (isTooLong(message.topic)) return fault('a topic', message.topic);
  const part = version === 5 && message.properties !== undefined ? longProperty(message.properties) : undefined;
  if (part !== undefined) return part;
  // A Topic Alias takes three bytes.
  const remaining = remainingLength(message, version, 0) + 3;
  if (remaining <= MAX_REMAINING_LENGTH) return undefined;
  return `it would be a packet of ${packetBytes(remaining)} bytes, and MQTT knows none larger than 256 MB`;
}

function longProperty(properties: PublishProperties): string | undefined {
  const { contentType, responseTopic, correlationData, userProperties } = properties;
  if (contentType !== undefined && isTooLong(contentType)) return fault('a Content Type', contentType);
  if (responseTopic !== undefined && isTooLong(responseTopic)) return fault('a Response Topic', responseTopic);
  if (correlationData !== undefined && correlationData.length > MAX_FIELD_BYTES) {
    return fault('Correlation Data', correlationData);
  }
  if (userProperties === undefined) return undefined;
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
