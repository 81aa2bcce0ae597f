/**
 * A message as bytes, for the store: written in place, so that a batch of many costs one buffer.
 *
 *   version 1 │ flags │ receivedAt f64 │ [expiresAt f64] │ topic │ origin │ [properties] │ [stamp] │ payload to the end
 *
 * Texts have a length of two bytes before them, big-endian, as in MQTT; a longer origin is cut.
 */
import type { Message, Origin, PublishProperties, QoS, Stamp } from './message.js';

const VERSION = 1;
const RETAIN = 0x04;
const HAS_PROPERTIES = 0x08;
const EXPIRES = 0x10;
const HAS_STAMP = 0x20;

const FORMAT = 0x01;
const FORMAT_IS_TEXT = 0x02;
const RESPONSE_TOPIC = 0x04;
const CORRELATION_DATA = 0x08;
const CONTENT_TYPE = 0x10;
const USER_PROPERTIES = 0x20;

const MAX_TEXT_BYTES = 0xffff;

/** @returns an upper bound of the bytes that {@link writeMessageRecord} writes: texts count three bytes a character */
export function messageRecordRoom({ topic, origin, payload, properties, stamp }: Message): number {
  let bytes = 18 + 4 + 3 * (topic.length + origin.length) + payload.length;
  if (stamp !== undefined) bytes += stampRoom(stamp);
  if (properties === undefined) return bytes;
  const { responseTopic, correlationData, contentType, userProperties = [] } = properties;
  bytes += 9 + 3 * ((responseTopic?.length ?? 0) + (contentType?.length ?? 0)) + (correlationData?.length ?? 0);
  for (const [name, value] of userProperties) bytes += 4 + 3 * (name.length + value.length);
  return bytes;
}

/** @returns offset behind the record */
export function writeMessageRecord(bytes: Buffer, start: number, message: Message): number {
  const { properties, expiresAt } = message;
  const expires = expiresAt !== Number.POSITIVE_INFINITY;
  bytes[start] = VERSION;
  bytes[start + 1] =
    message.qos |
    (message.retain ? RETAIN : 0) |
    (properties === undefined ? 0 : HAS_PROPERTIES) |
    (expires ? EXPIRES : 0) |
    (message.stamp === undefined ? 0 : HAS_STAMP);
  let at = bytes.writeDoubleBE(message.receivedAt, start + 2);
  if (expires) at = bytes.writeDoubleBE(expiresAt, at);
  at = writeText(bytes, at, message.topic);
  at = writeText(bytes, at, message.origin);
  if (properties !== undefined) at = writeProperties(bytes, at, properties);
  if (message.stamp !== undefined) at = writeStamp(bytes, at, message.stamp);
  return at + message.payload.copy(bytes, at);
}

/** A record of its own buffer. */
export function encodeMessageRecord(message: Message): Buffer {
  const bytes = Buffer.allocUnsafe(messageRecordRoom(message));
  return bytes.subarray(0, writeMessageRecord(bytes, 0, message));
}

/**
 * @param bytes - one record, whole; the payload stays a view of it
 * @returns undefined when it is not one: of a newer version, or damaged
 */
export function decodeMessageRecord(bytes: Buffer): Message | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    // Every read beyond the end is a RangeError.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function decode(bytes: Buffer): Message | undefined {
  if (bytes[0] !== VERSION) return undefined;
  const flags = bytes[1]!;
  const reader = new RecordReader(bytes, 2);
  const receivedAt = reader.double();
  const expiresAt = flags & EXPIRES ? reader.double() : Number.POSITIVE_INFINITY;
  const topic = reader.text();
  const origin = reader.text() as Origin;
  const properties = flags & HAS_PROPERTIES ? readProperties(reader) : undefined;
  const stamp = flags & HAS_STAMP ? readStamp(reader) : undefined;
  return {
    topic,
    payload: reader.rest(),
    qos: Math.min(flags & 0x03, 2) as QoS,
    retain: (flags & RETAIN) !== 0,
    properties,
    origin,
    receivedAt,
    expiresAt,
    stamp,
  };
}

