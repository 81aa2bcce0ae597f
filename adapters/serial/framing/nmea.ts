/** NMEA 0183: `$` or `!`, printable characters, `*` and the XOR of what is between in two hexadecimal digits, CR LF. */
import { ByteStore, type Framer, type FrameSink } from './framer.js';

const DOLLAR = 0x24;
const BANG = 0x21;
const STAR = 0x2a;
const CR = 0x0d;
const LF = 0x0a;

export function encodeNmea(content: Buffer): Buffer {
  let sum = 0;
  for (const byte of content) sum ^= byte;
  const digits = sum.toString(16).toUpperCase().padStart(2, '0');
  return Buffer.concat([Buffer.of(DOLLAR), content, Buffer.from(`*${digits}\r\n`)]);
}

export class NmeaFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #store: ByteStore;
  readonly #needsSum: boolean;
  #noise = 0;

  /** @param needsSum - a sentence without a checksum is none */
  constructor(sink: FrameSink, needsSum: boolean, limit: number) {
    this.#sink = sink;
    this.#needsSum = needsSum;
    this.#store = new ByteStore(limit);
  }

  get pending(): number {
    return this.#store.length;
  }

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      if (byte === DOLLAR || byte === BANG) this.#begin(byte);
      else if (this.#store.length === 0) this.#noise++;
      else if (byte === CR || byte === LF) this.#end();
      else if (byte < 0x20 || byte > 0x7e) this.#discard('damaged', 1);
      else if (!this.#store.add(byte)) this.#discard('long', 1);
    }
  }

  cut(): void {
    this.#tellNoise();
    if (this.#store.length > 0) this.#discard('partial', 0);
  }

  #begin(byte: number): void {
    this.#tellNoise();
    if (this.#store.length > 0) this.#discard('damaged', 0);
    this.#store.add(byte);
  }

  #end(): void {
    const frame = this.#store.copy();
    const star = frame.lastIndexOf(STAR);
    const to = star < 0 ? frame.length : star;
    const isRight = star < 0 ? !this.#needsSum : sumFits(frame, star);
    if (!isRight || !this.#sink.frame(frame, 1, to)) this.#sink.discard('checksum', frame.length);
    this.#store.clear();
  }

  #discard(reason: 'damaged' | 'long' | 'partial', more: number): void {
    this.#sink.discard(reason, this.#store.length + more);
    this.#store.clear();
  }

  /** The line ends of good sentences are none. */
  #tellNoise(): void {
    if (this.#noise > 1) this.#sink.discard('noise', this.#noise);
    this.#noise = 0;
  }
}

function sumFits(frame: Buffer, star: number): boolean {
  const digits = frame.toString('latin1', star + 1);
  if (!/^[0-9a-f]{2}$/i.test(digits)) return false;
  let sum = 0;
  for (let i = 1; i < star; i++) sum ^= frame[i]!;
  return sum === Number.parseInt(digits, 16);
}
