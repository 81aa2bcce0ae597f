/** Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): zero closes a frame and is nowhere inside. */
import { ByteStore, type Framer, type FrameSink } from './framer.js';

const BLOCK = 0xff;

/** @returns undefined when it is none */
export function decodeCobs(bytes: Buffer): Buffer | undefined {
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; ) {
    const code = bytes[at]!;
    const end = at + code;
    if (code === 0 || end > bytes.length) return undefined;
    for (let i = at + 1; i < end; i++) {
      if (bytes[i] === 0) return undefined;
      out[length++] = bytes[i]!;
    }
    if (code !== BLOCK && end < bytes.length) out[length++] = 0;
    at = end;
  }
  return out.subarray(0, length);
}

/** The zero at the end included. */
export function encodeCobs(content: Buffer): Buffer {
  const out: number[] = [0];
  let codeAt = 0;
  let code = 1;
  for (const [index, byte] of content.entries()) {
    if (byte !== 0) {
      out.push(byte);
      code++;
    }
    const isLast = index === content.length - 1;
    if (byte === 0 || (code === BLOCK && !isLast)) {
      out[codeAt] = code;
      codeAt = out.length;
      out.push(0);
      code = 1;
    }
  }
  out[codeAt] = code;
  out.push(0);
  return Buffer.from(out);
}

export class CobsFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #store: ByteStore;
  readonly #limit: number;
  #skipped = 0;

  constructor(sink: FrameSink, limit: number) {
    this.#sink = sink;
    this.#limit = limit;
    this.#store = new ByteStore(limit);
  }

  get pending(): number {
    return this.#store.length;
  }

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      if (byte === 0) this.#end();
      else if (this.#skipped > 0 || !this.#store.add(byte)) {
        this.#skipped += this.#store.length + 1;
        this.#store.clear();
      }
    }
  }

  cut(): void {
    if (this.#skipped > 0) this.#sink.discard('long', this.#skipped);
    else if (this.#store.length > 0) this.#sink.discard('partial', this.#store.length);
    this.#skipped = 0;
    this.#store.clear();
  }

  #end(): void {
    const { length } = this.#store;
    if (this.#skipped > 0) this.#sink.discard('long', this.#skipped);
    else if (length > 0) {
      const frame = decodeCobs(this.#store.view());
      if (frame === undefined || frame.length > this.#limit) this.#sink.discard('damaged', length);
      else if (!this.#sink.frame(frame, 0, frame.length)) this.#sink.discard('checksum', length);
    }
    this.#skipped = 0;
    this.#store.clear();
  }
}