function stampRoom({ gateway, epoch, hops }: Stamp): number {
  let bytes = 8 + 8 + 1 + 1 + 4 + 3 * (gateway.length + epoch.length);
  for (const hop of hops) bytes += 2 + 3 * hop.length;
  return bytes;
}

function writeStamp(bytes: Buffer, start: number, stamp: Stamp): number {
  let at = bytes.writeDoubleBE(stamp.sequence, start);
  at = bytes.writeDoubleBE(stamp.at, at);
  bytes[at++] = stamp.isSync ? 1 : 0;
  bytes[at++] = stamp.hops.length;
  at = writeText(bytes, writeText(bytes, at, stamp.gateway), stamp.epoch);
  for (const hop of stamp.hops) at = writeText(bytes, at, hop);
  return at;
}

function readStamp(reader: RecordReader): Stamp {
  const sequence = reader.double();
  const at = reader.double();
  const isSync = reader.byte() === 1;
  const hops = reader.byte();
  const [gateway, epoch] = [reader.text(), reader.text()];
  return { gateway, epoch, sequence, at, isSync, hops: Array.from({ length: hops }, () => reader.text()) };
}

function writeProperties(bytes: Buffer, start: number, properties: PublishProperties): number {
  const { payloadFormatIndicator, responseTopic, correlationData, contentType, userProperties } = properties;
  bytes[start] =
    (payloadFormatIndicator === undefined ? 0 : FORMAT) |
    (payloadFormatIndicator ? FORMAT_IS_TEXT : 0) |
    (responseTopic === undefined ? 0 : RESPONSE_TOPIC) |
    (correlationData === undefined ? 0 : CORRELATION_DATA) |
    (contentType === undefined ? 0 : CONTENT_TYPE) |
    (userProperties === undefined ? 0 : USER_PROPERTIES);
  let at = start + 1;
  if (responseTopic !== undefined) at = writeText(bytes, at, responseTopic);
  if (correlationData !== undefined) {
    at = bytes.writeUInt16BE(correlationData.length, at);
    at += correlationData.copy(bytes, at);
  }
  if (contentType !== undefined) at = writeText(bytes, at, contentType);
  if (userProperties !== undefined) {
    at = bytes.writeUInt16BE(userProperties.length, at);
    for (const [name, value] of userProperties) at = writeText(bytes, writeText(bytes, at, name), value);
  }
  return at;
}

function readProperties(reader: RecordReader): PublishProperties {
  const present = reader.byte();
  const responseTopic = present & RESPONSE_TOPIC ? reader.text() : undefined;
  const correlationData = present & CORRELATION_DATA ? Buffer.from(reader.block()) : undefined;
  const contentType = present & CONTENT_TYPE ? reader.text() : undefined;
  const userProperties =
    present & USER_PROPERTIES
      ? Array.from({ length: reader.uint16() }, (): [string, string] => [reader.text(), reader.text()])
      : undefined;
  return {
    ...(present & FORMAT && { payloadFormatIndicator: (present & FORMAT_IS_TEXT) !== 0 }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData }),
    ...(userProperties !== undefined && { userProperties }),
    ...(contentType !== undefined && { contentType }),
  };
}

function writeText(bytes: Buffer, start: number, text: string): number {
  const room = Math.min(MAX_TEXT_BYTES, bytes.length - start - 2);
  const written = bytes.write(text, start + 2, room);
  bytes.writeUInt16BE(written, start);
  return start + 2 + written;
}

class RecordReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  uint16(): number {
    this.#at += 2;
    return this.#bytes.readUInt16BE(this.#at - 2);
  }

  double(): number {
    this.#at += 8;
    return this.#bytes.readDoubleBE(this.#at - 8);
  }

  block(): Buffer {
    const length = this.uint16();
    if (this.#at + length > this.#bytes.length) throw new RangeError('a block exceeds its record');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(): string {
    return this.block().toString('utf8');
  }

  rest(): Buffer {
    if (this.#at > this.#bytes.length) throw new RangeError('a record is cut');
    return this.#bytes.subarray(this.#at);
  }
}
