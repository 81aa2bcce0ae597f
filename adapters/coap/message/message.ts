/**
 * The CoAP message and its form on the wire (RFC 7252 §3).
 *
 * Rules: whatever the bytes are, decode() returns; nothing it returns is a view of memory that others write to.
 */
import { randomBytes } from 'node:crypto';

export type Type = 'CON' | 'NON' | 'ACK' | 'RST';

const TYPES: readonly Type[] = ['CON', 'NON', 'ACK', 'RST'];

/** One Option (§3.1). */
export interface Option {
  readonly number: number;
  readonly value: Buffer;
}

export interface Message {
  readonly type: Type;
  /** Class and detail as on the wire: 2.05 is 0x45. 0: Empty. */
  readonly code: number;
  /** 0 to 65535. */
  readonly messageId: number;
  /** 0 to 8 bytes. */
  readonly token: Buffer;
  /** In the order of their numbers. */
  readonly options: readonly Option[];
  readonly payload: Buffer;
}

/** Bytes that are no message. */
export interface Malformed {
  readonly fault: string;
  /** What the header said, where there was one: a Confirmable message that cannot be processed is answered with Reset (§4.2). */
  readonly header: { readonly type: Type; readonly messageId: number } | undefined;
}

export const EMPTY = 0;
export const NO_TOKEN: Buffer = Buffer.alloc(0);
export const NO_PAYLOAD: Buffer = Buffer.alloc(0);
const PAYLOAD_MARKER = 0xff;
const MAX_TOKEN_BYTES = 8;
/** More are not in any message that means well. */
const MAX_OPTIONS = 256;

/** `code(2, 5)` → 0x45 */
export function code(codeClass: number, detail: number): number {
  return (codeClass << 5) | detail;
}

export const Code = {
  EMPTY,
  GET: code(0, 1),
  POST: code(0, 2),
  PUT: code(0, 3),
  DELETE: code(0, 4),
  FETCH: code(0, 5),
  PATCH: code(0, 6),
  iPATCH: code(0, 7),
  CREATED: code(2, 1),
  DELETED: code(2, 2),
  VALID: code(2, 3),
  CHANGED: code(2, 4),
  CONTENT: code(2, 5),
  CONTINUE: code(2, 31),
  BAD_REQUEST: code(4, 0),
  UNAUTHORIZED: code(4, 1),
  BAD_OPTION: code(4, 2),
  FORBIDDEN: code(4, 3),
  NOT_FOUND: code(4, 4),
  METHOD_NOT_ALLOWED: code(4, 5),
  NOT_ACCEPTABLE: code(4, 6),
  REQUEST_ENTITY_INCOMPLETE: code(4, 8),
  CONFLICT: code(4, 9),
  PRECONDITION_FAILED: code(4, 12),
  REQUEST_ENTITY_TOO_LARGE: code(4, 13),
  UNSUPPORTED_CONTENT_FORMAT: code(4, 15),
  UNPROCESSABLE_ENTITY: code(4, 22),
  TOO_MANY_REQUESTS: code(4, 29),
  INTERNAL_SERVER_ERROR: code(5, 0),
  SERVICE_UNAVAILABLE: code(5, 3),
} as const;

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'FETCH' | 'PATCH' | 'iPATCH';

/** Class of a code: 0 requests, 2 success, 4 and 5 errors. */
export function classOf(value: number): number {
  return value >> 5;
}

export function isRequest(value: number): boolean {
  return value !== EMPTY && classOf(value) === 0;
}

export function isResponse(value: number): boolean {
  return classOf(value) >= 2 && classOf(value) <= 5;
}

/** As people write it: `2.05`. */
export function codeText(value: number): string {
  return `${classOf(value)}.${String(value & 0x1f).padStart(2, '0')}`;
}

/** At least 32 bits of randomness (§5.3.1): an answer cannot be made up by who does not hear us. */
export function newToken(): Buffer {
  return randomBytes(MAX_TOKEN_BYTES);
}

