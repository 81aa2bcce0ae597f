/**
 * Frames whose length is known: fixed, or said in their header. After a frame that cannot be one (length, checksum) the
 * next is looked for one byte later, so that a false start in noise does not swallow the real one.
 */
import { ByteStore, type Framer, type FrameSink } from './framer.js';

export interface WindowOptions {
  /** With these bytes every frame begins; empty: it is not known. */
  readonly start: Buffer;
  /** @returns bytes of the frame that begins at 0; undefined: more bytes are needed; 0: it cannot be one */
  readonly size: (bytes: Buffer) => number | undefined;
  /** Where the content begins. */
  readonly contentAt: number;
  readonly limit: number;
}

export interface LengthField {
  readonly offset: number;
  readonly width: 1 | 2 | 3 | 4;
  readonly endian: 'big' | 'little';
  /** Frame bytes = field + this. */
  readonly adjust: number;
}

export function lengthOf({ offset, width, endian, adjust }: LengthField, limit: number): WindowOptions['size'] {
  const header = offset + width;
  return (bytes) => {
    if (bytes.length < header) return undefined;
    const field = endian === 'big' ? bytes.readUIntBE(offset, width) : bytes.readUIntLE(offset, width);
    const size = field + adjust;
    return size < header || size > limit ? 0 : size;
  };
}

export class WindowFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #o: WindowOptions;
  readonly #store: ByteStore;

  constructor(sink: FrameSink, options: WindowOptions) {
    this.#sink = sink;
    this.#o = options;
    this.#store = new ByteStore(options.limit);
  }

  get pending(): number {
    return this.#store.length;
  }

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      this.#store.add(byte);
      while (this.#step());
    }
  }

  cut(): void {
    // A frame may hide behind a false start.
    while (this.#store.length > 0) {
      this.#drop(1, 'partial');
      while (this.#step());
    }
  }

  /** @returns whether something was taken out, and more may be possible */
  #step(): boolean {
    const { start, size, contentAt } = this.#o;
    const store = this.#store;
    if (store.length === 0) return false;
    if (start.length > 0) {
      const noise = this.#noiseBefore(start);
      if (noise > 0) {
        this.#drop(noise, 'noise');
        return true;
      }
      if (store.length < start.length) return false;
    }
    const bytes = size(store.view());
    if (bytes === undefined || (bytes > 0 && store.length < bytes)) return false;
    if (bytes === 0) {
      this.#drop(1, 'damaged');
      return true;
    }
    if (this.#sink.frame(store.copy(0, bytes), contentAt, bytes)) store.drop(bytes);
    else this.#drop(1, 'checksum');
    return true;
  }

  /** Bytes that cannot be the beginning of a frame. */
  #noiseBefore(start: Buffer): number {
    const bytes = this.#store.view();
    for (let at = 0; at < bytes.length; at++) {
      const length = Math.min(start.length, bytes.length - at);
      if (bytes.compare(start, 0, length, at, at + length) === 0) return at;
    }
    return bytes.length;
  }

  #drop(bytes: number, reason: 'noise' | 'damaged' | 'checksum' | 'partial'): void {
    this.#store.drop(bytes);
    this.#sink.discard(reason, bytes);
  }
}
