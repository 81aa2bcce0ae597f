/** Bytes in, frames out. */

/** Why bytes did not become a frame. */
export type Discard =
  /** Between frames. */
  | 'noise'
  /** Longer than a frame may be. */
  | 'long'
  /** Broken: an escape that is none, a second start, a length that cannot be. */
  | 'damaged'
  /** The wrong checksum. */
  | 'checksum'
  /** Begun, and not ended in time. */
  | 'partial';

export interface FrameSink {
  /**
   * A frame, with its own memory: markers included, escapes resolved.
   *
   * @param from - where its content begins
   * @param to - where its content ends
   * @returns false when its checksum is wrong: the framer looks for another frame within, where that is possible
   */
  frame(bytes: Buffer, from: number, to: number): boolean;
  discard(reason: Discard, bytes: number): void;
}

/** Rules: never holds more than its limit; the frames do not depend on how the bytes were cut into chunks. */
export interface Framer {
  /** Bytes of a frame that is not complete. */
  readonly pending: number;
  push(chunk: Buffer): void;
  /** The line is silent: what is pending will not be continued. */
  cut(): void;
}

const FIRST_BYTES = 64;

/** The bytes of one frame: grows by doubling, never beyond its limit. */
export class ByteStore {
  #bytes: Buffer;
  #length = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#bytes = Buffer.allocUnsafe(Math.min(limit, FIRST_BYTES));
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length >= this.#limit;
  }

  at(index: number): number {
    return this.#bytes[index]!;
  }

  /** @returns false when it is full */
  add(byte: number): boolean {
    if (this.#length === this.#bytes.length) {
      if (this.#length >= this.#limit) return false;
      const larger = Buffer.allocUnsafe(Math.min(this.#limit, 2 * this.#length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
    return true;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Takes out the first bytes. */
  drop(count: number): void {
    this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  copy(start = 0, end = this.#length): Buffer {
    return Buffer.from(this.#bytes.subarray(start, end));
  }

  indexOf(bytes: Buffer): number {
    return this.#bytes.subarray(0, this.#length).indexOf(bytes);
  }

  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** Finds a sequence of bytes in a stream, one byte at a time (Knuth, Morris, Pratt). */
export class Needle {
  readonly bytes: Buffer;
  readonly #failure: Uint16Array;
  #matched = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#failure = new Uint16Array(bytes.length);
    for (let i = 1, k = 0; i < bytes.length; i++) {
      while (k > 0 && bytes[i] !== bytes[k]) k = this.#failure[k - 1]!;
      if (bytes[i] === bytes[k]) k++;
      this.#failure[i] = k;
    }
  }

  /** Bytes of it that were seen last. */
  get matched(): number {
    return this.#matched;
  }

  /** @returns whether it is complete with this byte; then it starts anew */
  next(byte: number): boolean {
    while (this.#matched > 0 && byte !== this.bytes[this.#matched]) this.#matched = this.#failure[this.#matched - 1]!;
    if (byte === this.bytes[this.#matched]) this.#matched++;
    if (this.#matched < this.bytes.length) return false;
    this.#matched = 0;
    return true;
  }

  reset(): void {
    this.#matched = 0;
  }
}
