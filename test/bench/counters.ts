/** Counting frames in a stream of bytes in which all frames have the same size. */

/** Counts whole frames. */
export class FrameCounter {
  readonly #frameBytes: number;
  #rest = 0;
  /** Whole frames so far. */
  count = 0;

  constructor(frameBytes: number) {
    this.#frameBytes = frameBytes;
  }

  get isNew(): boolean {
    return this.count === 0 && this.#rest === 0;
  }

  /** @returns how many frames were completed by these bytes */
  add(bytes: number): number {
    const all = this.#rest + bytes;
    const frames = Math.floor(all / this.#frameBytes);
    this.#rest = all - frames * this.#frameBytes;
    this.count += frames;
    return frames;
  }
}

/** Takes the packet identifiers out of QoS 1 PUBLISH frames of one size and makes the PUBACKs. */
export class Acknowledger {
  readonly #frameBytes: number;
  readonly #idAt: number;
  /** Bytes of the current frame already seen. */
  #position = 0;
  #high = 0;

  /** @param idAt - where the packet identifier is in the frame */
  constructor(frameBytes: number, idAt: number) {
    this.#frameBytes = frameBytes;
    this.#idAt = idAt;
  }

  /** @returns PUBACKs for the frames whose identifier is complete */
  answer(bytes: Buffer): Buffer {
    const answers = Buffer.allocUnsafe(4 * (Math.ceil(bytes.length / this.#frameBytes) + 1));
    let length = 0;
    // `start` is where the current frame begins, relative to these bytes; before them it is negative.
    let start = -this.#position;
    for (; start < bytes.length; start += this.#frameBytes) {
      const high = start + this.#idAt;
      if (high >= 0 && high < bytes.length) this.#high = bytes[high]!;
      if (high + 1 >= 0 && high + 1 < bytes.length) {
        answers[length++] = 0x40;
        answers[length++] = 2;
        answers[length++] = this.#high;
        answers[length++] = bytes[high + 1]!;
      }
    }
    this.#position = (this.#position + bytes.length) % this.#frameBytes;
    return answers.subarray(0, length);
  }
}

/** Samples of a duration, ms. */
export class Latencies {
  readonly #samples = new Float64Array(1 << 20);
  #count = 0;

  add(ms: number): void {
    this.#samples[this.#count++ % this.#samples.length] = ms;
  }

  clear(): void {
    this.#count = 0;
  }

  /** @param share - 0.5 is the median; NaN without samples */
  quantile(share: number): number {
    const sorted = this.#samples.slice(0, Math.min(this.#count, this.#samples.length)).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  }
}
