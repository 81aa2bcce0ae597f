const WATCHED_BYTES = 16 * 1024;
class IncompletePackets {
  #limit;
  /** Bytes of each, longest open first. */
  #parts = /* @__PURE__ */ new Map();
  #used = 0;
  /** @param limit - bytes */
  constructor(limit) {
    this.#limit = limit;
  }
  get used() {
    return this.#used;
  }
  /** @param bytes - what the holder has of its present packet; 0: complete, or gone */
  set(holder, bytes) {
    const before = this.#parts.get(holder) ?? 0;
    const after = bytes < WATCHED_BYTES ? 0 : bytes;
    if (before === after) return;
    this.#used += after - before;
    if (after === 0) this.#parts.delete(holder);
    else this.#parts.set(holder, after);
    while (this.#used > this.#limit) {
      const [first, held] = this.#parts.entries().next().value;
      this.#parts.delete(first);
      this.#used -= held;
      first.tooMuch();
    }
  }
}
export {
  IncompletePackets
};
//# sourceMappingURL=incomplete-packets.js.map
