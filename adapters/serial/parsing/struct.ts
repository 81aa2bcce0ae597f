/** Frames of bytes: numbers and texts at fixed places. */
import { decode, type Field, type Parser, type TextEncoding } from './fields.js';

export const STRUCT_TYPES = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint24: 3,
  int24: 3,
  uint32: 4,
  int32: 4,
  uint64: 8,
  int64: 8,
  float32: 4,
  float64: 8,
  /** Two decimal digits in a byte. */
  bcd: 0,
  text: 0,
} as const;
export type StructType = keyof typeof STRUCT_TYPES;

export interface StructField {
  readonly at: number;
  readonly type: StructType;
  /** Bytes of bcd and text. */
  readonly length: number | undefined;
  readonly endian: 'big' | 'little';
  /** The value is this bit of an integer. */
  readonly bit: number | undefined;
}

export function structBytes({ type, length }: Pick<StructField, 'type' | 'length'>): number {
  return STRUCT_TYPES[type] === 0 ? (length ?? 1) : STRUCT_TYPES[type];
}

export function structParser(struct: ReadonlyMap<string, StructField>, encoding: TextEncoding): Parser {
  const least = Math.max(...[...struct.values()].map((field) => field.at + structBytes(field)));
  return {
    names: new Set(struct.keys()),
    parse(content) {
      if (content.length < least) return undefined;
      const fields = new Map<string, Field>();
      for (const [name, field] of struct) {
        const value = read(content.subarray(field.at, field.at + structBytes(field)), field, encoding);
        if (value !== undefined) fields.set(name, value);
      }
      return fields;
    },
  };
}

function read(bytes: Buffer, { type, endian, bit }: StructField, encoding: TextEncoding): Field | undefined {
  if (type === 'text') return decode(bytes, encoding).replace(/\0+$/, '');
  if (type === 'bcd') return bcd(endian === 'big' ? bytes : Buffer.from(bytes).reverse());
  const ordered = endian === 'big' ? bytes : Buffer.from(bytes).reverse();
  if (type === 'float32') return finite(ordered.readFloatBE());
  if (type === 'float64') return finite(ordered.readDoubleBE());
  const isSigned = type.startsWith('int');
  if (bytes.length === 8) {
    const value = isSigned ? ordered.readBigInt64BE() : ordered.readBigUInt64BE();
    return bit === undefined ? value : ((value >> BigInt(bit)) & 1n) === 1n;
  }
  const value = isSigned ? ordered.readIntBE(0, bytes.length) : ordered.readUIntBE(0, bytes.length);
  return bit === undefined ? value : ((value >>> bit) & 1) === 1;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function bcd(bytes: Buffer): number | bigint | undefined {
  const digits = bytes.toString('hex');
  if (!/^\d+$/.test(digits)) return undefined;
  const value = BigInt(digits);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
