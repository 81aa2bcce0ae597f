/** PUBLISH as a server sends it: encoded once for all receivers of the same kind. */
import type { Message, QoS } from '../core/message.js';
import { bodyOf } from '../core/mqtt/fixed-header.js';
import type { ProtocolVersion } from '../core/mqtt/packets.js';
import { packetBytes, remainingLength, writePublishHead } from '../core/mqtt/publish.js';

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
  const { topic, payload, properties } = message;
  const { qos, retain, dup, alias, identifiers } = flags;
  const expirySeconds = remainingExpiry(message, flags.now);
  const fields = { topic, payload, qos, retain, dup, packetId: 0, properties, expirySeconds };
  const remaining = remainingLength(fields, version, alias, identifiers);
  const bytes = Buffer.allocUnsafe(packetBytes(remaining));
  payload.copy(bytes, writePublishHead(bytes, 0, fields, version, alias, remaining, identifiers));
  const body = bodyOf(bytes);
  const behindTopic = body + 2 + bytes.readUInt16BE(body);
  const aliasAt = alias === 0 ? 0 : firstPropertyAt(bytes, qos === 0 ? behindTopic : behindTopic + 2) + 1;
  return { bytes, identifierAt: qos === 0 ? 0 : behindTopic, aliasAt };
}

/** @param at - offset of the Property Length */
function firstPropertyAt(bytes: Buffer, at: number): number {
  let last = at;
  while (bytes[last]! >= 0x80) last++;
  return last + 1;
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

/** §3.3.2.3.3: what is left, whole seconds. */
function remainingExpiry(message: Message, now: number): number | undefined {
  return message.expiresAt === Infinity ? undefined : Math.ceil((message.expiresAt - now) / 1_000);
}
