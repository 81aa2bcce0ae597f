/**
 * CBOR (RFC 8949), as much as representations of sensors need: all major types, indefinite lengths, half floats; tags are
 * passed over, but for bignums. Limits: depth, and items in all; a length is believed only as far as there are bytes.
 */

/** Maps have text keys, or integer keys as numbers (SenML, CoRE). */
export type CborValue =
  | number
  | bigint
  | boolean
  | string
  | null
  | undefined
  | Buffer
  | readonly CborValue[]
  | ReadonlyMap<CborValue, CborValue>;

const MAX_DEPTH = 32;
const MAX_ITEMS = 65_536;
const BREAK = Symbol('break');

/** @throws RangeError with what is wrong, when it is not one whole CBOR item */
export function decodeCbor(bytes: Buffer): CborValue {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (value === BREAK) throw new RangeError('a break outside of anything');
  if (reader.at !== bytes.length) throw new RangeError(`${bytes.length - reader.at} bytes behind the item`);
  return value;
}

class Reader {
  at = 0;
  readonly #bytes: Buffer;
  #items = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  item(depth: number): CborValue | typeof BREAK {
    if (depth > MAX_DEPTH) throw new RangeError(`nested deeper than ${MAX_DEPTH}`);
    if (++this.#items > MAX_ITEMS) throw new RangeError(`more than ${MAX_ITEMS} items`);
    const initial = this.#take(1)[0]!;
    const major = initial >> 5;
    const info = initial & 0x1f;
    if (major === 7) return this.#simple(info);
    if (info === 31) return this.#indefinite(major, depth);
    const argument = this.#argument(info);
    switch (major) {
      case 0:
        return narrow(argument);
      case 1:
        return narrow(-1n - argument);
      case 2:
        return Buffer.from(this.#take(lengthOf(argument)));
      case 3:
        return this.#take(lengthOf(argument)).toString('utf8');
      case 4:
        return this.#array(lengthOf(argument), depth);
      case 5:
        return this.#map(lengthOf(argument), depth);
      default:
        return this.#tagged(argument, depth);
    }
  }

  #array(length: number, depth: number): readonly CborValue[] {
    const values: CborValue[] = [];
    for (let i = 0; i < length; i++) values.push(this.#value(depth + 1));
    return values;
  }

  #map(length: number, depth: number): ReadonlyMap<CborValue, CborValue> {
    const values = new Map<CborValue, CborValue>();
    for (let i = 0; i < length; i++) values.set(this.#value(depth + 1), this.#value(depth + 1));
    return values;
  }

  #value(depth: number): CborValue {
    const value = this.item(depth);
    if (value === BREAK) throw new RangeError('a break in the middle');
    return value;
  }

  #indefinite(major: number, depth: number): CborValue | typeof BREAK {
    const parts: CborValue[] = [];
    const values = new Map<CborValue, CborValue>();
    for (;;) {
      const value = this.item(depth + 1);
      if (value === BREAK) break;
      if (major === 5) values.set(value, this.#value(depth + 1));
      else parts.push(value);
    }
    if (major === 5) return values;
    if (major === 4) return parts;
    if (major === 3 && parts.every((part) => typeof part === 'string')) return parts.join('');
    if (major === 2 && parts.every((part) => Buffer.isBuffer(part))) return Buffer.concat(parts);
    throw new RangeError('pieces of an indefinite length that do not fit together');
  }

  #tagged(tag: bigint, depth: number): CborValue {
    const value = this.#value(depth + 1);
    if ((tag !== 2n && tag !== 3n) || !Buffer.isBuffer(value)) return value;
    if (value.length > 64) throw new RangeError('a bignum of more than 64 bytes');
    const magnitude = value.length === 0 ? 0n : BigInt(`0x${value.toString('hex')}`);
    return narrow(tag === 2n ? magnitude : -1n - magnitude);
  }

  #simple(info: number): CborValue | typeof BREAK {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 23:
        return undefined;
      case 24:
        this.#take(1);
        return undefined;
      case 25:
        return half(this.#take(2).readUInt16BE());
      case 26:
        return this.#take(4).readFloatBE();
      case 27:
        return this.#take(8).readDoubleBE();
      case 31:
        return BREAK;
      default:
        if (info < 20) return undefined;
        throw new RangeError(`the reserved simple value ${info}`);
    }
  }

  #argument(info: number): bigint {
    if (info < 24) return BigInt(info);
    if (info === 24) return BigInt(this.#take(1)[0]!);
    if (info === 25) return BigInt(this.#take(2).readUInt16BE());
    if (info === 26) return BigInt(this.#take(4).readUInt32BE());
    if (info === 27) return this.#take(8).readBigUInt64BE();
    throw new RangeError(`the reserved length ${info}`);
  }

  #take(length: number): Buffer {
    if (this.at + length > this.#bytes.length) throw new RangeError('ends in the middle');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}

function lengthOf(argument: bigint): number {
  // Longer than any datagram: #take or the limit of items says no.
  return argument > 0xffff_ffffn ? 0xffff_ffff : Number(argument);
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** IEEE 754 binary16 (RFC 8949 appendix D). */
function half(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** What we send: integers as such, other numbers as doubles. @throws RangeError for what has no place in CBOR */
export function encodeCbor(value: CborValue): Buffer {
  if (value === null) return Buffer.from([0xf6]);
  if (value === undefined) return Buffer.from([0xf7]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xf5 : 0xf4]);
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) {
    const integer = BigInt(value);
    if (integer > 0xffff_ffff_ffff_ffffn || integer < -0x1_0000_0000_0000_0000n) {
      throw new RangeError('an integer of more than 64 bits');
    }
    return integer < 0n ? head(1, -1n - integer) : head(0, integer);
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9, 0xfb);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    return Buffer.concat([head(3, BigInt(text.length)), text]);
  }
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, BigInt(value.length)), value]);
  if (value instanceof Map) {
    const pairs = [...value].flatMap(([key, one]) => [encodeCbor(key), encodeCbor(one)]);
    return Buffer.concat([head(5, BigInt(value.size)), ...pairs]);
  }
  const items = (value as readonly CborValue[]).map(encodeCbor);
  return Buffer.concat([head(4, BigInt(items.length)), ...items]);
}

function head(major: number, argument: bigint): Buffer {
  const first = major << 5;
  if (argument < 24n) return Buffer.from([first | Number(argument)]);
  if (argument < 0x100n) return Buffer.from([first | 24, Number(argument)]);
  const bytes = Buffer.alloc(argument < 0x1_0000n ? 3 : argument < 0x1_0000_0000n ? 5 : 9);
  bytes[0] = first | (bytes.length === 3 ? 25 : bytes.length === 5 ? 26 : 27);
  if (bytes.length === 9) bytes.writeBigUInt64BE(argument, 1);
  else bytes.writeUIntBE(Number(argument), 1, bytes.length - 1);
  return bytes;
}
