/** PUBLISH as a server sends it: encoded once for all receivers of the same kind. */
import type { Message, QoS } from '../../core/message.js';
import { publishPropertiesLength, writePublishProperties } from '../../core/mqtt/publish-properties.js';
import { variableLength, writeVariable } from '../../core/mqtt/variable-byte-integer.js';
import { PacketType, type ProtocolVersion } from './packets.js';

/** A PUBLISH whose Packet Identifier is filled in when it is written, so that one encoding serves many receivers. */
export interface EncodedPublish {
  readonly bytes: Buffer;
  /** Offset of the Packet Identifier in `bytes`; 0: QoS 0 has none. */
  readonly identifierAt: number;
  /** Offset of the Topic Alias in `bytes`; 0: it has none. */
  readonly aliasAt: number;
}

export interface PublishFlags {
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  /** Subscription Identifiers; version 5 only. */
  readonly identifiers: readonly number[];
  /** Unix ms: the Message Expiry Interval sent is what remains at this time (§3.3.2.3.3). */
  readonly now: number;
  /** Topic Alias to set; negative: one that is set and stands for the topic; 0: none. Version 5 only. */
  readonly alias: number;
}

export function encodePublish(message: Message, version: ProtocolVersion, flags: PublishFlags): EncodedPublish {
  const topic = flags.alias < 0 ? '' : message.topic;
  const topicBytes = Buffer.byteLength(topic);
  const identifierBytes = flags.qos === 0 ? 0 : 2;
  const expiry = message.expiresAt === Infinity ? 0 : remainingExpiry(message, flags.now);
  const { properties } = message;
  const propertyBytes = version === 5 ? publishPropertiesLength(properties, expiry, flags.alias, flags.identifiers) : 0;
  const propertyLengthBytes = version === 5 ? variableLength(propertyBytes) : 0;
  const remaining = 2 + topicBytes + identifierBytes + propertyLengthBytes + propertyBytes + message.payload.length;
  const bytes = Buffer.allocUnsafe(1 + variableLength(remaining) + remaining);
  bytes[0] = (PacketType.publish << 4) | (flags.dup ? 0x08 : 0) | (flags.qos << 1) | (flags.retain ? 0x01 : 0);
  let at = writeVariable(bytes, remaining, 1);
  at = bytes.writeUInt16BE(topicBytes, at);
  at += bytes.write(topic, at);
  const identifierAt = flags.qos === 0 ? 0 : at;
  if (flags.qos > 0) at = bytes.writeUInt16BE(0, at);
  let aliasAt = 0;
  if (version === 5) {
    at = writeVariable(bytes, propertyBytes, at);
    if (flags.alias !== 0) aliasAt = at + 1;
    at = writePublishProperties(bytes, at, properties, expiry, flags.alias, flags.identifiers);
  }
  message.payload.copy(bytes, at);
  return { bytes, identifierAt, aliasAt };
}

/** Kinds of encoding: before 5.0, 5.0, 5.0 that sets an alias, 5.0 with an alias alone; each by QoS and RETAIN. */
const VARIANTS = 4 * 6;

/** Remembers the encodings of the newest message: a fan-out to many like receivers encodes once. */
export class PublishEncoder {
  #message: Message | undefined;
  readonly #variants = new Array<EncodedPublish | undefined>(VARIANTS).fill(undefined);

  /**
   * @param now - Unix ms; looked at only when the message expires
   * @param alias - {@link PublishFlags.alias}
   */
  encode(
    message: Message,
    version: ProtocolVersion,
    qos: QoS,
    retain: boolean,
    identifiers: readonly number[],
    now: number,
    alias: number,
  ): EncodedPublish {
    if (version === 5 && (identifiers.length > 0 || message.expiresAt !== Infinity)) {
      return encodePublish(message, version, { qos, retain, dup: false, identifiers, now, alias });
    }
    if (this.#message !== message) {
      this.#message = message;
      this.#variants.fill(undefined);
    }
    const kind = version < 5 ? 0 : alias === 0 ? 1 : alias > 0 ? 2 : 3;
    const variant = kind * 6 + qos * 2 + (retain ? 1 : 0);
    this.#variants[variant] ??= encodePublish(message, version, { qos, retain, dup: false, identifiers, now, alias });
    return alias === 0 ? this.#variants[variant] : withAlias(this.#variants[variant], Math.abs(alias));
  }
}

/** The same for a client that knows the topic by another number. */
function withAlias(encoded: EncodedPublish, alias: number): EncodedPublish {
  const { aliasAt, identifierAt } = encoded;
  if (encoded.bytes.readUInt16BE(aliasAt) === alias) return encoded;
  const bytes = Buffer.from(encoded.bytes);
  bytes.writeUInt16BE(alias, aliasAt);
  return { bytes, identifierAt, aliasAt };
}

/** §3.3.2.3.3: what is left, whole seconds, never less than 1 once the message is on its way. */
function remainingExpiry(message: Message, now: number): number {
  return Math.min(0xffff_ffff, Math.max(1, Math.ceil((message.expiresAt - now) / 1_000)));
}
