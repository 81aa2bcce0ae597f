/** SLIP (RFC 1055): END closes a frame, ESC escapes. */
import { ByteStore, type Framer, type FrameSink } from './framer.js';

const END = 0xc0;
const ESC = 0xdb;
const ESC_END = 0xdc;
const ESC_ESC = 0xdd;

export function encodeSlip(content: Buffer): Buffer {
  const out: number[] = [END];
  for (const byte of content) {
    if (byte === END) out.push(ESC, ESC_END);
    else if (byte === ESC) out.push(ESC, ESC_ESC);
    else out.push(byte);
  }
  out.push(END);
  return Buffer.from(out);
}

export class SlipFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #store: ByteStore;
  #isEscaped = false;
  /** Broken: thrown away up to the next END. */
  #lost: 'damaged' | 'long' | undefined;
  #lostBytes = 0;

  constructor(sink: FrameSink, limit: number) {
    this.#sink = sink;
    this.#store = new ByteStore(limit);
  }

  get pending(): number {
    return this.#store.length;
  }

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      if (byte === END) this.#end();
      else if (this.#lost !== undefined) this.#lostBytes++;
      else if (this.#isEscaped) {
        this.#isEscaped = false;
        if (byte === ESC_END) this.#add(END);
        else if (byte === ESC_ESC) this.#add(ESC);
        else this.#lose('damaged', 2);
      } else if (byte === ESC) this.#isEscaped = true;
      else this.#add(byte);
    }
  }

  cut(): void {
    if (this.#lost !== undefined) this.#sink.discard(this.#lost, this.#lostBytes);
    else if (this.#store.length > 0 || this.#isEscaped) this.#sink.discard('partial', this.#store.length);
    this.#clear();
  }

  #end(): void {
    if (this.#lost !== undefined) this.#sink.discard(this.#lost, this.#lostBytes);
    else if (this.#isEscaped) this.#sink.discard('damaged', this.#store.length + 1);
    else if (this.#store.length > 0) {
      const frame = this.#store.copy();
      if (!this.#sink.frame(frame, 0, frame.length)) this.#sink.discard('checksum', frame.length);
    }
    this.#clear();
  }

  #add(byte: number): void {
    if (!this.#store.add(byte)) this.#lose('long', 1);
  }

  #lose(reason: 'damaged' | 'long', more: number): void {
    this.#lost = reason;
    this.#lostBytes = this.#store.length + more;
    this.#store.clear();
  }

  #clear(): void {
    this.#store.clear();
    this.#isEscaped = false;
    this.#lost = undefined;
    this.#lostBytes = 0;
  }
}
