const SHARE = 1 / 64;
const MAX_OWN = 64 * 1024;
class SocketMemory {
  #limit;
  #own;
  #used = 0;
  /** What each waits for, bytes; first come, first served. */
  #waiting = /* @__PURE__ */ new Map();
  /**
   * @param limit - bytes
   * @param connections - as many as there may be
   */
  constructor(limit, connections) {
    this.#limit = limit;
    this.#own = Math.min(MAX_OWN, limit / 2 / connections);
  }
  /** Bytes. A frame that several connections have waiting counts for each. */
  get used() {
    return this.#used;
  }
  get free() {
    return this.#limit - this.#used;
  }
  /** What one connection may have waiting now, bytes. */
  get share() {
    return Math.max(this.#own, (this.#limit / 2 - this.#used) * SHARE);
  }
  /** Whether so much may be added at once: a packet larger than half of everything needs only that. */
  fits(bytes) {
    return Math.min(bytes, this.#limit / 2) <= this.free;
  }
  add(bytes) {
    this.#used += bytes;
  }
  remove(bytes) {
    this.#used -= bytes;
    for (const [goOn, wanted] of this.#waiting) {
      if (!this.fits(wanted)) return;
      this.#waiting.delete(goOn);
      setImmediate(goOn);
    }
  }
  /** Calls back once there is room for so many bytes. */
  wait(bytes, goOn) {
    this.#waiting.set(goOn, bytes);
  }
  forget(goOn) {
    this.#waiting.delete(goOn);
  }
}
export {
  SocketMemory
};
//# sourceMappingURL=socket-memory.js.map
