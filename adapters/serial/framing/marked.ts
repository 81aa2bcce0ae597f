/**
 * Frames between two markers: STX … ETX, with an escape byte where the content may contain them, and bytes behind the end
 * that belong to them (BCC). A second start begins the frame anew.
 *
 *   hunt ──start──▶ inside ──end──▶ trailer ──▶ hunt
 *     ▲               │ ▲└──start──┘
 *     └─bad escape────┘
 */
import { ByteStore, type Framer, type FrameSink, Needle } from './framer.js';

export interface MarkedOptions {
  readonly start: Buffer;
  readonly end: Buffer;
  /** In front of a byte that is meant as it is; undefined: there is none. */
  readonly escapeByte: number | undefined;
  /** What follows an escape is XORed with this. */
  readonly escapeXor: number;
  /** Bytes behind the end marker. */
  readonly trailer: number;
  readonly limit: number;
}

type State = 'hunt' | 'inside' | 'trailer';

export class MarkedFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #o: MarkedOptions;
  readonly #start: Needle;
  readonly #end: Needle;
  /** The markers begin with the escape byte: DLE STX … DLE ETX, and DLE DLE for a DLE. */
  readonly #isStuffed: boolean;
  /** One marker for both ends: it closes a frame and opens the next. */
  readonly #isShared: boolean;
  readonly #store: ByteStore;
  #state: State = 'hunt';
  #isEscaped = false;
  #contentEnd = 0;
  #noise = 0;

  constructor(sink: FrameSink, options: MarkedOptions) {
    this.#sink = sink;
    this.#o = options;
    this.#start = new Needle(options.start);
    this.#end = new Needle(options.end);
    const { start, end, escapeByte } = options;
    this.#isStuffed =
      escapeByte !== undefined && start.length === 2 && start[0] === escapeByte && end[0] === escapeByte;
    this.#isShared = start.equals(end);
    this.#store = new ByteStore(options.limit);
  }

  get pending(): number {
    return this.#store.length;
  }

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      if (this.#state === 'hunt') this.#hunt(byte);
      else if (this.#state === 'inside') this.#inside(byte);
      else this.#trail(byte);
    }
  }

  cut(): void {
    this.#toldNoise();
    if (this.#store.length > this.#o.start.length || (this.#store.length > 0 && !this.#isShared)) {
      this.#sink.discard('partial', this.#store.length);
    }
    this.#abandon();
  }

  #hunt(byte: number): void {
    this.#noise++;
    if (!this.#start.next(byte)) return;
    this.#noise -= this.#o.start.length;
    this.#begin();
  }

  #begin(): void {
    this.#toldNoise();
    this.#state = 'inside';
    this.#isEscaped = false;
    this.#store.clear();
    this.#start.reset();
    this.#end.reset();
    for (const one of this.#o.start) this.#store.add(one);
  }

  #inside(byte: number): void {
    const { escapeByte, escapeXor, start, end } = this.#o;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      if (!this.#isStuffed) this.#keep(byte ^ escapeXor);
      else if (byte === escapeByte) this.#keep(byte);
      else if (byte === end[1]) this.#finish(Buffer.concat([end]));
      else if (byte === start[1]) this.#restart();
      else this.#damaged(2);
      return;
    }
    if (byte === escapeByte) {
      this.#isEscaped = true;
      this.#start.reset();
      this.#end.reset();
      return;
    }
    if (this.#isStuffed) {
      this.#keep(byte);
      return;
    }
    const isStart = this.#start.next(byte);
    const isEnd = this.#end.next(byte);
    if (!this.#keep(byte)) return;
    if (isEnd) this.#ended();
    else if (isStart) {
      this.#store.drop(this.#store.length);
      this.#restart();
    }
  }

  /** The end marker lies in the store already. */
  #ended(): void {
    const { end, start } = this.#o;
    this.#contentEnd = this.#store.length - end.length;
    if (this.#contentEnd < start.length) {
      // Two shared markers in a row: the frame begins with the second.
      if (this.#isShared) this.#begin();
      else this.#damaged(0);
      return;
    }
    if (this.#isShared && this.#contentEnd === start.length) this.#begin();
    else this.#toTrailer();
  }

  #finish(end: Buffer): void {
    this.#contentEnd = this.#store.length;
    for (const one of end) if (!this.#keep(one)) return;
    this.#toTrailer();
  }

  #toTrailer(): void {
    this.#state = 'trailer';
    if (this.#o.trailer === 0) this.#emit();
  }

  #trail(byte: number): void {
    const { end, trailer } = this.#o;
    if (!this.#keep(byte)) return;
    if (this.#store.length === this.#contentEnd + end.length + trailer) this.#emit();
  }

  #emit(): void {
    const frame = this.#store.copy();
    if (!this.#sink.frame(frame, this.#o.start.length, this.#contentEnd)) this.#sink.discard('checksum', frame.length);
    this.#abandon();
    if (this.#isShared) this.#begin();
  }

  #restart(): void {
    this.#sink.discard('damaged', this.#store.length);
    this.#begin();
  }

  /** @returns false when the frame is too long, and given up */
  #keep(byte: number): boolean {
    if (this.#store.add(byte)) return true;
    this.#sink.discard('long', this.#store.length + 1);
    this.#abandon();
    return false;
  }

  #damaged(more: number): void {
    this.#sink.discard('damaged', this.#store.length + more);
    this.#abandon();
  }

  #abandon(): void {
    this.#state = 'hunt';
    this.#store.clear();
    this.#isEscaped = false;
    this.#start.reset();
    this.#end.reset();
  }

  #toldNoise(): void {
    if (this.#noise > 0) this.#sink.discard('noise', this.#noise);
    this.#noise = 0;
  }
}
