/** What comes out of a broker, counted without a codec. */

/** Walks over whole frames, however the stream is cut, and hands out the few bytes that matter. */
export class FrameScanner {
  /** First bytes of the current frame: header, topic and packet identifier fit. */
  readonly #head = Buffer.alloc(256);
  #have = 0;
  /** Of the current frame; 0: not yet known. */
  #length = 0;
  readonly #onFrame: (head: Buffer, length: number) => void;

  /** @param onFrame - gets the first bytes of a frame (up to 256), valid during the call, and its length in all */
  constructor(onFrame: (head: Buffer, length: number) => void) {
    this.#onFrame = onFrame;
  }

  add(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#have === 0) {
        // Whole frames are looked at where they are.
        const length = frameLength(bytes, at, bytes.length);
        if (length > 0 && at + length <= bytes.length) {
          this.#onFrame(bytes.subarray(at, at + Math.min(length, 256)), length);
          at += length;
          continue;
        }
      }
      at = this.#addPart(bytes, at);
    }
  }

  #addPart(bytes: Buffer, start: number): number {
    let at = start;
    while (this.#length === 0 && at < bytes.length) {
      this.#head[this.#have++] = bytes[at++]!;
      this.#length = frameLength(this.#head, 0, this.#have);
    }
    const take = Math.min(this.#length - this.#have, bytes.length - at);
    if (this.#length === 0 || take < 0) return at;
    const room = this.#head.length - Math.min(this.#have, this.#head.length);
    bytes.copy(this.#head, this.#have, at, at + Math.min(take, room));
    this.#have += take;
    if (this.#have === this.#length) {
      const length = this.#length;
      this.#have = 0;
      this.#length = 0;
      this.#onFrame(this.#head.subarray(0, Math.min(length, 256)), length);
    }
    return at + take;
  }
}

/** @returns length of the frame that starts there, 0 when its header is not complete */
function frameLength(bytes: Buffer, start: number, end: number): number {
  let remaining = 0;
  for (let i = 0; i < 4; i++) {
    if (start + 1 + i >= end) return 0;
    const byte = bytes[start + 1 + i]!;
    remaining |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return 2 + i + remaining;
  }
  return 0;
}

/** Counts whole frames that all have the same size: cheaper than to look at them. */
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

  /** @returns the samples since the last call or {@link clear} */
  take(): Float64Array {
    const samples = this.#samples.slice(0, Math.min(this.#count, this.#samples.length));
    this.clear();
    return samples;
  }
}

/** @param share - 0.5 is the median; NaN without samples */
export function quantile(samples: Float64Array, share: number): number {
  const sorted = samples.toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
