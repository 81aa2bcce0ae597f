class FrameGuard {
  #limit;
  /** Bytes of the current packet still to come after its fixed header. */
  #skip = 0;
  /** -1: the first byte of a packet comes next; else the number of Remaining Length bytes seen. */
  #lengthBytes = -1;
  #length = 0;
  /** @param limit - largest Remaining Length accepted, bytes */
  constructor(limit) {
    this.#limit = limit;
  }
  /** @returns the Remaining Length that is too large (or malformed: Infinity), undefined when all is well */
  check(chunk) {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      const byte = chunk[at++];
      if (this.#lengthBytes < 0) {
        this.#lengthBytes = 0;
        this.#length = 0;
        continue;
      }
      this.#length += (byte & 127) * 128 ** this.#lengthBytes;
      this.#lengthBytes++;
      if ((byte & 128) !== 0) {
        if (this.#lengthBytes === 4) return Number.POSITIVE_INFINITY;
        continue;
      }
      if (this.#length > this.#limit) return this.#length;
      this.#skip = this.#length;
      this.#lengthBytes = -1;
    }
    return void 0;
  }
}
export {
  FrameGuard
};
//# sourceMappingURL=frame-guard.js.map
