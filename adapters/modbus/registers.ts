/** Values in registers: one codec for read and write (Modbus Application Protocol V1.1b3 §4.2: big-endian in a register). */
import type { Value } from '../../src/adapter.js';
import { modbusError } from './errors.js';

export const REGISTER_TYPES = [
  'bool',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float32',
  'float64',
] as const;
export type RegisterType = (typeof REGISTER_TYPES)[number];

/** Bytes in the order they are on the wire: A (or 1) is the most significant byte of the value. */
export const ORDERS_32 = ['ABCD', 'BADC', 'CDAB', 'DCBA'] as const;
export const ORDERS_64 = ['12345678', '21436587', '87654321', '78563412', '34127856', '56781234'] as const;
export type Order32 = (typeof ORDERS_32)[number];
export type Order64 = (typeof ORDERS_64)[number];
export type Order = Order32 | Order64;

/** The same habit (bytes swapped in a word, words swapped) with four words instead of two. */
const AS_64: Readonly<Record<Order32, Order64>> = {
  ABCD: '12345678',
  BADC: '21436587',
  CDAB: '78563412',
  DCBA: '87654321',
};

interface Codec {
  readonly registers: 1 | 2 | 4;
  get(bytes: Buffer): Value;
  set(bytes: Buffer, value: Value): void;
}

function refuse(type: string, value: Value): never {
  const what = typeof value === 'number' || typeof value === 'bigint' ? String(value) : `a ${typeof value}`;
  throw modbusError('MODBUS_VALUE', `${what} does not fit ${type}`, { details: { type } });
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

const CODECS: Readonly<Record<RegisterType, Codec>> = {
  bool: {
    registers: 1,
    get: (bytes) => bytes.readUInt16BE(0) !== 0,
    set: (bytes, value) => bytes.writeUInt16BE(toBoolean(value) ? 1 : 0, 0),
  },
  int16: {
    registers: 1,
    get: (bytes) => bytes.readInt16BE(0),
    set: (bytes, value) => bytes.writeInt16BE(integer('int16', value, -0x8000, 0x7fff), 0),
  },
  uint16: {
    registers: 1,
    get: (bytes) => bytes.readUInt16BE(0),
    set: (bytes, value) => bytes.writeUInt16BE(integer('uint16', value, 0, 0xffff), 0),
  },
  int32: {
    registers: 2,
    get: (bytes) => bytes.readInt32BE(0),
    set: (bytes, value) => bytes.writeInt32BE(integer('int32', value, -0x8000_0000, 0x7fff_ffff), 0),
  },
  uint32: {
    registers: 2,
    get: (bytes) => bytes.readUInt32BE(0),
    set: (bytes, value) => bytes.writeUInt32BE(integer('uint32', value, 0, 0xffff_ffff), 0),
  },
  int64: {
    registers: 4,
    get: (bytes) => bytes.readBigInt64BE(0),
    set: (bytes, value) => bytes.writeBigInt64BE(bigInteger('int64', value, -(2n ** 63n), 2n ** 63n - 1n), 0),
  },
  uint64: {
    registers: 4,
    get: (bytes) => bytes.readBigUInt64BE(0),
    set: (bytes, value) => bytes.writeBigUInt64BE(bigInteger('uint64', value, 0n, 2n ** 64n - 1n), 0),
  },
  float32: {
    registers: 2,
    get: (bytes) => bytes.readFloatBE(0),
    set: (bytes, value) => bytes.writeFloatBE(float('float32', value, Math.fround), 0),
  },
  float64: {
    registers: 4,
    get: (bytes) => bytes.readDoubleBE(0),
    set: (bytes, value) => bytes.writeDoubleBE(float('float64', value, Number), 0),
  },
};

/** @returns how many registers a value of this type takes: 1, 2 or 4 */
export function registersOf(type: RegisterType): 1 | 2 | 4 {
  return CODECS[type].registers;
}

/** @returns whether `order` names the bytes of `type`; four letters also name a habit for 64 bits */
export function orderFits(type: RegisterType, order: Order): boolean {
  const { registers } = CODECS[type];
  return registers === 4 || (registers === 2 && order.length === 4);
}

/** wire byte index → value byte index, big-endian. */
function permutation(order: Order, bytes: number): readonly number[] {
  const full = bytes === 8 && order.length === 4 ? AS_64[order as Order32] : order;
  const first = (full.length === 4 ? 'A' : '1').charCodeAt(0);
  return Array.from(full, (letter) => letter.charCodeAt(0) - first);
}

const PERMUTATIONS = {
  4: Object.fromEntries(ORDERS_32.map((order) => [order, permutation(order, 4)])),
  8: Object.fromEntries([...ORDERS_32, ...ORDERS_64].map((order) => [order, permutation(order, 8)])),
} as const;

function permutationOf(order: Order, bytes: 4 | 8): readonly number[] {
  const found = PERMUTATIONS[bytes][order];
  if (found === undefined) throw modbusError('MODBUS_CONFIG', `order ${order} does not name ${bytes} bytes`);
  return found;
}

/**
 * The shortest decimal that is this single and no other: 12.3, where the double with its value is 12.300000190734863.
 *
 * @param value - exactly a single (IEEE 754 binary32); at most nine digits tell it from its neighbours
 */
export function shortestSingle(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

const scratch = Buffer.alloc(8);

/**
 * @param data - bytes of consecutive registers as they came
 * @param index - the first register of the value inside `data`, in registers
 * @param order - ignored for types of one register
 * @returns 64-bit integers as bigint, floats possibly NaN
 * @throws RangeError when `data` is too short: a bug of the caller, lengths are checked on receipt
 */
export function decodeRegisters(data: Buffer, index: number, type: RegisterType, order: Order): Value {
  const { registers, get } = CODECS[type];
  const bytes = registers * 2;
  const start = index * 2;
  if (start + bytes > data.length) throw new RangeError(`${type} at register ${index} is beyond ${data.length} bytes`);
  if (registers === 1) {
    data.copy(scratch, 0, start, start + 2);
  } else {
    const from = permutationOf(order, bytes as 4 | 8);
    for (let wire = 0; wire < bytes; wire++) scratch[from[wire]!] = data[start + wire]!;
  }
  return get(scratch);
}

/**
 * @returns the registers as they go on the wire, 2 bytes each
 * @throws MODBUS_VALUE when the value does not fit the type
 */
export function encodeRegisters(value: Value, type: RegisterType, order: Order): Buffer {
  const { registers, set } = CODECS[type];
  const bytes = registers * 2;
  set(scratch, value);
  const data = Buffer.alloc(bytes);
  if (registers === 1) {
    scratch.copy(data, 0, 0, 2);
  } else {
    const from = permutationOf(order, bytes as 4 | 8);
    for (let wire = 0; wire < bytes; wire++) data[wire] = scratch[from[wire]!]!;
  }
  return data;
}
