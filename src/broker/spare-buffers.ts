/**
 * Memory for what connections have received and not yet handled, used again and again: each 64 MB of garbage outside the
 * heap stop everybody for ten milliseconds, and a client that sends large packets makes a gigabyte of it per second.
 */

/** What is read from a socket at a time fits, bytes. */
export const CHUNK_BYTES = 64 * 1024;
/** Kept for the next: of chunks so many, of larger ones so many bytes. */
const MAX_CHUNKS = 16;
const MAX_LARGE_BYTES = 4 * 1024 * 1024;
/** Below it the garbage collector is as cheap, bytes. */
const WORTH_FREEING = 4 * 1024;

export class SpareBuffers {
  readonly #chunks: Buffer[] = [];
  /** Largest last. */
  readonly #large: Buffer[] = [];
  #largeBytes = 0;

  /** Bytes kept for the next. */
  get bytes(): number {
    return this.#chunks.length * CHUNK_BYTES + this.#largeBytes;
  }

  /** One of {@link CHUNK_BYTES}. */
  takeChunk(): Buffer {
    return this.#chunks.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
  }

  /** @returns one in which so many bytes fit, larger than a chunk; undefined: there is none to spare */
  takeLarge(bytes: number): Buffer | undefined {
    const index = this.#large.findIndex(({ length }) => length >= bytes);
    if (index < 0) return undefined;
    const [buffer] = this.#large.splice(index, 1);
    this.#largeBytes -= buffer!.length;
    return buffer;
  }

  /** @param buffer - with its memory for itself; nobody reads it any more */
  giveBack(buffer: Buffer): void {
    if (buffer.length === CHUNK_BYTES && this.#chunks.length < MAX_CHUNKS) {
      this.#chunks.push(buffer);
      return;
    }
    if (buffer.length <= CHUNK_BYTES || this.#largeBytes + buffer.length > MAX_LARGE_BYTES) {
      free(buffer);
      return;
    }
    this.#largeBytes += buffer.length;
    this.#large.push(buffer);
    this.#large.sort((a, b) => a.length - b.length);
  }
}

/** Gives the memory to the system at once, instead of when the garbage is next collected. */
export function free(buffer: Buffer): void {
  if (buffer.length >= WORTH_FREEING) (buffer.buffer as ArrayBuffer).transfer(0);
}