export function emptyMessage(type: 'ACK' | 'RST' | 'CON', messageId: number): Message {
  return { type, code: EMPTY, messageId, token: NO_TOKEN, options: [], payload: NO_PAYLOAD };
}

export function isMalformed(message: Message | Malformed): message is Malformed {
  return 'fault' in message;
}

export function decode(bytes: Buffer): Message | Malformed {
  if (bytes.length < 4) return { fault: 'shorter than a header', header: undefined };
  const first = bytes[0]!;
  // §3: other versions are ignored, not rejected.
  if (first >> 6 !== 1) return { fault: `version ${first >> 6}`, header: undefined };
  const type = TYPES[(first >> 4) & 3]!;
  const tokenLength = first & 0x0f;
  const messageCode = bytes[1]!;
  const messageId = bytes.readUInt16BE(2);
  const header = { type, messageId };
  if (tokenLength > MAX_TOKEN_BYTES) return { fault: `token length ${tokenLength}`, header };
  // §4.1: an Empty message has nothing behind its header.
  if (messageCode === EMPTY && bytes.length > 4) return { fault: 'an Empty message that is not empty', header };
  const token = bytes.subarray(4, 4 + tokenLength);
  if (token.length < tokenLength) return { fault: 'ends within the token', header };
  const options: Option[] = [];
  let at = 4 + tokenLength;
  let number = 0;
  while (at < bytes.length && bytes[at] !== PAYLOAD_MARKER) {
    const byte = bytes[at++]!;
    const delta = extended(bytes, at, byte >> 4);
    if (delta === undefined) return { fault: 'a bad option delta', header };
    at += delta.bytes;
    const length = extended(bytes, at, byte & 0x0f);
    if (length === undefined) return { fault: 'a bad option length', header };
    at += length.bytes;
    number += delta.value;
    if (number > 0xffff) return { fault: 'an option number beyond 65535', header };
    if (at + length.value > bytes.length) return { fault: 'ends within an option', header };
    if (options.length === MAX_OPTIONS) return { fault: `more than ${MAX_OPTIONS} options`, header };
    options.push({ number, value: bytes.subarray(at, at + length.value) });
    at += length.value;
  }
  // §3: a marker without a payload is a message format error.
  if (at === bytes.length - 1) return { fault: 'a payload marker without a payload', header };
  return { type, code: messageCode, messageId, token, options, payload: bytes.subarray(at + 1) };
}

/** Option delta or length (§3.1): 13 and 14 are extended by one or two bytes, 15 is reserved. */
function extended(bytes: Buffer, at: number, nibble: number): { value: number; bytes: number } | undefined {
  if (nibble < 13) return { value: nibble, bytes: 0 };
  if (nibble === 13) return at < bytes.length ? { value: bytes[at]! + 13, bytes: 1 } : undefined;
  if (nibble === 14) return at + 1 < bytes.length ? { value: bytes.readUInt16BE(at) + 269, bytes: 2 } : undefined;
  return undefined;
}

/** @param message - options in any order; those of the same number keep theirs */
export function encode(message: Message): Buffer {
  const { type, token, payload } = message;
  const head = Buffer.alloc(4);
  head[0] = (1 << 6) | (TYPES.indexOf(type) << 4) | token.length;
  head[1] = message.code;
  head.writeUInt16BE(message.messageId, 2);
  const parts: Buffer[] = [head, token];
  let last = 0;
  for (const { number, value } of message.options.toSorted((a, b) => a.number - b.number)) {
    const [delta, deltaBytes] = nibbleOf(number - last);
    const [length, lengthBytes] = nibbleOf(value.length);
    parts.push(Buffer.from([(delta << 4) | length, ...deltaBytes, ...lengthBytes]), value);
    last = number;
  }
  if (payload.length > 0) parts.push(Buffer.from([PAYLOAD_MARKER]), payload);
  return Buffer.concat(parts);
}

function nibbleOf(value: number): readonly [number, readonly number[]] {
  if (value < 13) return [value, []];
  if (value < 269) return [13, [value - 13]];
  return [14, [(value - 269) >> 8, (value - 269) & 0xff]];
}
