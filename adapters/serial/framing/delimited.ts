/** Frames that end with a delimiter, with CR or LF whichever comes, or where a pattern first matches. Empty ones are left out. */
import type { Pattern } from '../patterns/pattern.js';
import { ByteStore, type Framer, type FrameSink, Needle } from './framer.js';

export interface Ending {
  /**
   * @param at - where in its frame this byte is
   * @returns undefined: the frame goes on; otherwise it ends with this byte: where its content ends
   */
  next(byte: number, at: number): number | undefined;
  /** The next byte begins a frame. */
  reset(): void;
}

/** @param keeps - the delimiter belongs to the content */
export function delimiterEnding(delimiter: Buffer, keeps: boolean): Ending {
  const needle = new Needle(delimiter);
  return {
    next(byte, at) {
      if (!needle.next(byte)) return undefined;
      const to = at + 1 - delimiter.length;
      return keeps && to > 0 ? at + 1 : to;
    },
    reset: () => needle.reset(),
  };
}

/** @param keeps - what the pattern matched belongs to the content */
export function patternEnding(pattern: Pattern, keeps: boolean): Ending {
  const scanner = pattern.scanner();
  return {
    next(byte, at) {
      const to = scanner.next(byte);
      return to !== undefined && keeps ? at + 1 : to;
    },
    reset: () => scanner.reset(),
  };
}

const CR = 0x0d;
const LF = 0x0a;
export const lineEnding: Ending = {
  next: (byte, at) => (byte === CR || byte === LF ? at : undefined),
  reset: () => {},
};

export class DelimitedFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #ending: Ending;
  readonly #store: ByteStore;
  /** Too long already: up to the next delimiter everything is thrown away. */
  #skipped = 0;

  constructor(sink: FrameSink, ending: Ending, limit: number) {
    this.#sink = sink;
    this.#ending = ending;
    this.#store = new ByteStore(limit);
  }

  get pending(): number {
    return this.#store.length;
  }

  push(chunk: Buffer): void {
    const store = this.#store;
    for (const byte of chunk) {
      const to = this.#ending.next(byte, store.length);
      if (this.#skipped > 0 || !store.add(byte)) {
        this.#skipped += store.length + 1;
        store.clear();
        if (to !== undefined) this.#endSkip();
      } else if (to !== undefined) {
        if (to > 0 && !this.#sink.frame(store.copy(), 0, to)) this.#sink.discard('checksum', store.length);
        store.clear();
        this.#ending.reset();
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
    this.#ending.reset();
  }
}
