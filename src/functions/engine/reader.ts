import { functionError } from '../errors.js';

/** Reads WebAssembly's binary format (core specification §5). Every read is within bounds or throws FUNCTION_MODULE_INVALID. */
export class Reader {
  readonly bytes: Uint8Array;
  /** Of the next byte to read, in {@link bytes}. */
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  u8(): number {
    if (this.at >= this.end) throw truncated();
    return this.bytes[this.at++]!;
  }

  /** LEB128, at most five bytes (§5.2.2). */
  u32(): number {
    let byte = this.u8();
    let value = byte & 0x7f;
    for (let shift = 7; (byte & 0x80) !== 0; shift += 7) {
      if (shift > 28) throw functionError('FUNCTION_MODULE_INVALID', `a number at byte ${this.at} is too long`);
      byte = this.u8();
      value |= (byte & 0x7f) << shift;
    }
    return value >>> 0;
  }

  /** Steps over one LEB128 number of any width up to 64 bits. */
  skipNumber(): void {
    for (let left = 10; (this.u8() & 0x80) !== 0; left--) {
      if (left === 1) throw functionError('FUNCTION_MODULE_INVALID', `a number at byte ${this.at} is too long`);
    }
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw truncated();
    this.at += count;
  }

  /** A view. */
  take(count: number): Uint8Array {
    const start = this.at;
    this.skip(count);
    return this.bytes.subarray(start, start + count);
  }

  /** A reader of the next bytes, which are stepped over. */
  part(count: number): Reader {
    const start = this.at;
    this.skip(count);
    return new Reader(this.bytes, start, start + count);
  }

  name(): string {
    return Buffer.from(this.take(this.u32())).toString('utf8');
  }
}

function truncated(): Error {
  return functionError('FUNCTION_MODULE_INVALID', 'the module ends in the middle');
}
