/** Frames behind one another, in a buffer that is handed to another thread. */
const FIRST_BYTES = 4096;

export class Packer {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;

  add(frame: Uint8Array): void {
    if (this.#length + frame.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + frame.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(frame, this.#length);
    this.#length += frame.length;
  }

  /** What was added; its buffer is the receiver's. */
  take(): Uint8Array<ArrayBuffer> {
    const packed = this.#bytes.subarray(0, this.#length);
    this.#bytes = new Uint8Array(FIRST_BYTES);
    this.#length = 0;
    return packed;
  }
}
