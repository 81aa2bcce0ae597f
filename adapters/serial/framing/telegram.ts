/**
 * Telegrams of meters: `/`, lines, `!`, and in DSMR 4 and later CRC-16/ARC of everything from `/` to `!` in four
 * hexadecimal digits, CR LF (DSMR P1 companion standard §6.2). A `/` at the beginning of a line begins it anew.
 */
import { CRC_CATALOGUE, createCrc } from '../checksums/crc.js';
import { ByteStore, type Framer, type FrameSink } from './framer.js';

const SLASH = 0x2f;
const BANG = 0x21;
const LF = 0x0a;
const crc = createCrc(CRC_CATALOGUE.get('crc-16/arc')!);

export class TelegramFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #store: ByteStore;
  readonly #needsCrc: boolean;
  /** Where the line with `!` begins; −1: not yet. */
  #endAt = -1;
  #noise = 0;

  /** @param needsCrc - a telegram without one is none (DSMR 2 and 3 have none) */
  constructor(sink: FrameSink, needsCrc: boolean, limit: number) {
    this.#sink = sink;
    this.#needsCrc = needsCrc;
    this.#store = new ByteStore(limit);
  }

  get pending(): number {
    return this.#store.length;
  }

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      const { length } = this.#store;
      const isLineStart = length > 0 && this.#store.at(length - 1) === LF;
      if (byte === SLASH && (length === 0 || isLineStart)) {
        if (length > 0) this.#discard('damaged');
        else this.#tellNoise();
        this.#store.add(byte);
        continue;
      }
      if (length === 0) {
        this.#noise++;
        continue;
      }
      if (byte === BANG && isLineStart) this.#endAt = length;
      if (!this.#store.add(byte)) this.#discard('long');
      else if (byte === LF && this.#endAt >= 0) this.#end();
    }
  }

  cut(): void {
    this.#tellNoise();
    if (this.#store.length > 0) this.#discard('partial');
  }

  #end(): void {
    const frame = this.#store.copy();
    const end = this.#endAt;
    const digits = frame.toString('latin1', end + 1).trim();
    const fits =
      digits === ''
        ? !this.#needsCrc
        : /^[0-9a-f]{4}$/i.test(digits) && Number.parseInt(digits, 16) === crc(frame, 0, end + 1);
    if (!fits || !this.#sink.frame(frame, 0, end)) this.#sink.discard('checksum', frame.length);
    this.#store.clear();
    this.#endAt = -1;
  }

  #discard(reason: 'damaged' | 'long' | 'partial'): void {
    this.#sink.discard(reason, this.#store.length);
    this.#store.clear();
    this.#endAt = -1;
  }

  #tellNoise(): void {
    if (this.#noise > 0) this.#sink.discard('noise', this.#noise);
    this.#noise = 0;
  }
}
