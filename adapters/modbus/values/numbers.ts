/** Numbers, big-endian in at most eight bytes. Reading gives every bit pattern a value, or says why it has none. */
import type { Value } from '../../../src/adapter.js';
import { decodeHalf, encodeHalf, shortestHalf, shortestSingle } from './floats.js';
import { refuse, Unreadable } from './refuse.js';

/** How one type reads and writes the bytes of its value, most significant first. */
export interface NumberType {
  /** Bytes on the wire, two per register. */
  readonly bytes: 2 | 4 | 6 | 8;
  /** Only these bits of the one register are of the value; absent: all of it. */
  readonly mask?: number;
  get(bytes: Buffer): Value | Unreadable;
  /** @throws MODBUS_VALUE */
  set(bytes: Buffer, value: Value): void;
}

function integer(type: string, value: Value, min: number, max: number): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) refuse(type, value);
  return number;
}

/** Numbers beyond 2^53 were already rounded by whoever made them; only a bigint says which integer was meant. */
function bigInteger(type: string, value: Value, min: bigint, max: bigint): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) refuse(type, value);
  if (typeof value !== 'number' && typeof value !== 'bigint') refuse(type, value);
  const big = BigInt(value);
  if (big < min || big > max) refuse(type, value);
  return big;
}

/** NaN and infinities are refused: a device would act on them in ways nobody asked for. */
function float(type: string, value: Value, round: (value: number) => number): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(round(number))) refuse(type, value);
  return number;
}

export function toBoolean(value: Value): boolean {
  if (value === true || value === 1 || value === 1n) return true;
  if (value === false || value === 0 || value === 0n) return false;
  return refuse('bool', value);
}

/** An integer of up to 48 bits at the end of `bytes` bytes; what is before it is filled with the sign when written. */
function whole(name: string, bits: 16 | 24 | 32 | 48, signed: boolean): NumberType {
  const width = bits / 8;
  const bytes = (width + (width & 1)) as 2 | 4 | 6;
  const start = bytes - width;
  const [min, max] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  return {
    bytes,
    get: (data) => (signed ? data.readIntBE(start, width) : data.readUIntBE(start, width)),
    set: (data, value) => {
      const number = integer(name, value, min, max);
      if (start > 0) data.fill(number < 0 ? 0xff : 0, 0, start);
      if (signed) data.writeIntBE(number, start, width);
      else data.writeUIntBE(number, start, width);
    },
  };
}

/** One byte of a register: the other one belongs to somebody else. */
function half(name: string, high: boolean, signed: boolean): NumberType {
  const at = high ? 0 : 1;
  const [min, max] = signed ? [-0x80, 0x7f] : [0, 0xff];
  return {
    bytes: 2,
    mask: high ? 0xff00 : 0x00ff,
    get: (data) => (signed ? data.readInt8(at) : data.readUInt8(at)),
    set: (data, value) => {
      data[at] = integer(name, value, min, max) & 0xff;
      data[1 - at] = 0;
    },
  };
}

/** Bits `low` to `high` of a register as a number without sign. */
export function bitRange(low: number, high: number): NumberType {
  const max = 2 ** (high - low + 1) - 1;
  return {
    bytes: 2,
    mask: max << low,
    get: (data) => (data.readUInt16BE(0) >> low) & max,
    set: (data, value) => void data.writeUInt16BE(integer(`bits ${low}-${high}`, value, 0, max) << low, 0),
  };
}

export function oneBit(bit: number): NumberType {
  return {
    bytes: 2,
    mask: 1 << bit,
    get: (data) => ((data.readUInt16BE(0) >> bit) & 1) === 1,
    set: (data, value) => void data.writeUInt16BE((toBoolean(value) ? 1 : 0) << bit, 0),
  };
}

/** Binary coded decimal: one digit in four bits, in the last bytes; the bytes before them are 0. */
function bcd(name: string, bits: 8 | 16 | 24 | 32): NumberType {
  const digits = bits / 4;
  const bytes = bits <= 16 ? 2 : 4;
  const max = 10 ** digits - 1;
  return {
    bytes,
    get: (data) => {
      const hex = data.toString('hex', 0, bytes).slice(-digits);
      return /^\d+$/.test(hex) ? Number(hex) : new Unreadable('MODBUS_MALFORMED', `0x${hex}, which is not ${name}`);
    },
    set: (data, value) => {
      const text = String(integer(name, value, 0, max)).padStart(bytes * 2, '0');
      data.write(text, 0, 'hex');
    },
  };
}

export const NUMBER_TYPES = {
  bool: {
    bytes: 2,
    get: (bytes) => bytes.readUInt16BE(0) !== 0,
    set: (bytes, value) => void bytes.writeUInt16BE(toBoolean(value) ? 1 : 0, 0),
  },
  int8H: half('int8H', true, true),
  int8L: half('int8L', false, true),
  uint8H: half('uint8H', true, false),
  uint8L: half('uint8L', false, false),
  int16: whole('int16', 16, true),
  uint16: whole('uint16', 16, false),
  int24: whole('int24', 24, true),
  uint24: whole('uint24', 24, false),
  int32: whole('int32', 32, true),
  uint32: whole('uint32', 32, false),
  int48: whole('int48', 48, true),
  uint48: whole('uint48', 48, false),
  int64: {
    bytes: 8,
    get: (bytes) => bytes.readBigInt64BE(0),
    set: (bytes, value) => void bytes.writeBigInt64BE(bigInteger('int64', value, -(2n ** 63n), 2n ** 63n - 1n), 0),
  },
  uint64: {
    bytes: 8,
    get: (bytes) => bytes.readBigUInt64BE(0),
    set: (bytes, value) => void bytes.writeBigUInt64BE(bigInteger('uint64', value, 0n, 2n ** 64n - 1n), 0),
  },
  float16: {
    bytes: 2,
    get: (bytes) => shortestHalf(decodeHalf(bytes.readUInt16BE(0))),
    set: (bytes, value) => {
      const number = float('float16', value, (one) => decodeHalf(encodeHalf(one)));
      bytes.writeUInt16BE(encodeHalf(number), 0);
    },
  },
  float32: {
    bytes: 4,
    get: (bytes) => shortestSingle(bytes.readFloatBE(0)),
    set: (bytes, value) => void bytes.writeFloatBE(float('float32', value, Math.fround), 0),
  },
  float64: {
    bytes: 8,
    get: (bytes) => bytes.readDoubleBE(0),
    set: (bytes, value) => void bytes.writeDoubleBE(float('float64', value, Number), 0),
  },
  bcd8: bcd('bcd8', 8),
  bcd16: bcd('bcd16', 16),
  bcd24: bcd('bcd24', 24),
  bcd32: bcd('bcd32', 32),
} as const satisfies Readonly<Record<string, NumberType>>;
