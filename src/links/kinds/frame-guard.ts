/** Watches the bytes from the far side for a packet that is too large, before anything buffers it (MQTT 5.0 §2.1.4). */
export class FrameGuard {
  readonly #limit: number;
  /** Bytes of the current packet still to come after its fixed header. */
  #skip = 0;
  /** -1: the first byte of a packet comes next; else the number of Remaining Length bytes seen. */
  #lengthBytes = -1;
  #length = 0;

  /** @param limit - largest Remaining Length accepted, bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns the Remaining Length that is too large (or malformed: Infinity), undefined when all is well */
  check(chunk: Uint8Array): number | undefined {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      const byte = chunk[at++]!;
      if (this.#lengthBytes < 0) {
        this.#lengthBytes = 0;
        this.#length = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
      this.#lengthBytes++;
      if ((byte & 0x80) !== 0) {
        // §1.5.5: at most four bytes.
        if (this.#lengthBytes === 4) return Number.POSITIVE_INFINITY;
        continue;
      }
      if (this.#length > this.#limit) return this.#length;
      this.#skip = this.#length;
      this.#lengthBytes = -1;
    }
    return undefined;
  }
}
