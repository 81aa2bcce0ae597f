/**
 * Values in registers: one codec for reading and writing (Modbus Application Protocol V1.1b3 §4.2: big-endian in a
 * register). Whatever is written reads back as the same value; what does not fit is refused.
 */
import type { Value } from '../../../src/adapter.js';
import { bitRange, NUMBER_TYPES, type NumberType, oneBit } from './numbers.js';
import { type Order, orderFits, permutationOf } from './order.js';
import { refuse, Unreadable } from './refuse.js';
import { pack, packedRegisters, readText, type TextOptions, unpack, writeBytes, writeText } from './text.js';
import { TIME_TYPES, type TimeType } from './times.js';

type NumberName = keyof typeof NUMBER_TYPES;
type TimeName = keyof typeof TIME_TYPES;
export type ValueType = NumberName | TimeName | 'string' | 'bytes';

export const VALUE_TYPES: readonly ValueType[] = [
  ...(Object.keys(NUMBER_TYPES) as NumberName[]),
  'string',
  'bytes',
  ...(Object.keys(TIME_TYPES) as TimeName[]),
];

/** What a device says in place of a value it has not: a number, or bits as they are after ordering (`0x8000`). */
export type Mark = { readonly value: number } | { readonly bits: bigint };

export interface ValueOptions {
  readonly type: ValueType;
  /** Ignored where the type has no order. */
  readonly order: Order;
  /** Of a register: low, high; one bit is a bool. */
  readonly bits?: readonly [low: number, high: number] | undefined;
  readonly isBit?: boolean | undefined;
  /** Of string and bytes. */
  readonly text?: TextOptions | undefined;
  readonly invalid?: readonly Mark[] | 'sunspec' | undefined;
}

export interface ValueCodec {
  /** How many the value takes. */
  readonly registers: number;
  /** The bits of its register that are the value's; undefined: all of its registers. */
  readonly mask: number | undefined;
  /**
   * @param data - bytes of consecutive registers as they came
   * @param index - the first register of the value inside `data`, in registers
   * @returns 64-bit integers as bigint, floats possibly NaN
   * @throws RangeError when `data` is too short: a bug of the caller, lengths are checked on receipt
   */
  decode(data: Buffer, index: number): Value | Unreadable;
  /**
   * @returns the registers as they go on the wire, 2 bytes each; bits outside of `mask` are 0
   * @throws MODBUS_VALUE when the value does not fit, or is a mark for a missing one
   */
  encode(value: Value): Buffer;
  /** The bytes of a value, most significant first → its registers as they go on the wire. */
  arrange(bytes: Buffer): Buffer;
}

/** SunSpec Information Model Specification §4: «not implemented» by type. Floats have NaN, which is no value anyway. */
const SUNSPEC: Readonly<Partial<Record<ValueType, readonly bigint[]>>> = {
  int16: [0x8000n],
  uint16: [0xffffn],
  int32: [0x8000_0000n],
  uint32: [0xffff_ffffn],
  int64: [0x8000_0000_0000_0000n],
  uint64: [0xffff_ffff_ffff_ffffn],
};

const NUMBERS: Readonly<Record<string, NumberType>> = NUMBER_TYPES;
const TIMES: Readonly<Record<string, TimeType>> = TIME_TYPES;

export function isText(type: ValueType): type is 'string' | 'bytes' {
  return type === 'string' || type === 'bytes';
}

/** @param text - needed for string and bytes */
export function registersOf(type: ValueType, text?: Pick<TextOptions, 'length' | 'packing'>): number {
  if (isText(type)) return text === undefined ? 1 : packedRegisters(text.length, text.packing);
  return (NUMBERS[type] ?? TIMES[type])!.bytes / 2;
}

/** Bytes that an order of this type names; 0: it has none. */
export function orderedBytes(type: ValueType): number {
  const number = NUMBERS[type];
  if (number !== undefined) return number.mask === undefined && type !== 'bool' && type !== 'bcd8' ? number.bytes : 0;
  const time = TIMES[type];
  return time?.hasOrder === true ? time.bytes : 0;
}

/** @returns whether marks for a missing value can be compared with values of this type */
export function canBeMarked(type: ValueType): boolean {
  return NUMBERS[type] !== undefined && type !== 'bool';
}

const scratch = Buffer.alloc(16);

export function valueCodec(options: ValueOptions): ValueCodec {
  const { type, text } = options;
  if (type === 'string' && text !== undefined) return textCodec(text, options.invalid === 'sunspec');
  if (type === 'bytes' && text !== undefined) return bytesCodec(text);
  const [low, high] = options.bits ?? [];
  const whole = NUMBERS[type] ?? TIMES[type];
  if (whole === undefined) throw new TypeError(`a ${type} needs a length`);
  const part = low === undefined ? whole : options.isBit === true ? oneBit(low) : bitRange(low, high!);
  return numberCodec(part, options);
}

