/** Frames that end with silence: everything between two gaps is one. The receiver calls cut() after the gap. */
import { ByteStore, type Framer, type FrameSink } from './framer.js';

export class GapFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #store: ByteStore;
  #skipped = 0;

  constructor(sink: FrameSink, limit: number) {
    this.#sink = sink;
    this.#store = new ByteStore(limit);
  }

  get pending(): number {
    return this.#store.length + (this.#skipped > 0 ? 1 : 0);
  }

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      if (this.#skipped === 0 && this.#store.add(byte)) continue;
      this.#skipped += this.#store.length + 1;
      this.#store.clear();
    }
  }

  cut(): void {
    if (this.#skipped > 0) this.#sink.discard('long', this.#skipped);
    else if (this.#store.length > 0) {
      const frame = this.#store.copy();
      if (!this.#sink.frame(frame, 0, frame.length)) this.#sink.discard('checksum', frame.length);
    }
    this.#skipped = 0;
    this.#store.clear();
  }
}
