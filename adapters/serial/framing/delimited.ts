/** Frames that end with a delimiter, or with CR or LF whichever comes. Empty ones are left out. */
import { ByteStore, type Framer, type FrameSink, Needle } from './framer.js';

/** Whether a frame ends with this byte, and how many of its bytes are the delimiter. */
export interface Ending {
  readonly length: number;
  next(byte: number): boolean;
  reset(): void;
}

export function delimiterEnding(delimiter: Buffer): Ending {
  const needle = new Needle(delimiter);
  return { length: delimiter.length, next: (byte) => needle.next(byte), reset: () => needle.reset() };
}

const CR = 0x0d;
const LF = 0x0a;
export const lineEnding: Ending = { length: 1, next: (byte) => byte === CR || byte === LF, reset: () => {} };

export class DelimitedFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #ending: Ending;
  readonly #keeps: boolean;
  readonly #store: ByteStore;
  /** Too long already: up to the next delimiter everything is thrown away. */
  #skipped = 0;

  /** @param keeps - the delimiter belongs to the content */
  constructor(sink: FrameSink, ending: Ending, keeps: boolean, limit: number) {
    this.#sink = sink;
    this.#ending = ending;
    this.#keeps = keeps;
    this.#store = new ByteStore(limit);
  }

  get pending(): number {
    return this.#store.length;
  }

  push(chunk: Buffer): void {
    const store = this.#store;
    for (const byte of chunk) {
      const isEnd = this.#ending.next(byte);
      if (this.#skipped > 0 || !store.add(byte)) {
        this.#skipped += store.length + 1;
        store.clear();
        if (isEnd) this.#endSkip();
      } else if (isEnd) {
        const to = store.length - this.#ending.length;
        if (to > 0) {
          const frame = store.copy();
          if (!this.#sink.frame(frame, 0, this.#keeps ? frame.length : to))
            this.#sink.discard('checksum', frame.length);
        }
        store.clear();
      }
    }
  }

  cut(): void {
    if (this.#skipped > 0) this.#endSkip();
    if (this.#store.length > 0) this.#sink.discard('partial', this.#store.length);
    this.#store.clear();
    this.#ending.reset();
  }

  #endSkip(): void {
    this.#sink.discard('long', this.#skipped);
    this.#skipped = 0;
  }
}