function numberCodec(part: NumberType | TimeType, { type, order, bits, invalid }: ValueOptions): ValueCodec {
  const { bytes } = part;
  const ordered = bits === undefined && orderedBytes(type) > 0 && (bytes > 2 || orderFits(order, 2));
  const from = ordered ? permutationOf(order, bytes) : undefined;
  const marks = bits === undefined && canBeMarked(type) ? marksOf(type, bytes, invalid) : NONE;
  const decode = (data: Buffer, index: number): Value | Unreadable => {
    const start = index * 2;
    if (start + bytes > data.length)
      throw new RangeError(`${type} at register ${index} is beyond ${data.length} bytes`);
    if (from === undefined) data.copy(scratch, 0, start, start + bytes);
    else for (let wire = 0; wire < bytes; wire++) scratch[from[wire]!] = data[start + wire]!;
    const value = part.get(scratch);
    return marks !== NONE && isMarked(marks, bytes, value) ? notAvailable(bytes) : value;
  };
  const arrange = (value: Buffer): Buffer => {
    const data = Buffer.alloc(bytes);
    if (from === undefined) value.copy(data, 0, 0, bytes);
    else for (let wire = 0; wire < bytes; wire++) data[wire] = value[from[wire]!]!;
    return data;
  };
  return {
    registers: bytes / 2,
    mask: 'mask' in part ? part.mask : undefined,
    decode,
    arrange,
    encode(value) {
      part.set(scratch, value);
      const data = arrange(scratch);
      if (marks !== NONE && isMarked(marks, bytes, value)) refuse(`${type}: it means that there is no value`, value);
      return data;
    },
  };
}

function textCodec(options: TextOptions, isSunSpec: boolean): ValueCodec {
  const registers = packedRegisters(options.length, options.packing);
  return {
    registers,
    mask: undefined,
    decode(data, index) {
      checkLength(data, index, registers);
      const start = 2 * index;
      // SunSpec: a string of NUL alone is one that is not implemented.
      if (isSunSpec && data.subarray(start, start + 2 * registers).every((byte) => byte === 0)) {
        return new Unreadable('MODBUS_NOT_AVAILABLE', 'an empty text, its mark for «not available»');
      }
      return readText(data, start, options);
    },
    encode: (value) => writeText(value, options),
    arrange: (bytes) => pack(bytes, options.packing),
  };
}

function bytesCodec({ length, packing }: TextOptions): ValueCodec {
  const registers = packedRegisters(length, packing);
  return {
    registers,
    mask: undefined,
    decode(data, index) {
      checkLength(data, index, registers);
      return unpack(data, 2 * index, length, packing);
    },
    encode: (value) => writeBytes(value, length, packing),
    arrange: (bytes) => pack(bytes, packing),
  };
}

function checkLength(data: Buffer, index: number, registers: number): void {
  if (2 * (index + registers) > data.length) {
    throw new RangeError(`${registers} registers at ${index} are beyond ${data.length} bytes`);
  }
}

interface Marks {
  readonly bits: readonly bigint[];
  readonly values: readonly number[];
}
const NONE: Marks = { bits: [], values: [] };

function marksOf(type: ValueType, bytes: number, invalid: ValueOptions['invalid']): Marks {
  if (invalid === undefined) return NONE;
  if (invalid === 'sunspec') return SUNSPEC[type] === undefined ? NONE : { bits: SUNSPEC[type], values: [] };
  const mask = (1n << BigInt(8 * bytes)) - 1n;
  return {
    bits: invalid.flatMap((mark) => ('bits' in mark ? [mark.bits & mask] : [])),
    values: invalid.flatMap((mark) => ('value' in mark ? [mark.value] : [])),
  };
}

/** The value's bytes are in `scratch`. */
function isMarked({ bits, values }: Marks, bytes: number, value: Value | Unreadable): boolean {
  if (bits.length > 0 && bits.includes(scratchBits(bytes))) return true;
  // biome-ignore lint/suspicious/noDoubleEquals: a bigint equals the number that has its value
  return values.some((mark) => mark == value);
}

function scratchBits(bytes: number): bigint {
  return bytes === 8 ? scratch.readBigUInt64BE(0) : BigInt(scratch.readUIntBE(0, bytes));
}

function notAvailable(bytes: number): Unreadable {
  return new Unreadable('MODBUS_NOT_AVAILABLE', `0x${scratch.toString('hex', 0, bytes)}, its mark for «not available»`);
}
