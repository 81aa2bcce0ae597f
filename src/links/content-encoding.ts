/**
 * Compressed payloads. MQTT has no word for it: the User Property `content-encoding` says how, as HTTP does (RFC 9110 §8.4).
 * MQTT 3.1.1 has no properties: a route with `compress` knows its payloads by their first bytes.
 */
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { GatewayError } from '../core/errors.js';
import type { PublishProperties } from '../core/message.js';
import type { Compression } from '../core/route-config.js';
import { linkError } from './errors.js';

export const CONTENT_ENCODING = 'content-encoding';
/** A payload does not become larger than this, unless `maxSize` of its route allows it: a few bytes can stand for gigabytes. */
export const MAX_UNPACKED = 4 * 1_024 * 1_024;

/** First bytes: RFC 1952 §2.3.1, RFC 8878 §3.1.1. */
const MAGIC: Readonly<Record<Compression, Buffer>> = {
  gzip: Buffer.from([0x1f, 0x8b, 0x08]),
  zstd: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
};

export function compress(payload: Buffer, how: Compression): Buffer {
  return how === 'gzip' ? gzipSync(payload) : zstdCompressSync(payload);
}

export interface Content {
  readonly payload: Buffer;
  readonly properties: PublishProperties | undefined;
}

/**
 * @param unmarked - how a payload without the property may be compressed
 * @returns the payload unpacked, without the mark; or why that cannot be done
 */
export function unpack(
  { payload, properties }: Content,
  unmarked: Compression | undefined,
  maxBytes: number | undefined,
): Content | GatewayError {
  const mark = properties?.userProperties?.find(([name]) => name === CONTENT_ENCODING)?.[1].toLowerCase();
  const isOurs = mark === 'gzip' || mark === 'zstd';
  // Another encoding is the business of whoever receives it.
  if (mark !== undefined && !isOurs) return { payload, properties };
  const how = isOurs ? mark : unmarked;
  if (how === undefined || (mark === undefined && !startsWith(payload, MAGIC[how]))) return { payload, properties };
  const maxOutputLength = maxBytes ?? MAX_UNPACKED;
  try {
    const unpacked =
      how === 'gzip' ? gunzipSync(payload, { maxOutputLength }) : zstdDecompressSync(payload, { maxOutputLength });
    return { payload: unpacked, properties: withoutMark(properties) };
  } catch (error) {
    const isLarge = (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
    const text = isLarge ? `unpacks to more than ${maxOutputLength} bytes` : `is not ${how}`;
    return linkError('LINK_PAYLOAD', `a payload of ${payload.length} bytes ${text}`, { cause: error });
  }
}

function startsWith(payload: Buffer, magic: Buffer): boolean {
  return payload.subarray(0, magic.length).equals(magic);
}

function withoutMark(properties: PublishProperties | undefined): PublishProperties | undefined {
  if (properties?.userProperties === undefined) return properties;
  const { userProperties, ...rest } = properties;
  const left = userProperties.filter(([name]) => name !== CONTENT_ENCODING);
  return left.length === 0 ? rest : { ...rest, userProperties: left };
}
