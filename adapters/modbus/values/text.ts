/** Text and plain bytes in registers: how many bytes a register holds and in which order, encoding, padding. */
import type { Value } from '../../../src/adapter.js';
import { refuse, Unreadable } from './refuse.js';

/** Two bytes per register, the high or the low one first; or one, in its low or high byte. */
export const PACKINGS = ['high-first', 'low-first', 'low-byte', 'high-byte'] as const;
export type Packing = (typeof PACKINGS)[number];

export const ENCODINGS = ['utf8', 'ascii', 'latin1', 'utf16'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** nul: text ends at the first NUL; space: blanks at its end are no part of it; all: both. */
export const TRIMS = ['all', 'nul', 'space', 'none'] as const;
export type Trim = (typeof TRIMS)[number];

export const PADS = ['nul', 'space'] as const;

export interface TextOptions {
  /** Bytes. */
  readonly length: number;
  readonly packing: Packing;
  readonly encoding: Encoding;
  readonly trim: Trim;
  /** What fills the registers behind a shorter text. */
  readonly pad: (typeof PADS)[number];
}

export function packedRegisters(length: number, packing: Packing): number {
  return packing === 'low-byte' || packing === 'high-byte' ? length : Math.ceil(length / 2);
}

/** @returns `length` bytes, a copy */
export function unpack(data: Buffer, start: number, length: number, packing: Packing): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = data[start + placeOf(i, packing)]!;
  return bytes;
}

export function pack(bytes: Buffer, packing: Packing): Buffer {
  const data = Buffer.alloc(2 * packedRegisters(bytes.length, packing));
  for (let i = 0; i < bytes.length; i++) data[placeOf(i, packing)] = bytes[i]!;
  return data;
}

/** Where the byte lies among those of the registers. */
function placeOf(index: number, packing: Packing): number {
  switch (packing) {
    case 'high-first':
      return index;
    case 'low-first':
      return index ^ 1;
    case 'low-byte':
      return 2 * index + 1;
    case 'high-byte':
      return 2 * index;
  }
}

const DECODERS = {
  utf8: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }),
  utf16: new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true }),
};

function decodeBytes(bytes: Buffer, encoding: Encoding): string | undefined {
  if (encoding === 'latin1') return bytes.toString('latin1');
  if (encoding === 'ascii') return bytes.every((byte) => byte < 0x80) ? bytes.toString('latin1') : undefined;
  try {
    return DECODERS[encoding].decode(bytes);
  } catch {
    return undefined;
  }
}

function encodeText(text: string, encoding: Encoding): Buffer | undefined {
  if (!text.isWellFormed()) return undefined;
  if (encoding === 'utf8') return Buffer.from(text, 'utf8');
  if (encoding === 'utf16') return Buffer.from(text, 'utf16le').swap16();
  const limit = encoding === 'ascii' ? 0x7f : 0xff;
  return Array.from(text).every((sign) => sign.codePointAt(0)! <= limit) ? Buffer.from(text, 'latin1') : undefined;
}

/** Bytes of one code unit. */
const unitOf = (encoding: Encoding): 1 | 2 => (encoding === 'utf16' ? 2 : 1);

/** What is behind the first NUL may be rubbish in any encoding: it is cut off before anything is decoded. */
function untilNul(bytes: Buffer, unit: 1 | 2): Buffer {
  for (let i = 0; i < bytes.length; i += unit) {
    if (bytes[i] === 0 && (unit === 1 || bytes[i + 1] === 0)) return bytes.subarray(0, i);
  }
  return bytes;
}

const endsAtNul = (trim: Trim): boolean => trim === 'all' || trim === 'nul';
const dropsBlanks = (trim: Trim): boolean => trim === 'all' || trim === 'space';

export function readText(data: Buffer, start: number, o: TextOptions): string | Unreadable {
  const all = unpack(data, start, o.length, o.packing);
  const bytes = endsAtNul(o.trim) ? untilNul(all, unitOf(o.encoding)) : all;
  const text = decodeBytes(bytes, o.encoding);
  if (text === undefined) return new Unreadable('MODBUS_MALFORMED', `text that is not ${o.encoding}`);
  return dropsBlanks(o.trim) ? text.replace(/ +$/, '') : text;
}

/** @throws MODBUS_VALUE when it is too long, or would not read back as it was written */
export function writeText(value: Value, o: TextOptions): Buffer {
  const type = `${o.length} bytes of ${o.encoding} text`;
  if (typeof value === 'boolean' || Buffer.isBuffer(value)) refuse(type, value);
  const text = String(value);
  const encoded = encodeText(text, o.encoding);
  if (encoded === undefined || encoded.length > o.length) refuse(type, text);
  if ((endsAtNul(o.trim) && text.includes('\0')) || (dropsBlanks(o.trim) && text.endsWith(' '))) refuse(type, text);
  const bytes = Buffer.alloc(o.length);
  const pad = o.pad === 'space' ? ' ' : '\0';
  bytes.fill(encodeText(pad, o.encoding)!, encoded.length);
  encoded.copy(bytes);
  return pack(bytes, o.packing);
}

/** @throws MODBUS_VALUE unless it is exactly as many bytes, or hexadecimal digits for them */
export function writeBytes(value: Value, length: number, packing: Packing): Buffer {
  const isHex = typeof value === 'string' && /^([0-9a-f]{2})*$/i.test(value);
  const bytes = isHex ? Buffer.from(value, 'hex') : value;
  if (!Buffer.isBuffer(bytes) || bytes.length !== length) refuse(`${length} bytes`, value);
  return pack(bytes, packing);
}
