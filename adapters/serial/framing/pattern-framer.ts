/** Frames that end where a pattern first matches. Empty ones are left out. */
import type { Pattern, Scanner } from '../patterns/pattern.js';
import { ByteStore, type Framer, type FrameSink } from './framer.js';

export class PatternFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #scanner: Scanner;
  readonly #keeps: boolean;
  readonly #store: ByteStore;
  #skipped = 0;

  /** @param keeps - what the pattern matched belongs to the content */
  constructor(sink: FrameSink, pattern: Pattern, keeps: boolean, limit: number) {
    this.#sink = sink;
    this.#scanner = pattern.scanner();
    this.#keeps = keeps;
    this.#store = new ByteStore(limit);
  }

  get pending(): number {
    return this.#store.length;
  }

  push(chunk: Buffer): void {
    const store = this.#store;
    for (const byte of chunk) {
      const matchAt = this.#scanner.next(byte);
      if (this.#skipped > 0 || !store.add(byte)) {
        this.#skipped += store.length + 1;
        store.clear();
        if (matchAt !== undefined) this.#endSkip();
      } else if (matchAt !== undefined) {
        const frame = store.copy();
        const to = this.#keeps ? frame.length : matchAt;
        if (to > 0 && !this.#sink.frame(frame, 0, to)) this.#sink.discard('checksum', frame.length);
        store.clear();
        this.#scanner.reset();
      }
    }
  }

  cut(): void {
    if (this.#skipped > 0) this.#endSkip();
    if (this.#store.length > 0) this.#sink.discard('partial', this.#store.length);
    this.#store.clear();
    this.#scanner.reset();
  }

  #endSkip(): void {
    this.#sink.discard('long', this.#skipped);
    this.#skipped = 0;
    this.#scanner.reset();
  }
}
