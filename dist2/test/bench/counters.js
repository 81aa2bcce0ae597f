class FrameCounter {
  #frameBytes;
  #rest = 0;
  /** Whole frames so far. */
  count = 0;
  constructor(frameBytes) {
    this.#frameBytes = frameBytes;
  }
  get isNew() {
    return this.count === 0 && this.#rest === 0;
  }
  /** @returns how many frames were completed by these bytes */
  add(bytes) {
    const all = this.#rest + bytes;
    const frames = Math.floor(all / this.#frameBytes);
    this.#rest = all - frames * this.#frameBytes;
    this.count += frames;
    return frames;
  }
}
class Acknowledger {
  #frameBytes;
  #idAt;
  /** Bytes of the current frame already seen. */
  #position = 0;
  #high = 0;
  /** @param idAt - where the packet identifier is in the frame */
  constructor(frameBytes, idAt) {
    this.#frameBytes = frameBytes;
    this.#idAt = idAt;
  }
  /** @returns PUBACKs for the frames whose identifier is complete */
  answer(bytes) {
    const answers = Buffer.allocUnsafe(4 * (Math.ceil(bytes.length / this.#frameBytes) + 1));
    let length = 0;
    let start = -this.#position;
    for (; start < bytes.length; start += this.#frameBytes) {
      const high = start + this.#idAt;
      if (high >= 0 && high < bytes.length) this.#high = bytes[high];
      if (high + 1 >= 0 && high + 1 < bytes.length) {
        answers[length++] = 64;
        answers[length++] = 2;
        answers[length++] = this.#high;
        answers[length++] = bytes[high + 1];
      }
    }
    this.#position = (this.#position + bytes.length) % this.#frameBytes;
    return answers.subarray(0, length);
  }
}
class Latencies {
  #samples = new Float64Array(1 << 20);
  #count = 0;
  add(ms) {
    this.#samples[this.#count++ % this.#samples.length] = ms;
  }
  clear() {
    this.#count = 0;
  }
  /** @param share - 0.5 is the median; NaN without samples */
  quantile(share) {
    const sorted = this.#samples.slice(0, Math.min(this.#count, this.#samples.length)).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  }
}
export {
  Acknowledger,
  FrameCounter,
  Latencies
};
//# sourceMappingURL=counters.js.map
