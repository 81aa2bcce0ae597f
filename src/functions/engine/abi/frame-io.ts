/** Little-endian frames of ABI `hpmq-fn/1`: `str` = length of two bytes and UTF-8, `bytes` = length of four bytes. */
import { FunctionTrap } from '../../../core/function.js';

const FIRST_BYTES = 16 * 1024;
/** Room above this is given back after use. */
const KEPT_BYTES = 1024 * 1024;

/** Writes one frame after the other into the same room. */
export class FrameWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #at = 0;

  begin(): this {
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.#at = 0;
    return this;
  }

  u8(value: number): this {
    this.#need(1);
    this.#bytes[this.#at++] = value;
    return this;
  }

  u16(value: number): this {
    this.#need(2);
    this.#at = this.#bytes.writeUInt16LE(value, this.#at);
    return this;
  }

  u32(value: number): this {
    this.#need(4);
    this.#at = this.#bytes.writeUInt32LE(value >>> 0, this.#at);
    return this;
  }

  i64(value: bigint): this {
    this.#need(8);
    this.#at = this.#bytes.writeBigInt64LE(value, this.#at);
    return this;
  }

  f64(value: number): this {
    this.#need(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#need(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  bytes(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  /** @throws RangeError for more than 65,535 bytes: a bug of the caller */
  str(text: string): this {
    this.#need(2 + text.length * 3);
    const length = this.#bytes.write(text, this.#at + 2);
    this.#bytes.writeUInt16LE(length, this.#at);
    this.#at += 2 + length;
    return this;
  }

  /** The same behind a length of four bytes. */
  text(text: string): this {
    this.#need(4 + text.length * 3);
    const length = this.#bytes.write(text, this.#at + 4);
    this.#bytes.writeUInt32LE(length, this.#at);
    this.#at += 4 + length;
    return this;
  }

  /** A view, valid until the next {@link begin}. */
  end(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #need(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Reads a frame; what is missing or too much is a trap 'output', whose author is the function. */
export class FrameReader {
  readonly frame: Buffer;
  at = 0;

  constructor(frame: Buffer) {
    this.frame = frame;
  }

  get isAtEnd(): boolean {
    return this.at >= this.frame.length;
  }

  u8(): number {
    return this.frame[this.#step(1)]!;
  }

  u16(): number {
    return this.frame.readUInt16LE(this.#step(2));
  }

  u32(): number {
    return this.frame.readUInt32LE(this.#step(4));
  }

  i64(): bigint {
    return this.frame.readBigInt64LE(this.#step(8));
  }

  f64(): number {
    return this.frame.readDoubleLE(this.#step(8));
  }

  /** A view. */
  raw(length: number): Buffer {
    const start = this.#step(length);
    return this.frame.subarray(start, start + length);
  }

  /** A view. */
  bytes(): Buffer {
    return this.raw(this.u32());
  }

  str(): string {
    const length = this.u16();
    const start = this.#step(length);
    return this.frame.toString('utf8', start, start + length);
  }

  /** The frame must be read to its end. */
  finish(): void {
    if (!this.isAtEnd) throw malformed(`${this.frame.length - this.at} bytes are left over`);
  }

  #step(length: number): number {
    const start = this.at;
    if (length > this.frame.length - start) throw malformed(`it ends at byte ${this.frame.length}`);
    this.at = start + length;
    return start;
  }
}

export function malformed(why: string): FunctionTrap {
  return new FunctionTrap('output', `its answer is malformed: ${why}`);
}
