/** PUBLISH as a client sends it: its size, and its bytes, written in place. */
import { publishPropertiesLength, writePublishProperties } from '../../../core/mqtt/publish-properties.js';
import { variableLength, writeVariable } from '../../../core/mqtt/variable-byte-integer.js';
import type { Outgoing } from '../../far-side.js';
import { PacketType, type ProtocolVersion } from './packets.js';

const NO_IDENTIFIERS: readonly number[] = [];
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
