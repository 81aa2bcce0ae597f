/** What a frame says, by name, and how that becomes a value. */
import type { Value } from '../../../src/adapter.js';

export type Field = string | number | bigint | boolean | Buffer;

/** Takes a frame apart. */
export interface Parser {
  /** Names that a frame can have; undefined: any. */
  readonly names: ReadonlySet<string> | undefined;
  /** @returns undefined when the frame is none of this kind */
  parse(content: Buffer): ReadonlyMap<string, Field> | undefined;
}

export type TextEncoding = 'ascii' | 'latin1' | 'utf8';

export function decode(content: Buffer, encoding: TextEncoding): string {
  return content.toString(encoding === 'utf8' ? 'utf8' : 'latin1');
}

export interface Conversion {
  readonly type: 'auto' | 'number' | 'text' | 'boolean' | 'hex';
  readonly decimal: '.' | ',';
  /** The value is whether the field is one of these. */
  readonly is?: readonly string[] | undefined;
}

const NUMBER = /^([+-]?)\s*(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/;

/** @returns undefined when the text is no number; a scale writes `+  1.234` */
export function toNumber(text: string, decimal: '.' | ','): number | bigint | undefined {
  const trimmed = text.trim();
  const match = NUMBER.exec(decimal === ',' ? trimmed.replace(',', '.') : trimmed);
  if (match === null) return undefined;
  const [, sign = '', digits = '', exponent = ''] = match;
  const value = Number(`${sign}${digits}${exponent}`);
  if (!Number.isFinite(value)) return undefined;
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && /^\d+$/.test(digits) && exponent === '') {
    return BigInt(digits) * (sign === '-' ? -1n : 1n);
  }
  return value === 0 ? 0 : value;
}

/** @returns undefined when the field is not of the type */
export function convert(field: Field, { type, decimal, is }: Conversion): Value | undefined {
  if (is !== undefined) return is.includes(String(field).trim());
  if (Buffer.isBuffer(field)) return type === 'text' ? field.toString('utf8') : field;
  if (typeof field !== 'string') {
    if (type === 'text') return String(field);
    if (type === 'boolean') return Boolean(field);
    if (type === 'number' || type === 'hex') return typeof field === 'boolean' ? Number(field) : field;
    return field;
  }
  const text = field.trim();
  switch (type) {
    case 'auto':
      return toNumber(text, decimal) ?? text;
    case 'number':
      return toNumber(text, decimal);
    case 'text':
      return text;
    case 'boolean':
      return /^(1|true|on|yes)$/i.test(text) ? true : /^(0|false|off|no)$/i.test(text) ? false : undefined;
    case 'hex': {
      if (!/^[0-9a-f]{1,16}$/i.test(text)) return undefined;
      const value = BigInt(`0x${text}`);
      return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
    }
  }
}
