/**
 * The bytes of one device: framed, checked and counted.
 *
 *   chunk ──▶ framer ──▶ checksum ──▶ onFrame(content, whole)
 *               ▲
 *               └── cut() after `gap` or `timeout` of silence
 */
import type { Clock, Timer } from '../../src/adapter.js';
import type { Checksum } from './checksums/checksum.js';
import { createFramer, type FrameOptions } from './framing/frame.js';
import type { Discard, Framer } from './framing/framer.js';

export interface ReceiverOptions extends FrameOptions {
  readonly checksum: Checksum | undefined;
  /** A frame that was begun and is not continued for so long is given up, ms. */
  readonly timeout: number;
  readonly clock: Clock;
  /** @param content - without markers and checksum; @param whole - as it was on the wire, escapes resolved */
  readonly onFrame: (content: Buffer, whole: Buffer) => void;
  readonly onDiscard: (reason: Discard, bytes: number) => void;
}

/** How often bytes did not become a frame, by reason. */
export type Discards = Readonly<Record<Discard, number>>;

export class Receiver implements Disposable {
  frames = 0;
  readonly #discards: Record<Discard, number> = { noise: 0, long: 0, damaged: 0, checksum: 0, partial: 0 };
  readonly #o: ReceiverOptions;
  readonly #framer: Framer;
  /** ms of silence that end what is pending. */
  readonly #silence: number;
  #heardAt = 0;
  #timer: Timer | undefined;

  constructor(options: ReceiverOptions) {
    this.#o = options;
    const { frame } = options;
    this.#silence = frame.kind === 'gap' ? frame.gap : options.timeout;
    this.#framer = createFramer(options, {
      frame: (bytes, from, to) => this.#take(bytes, from, to),
      discard: (reason, bytes) => {
        this.#discards[reason]++;
        options.onDiscard(reason, bytes);
      },
    });
  }

  get discards(): Discards {
    return this.#discards;
  }

  /** Bytes of a frame that is not complete. */
  get pending(): number {
    return this.#framer.pending;
  }

  push(chunk: Buffer): void {
    const now = this.#o.clock.monotonic();
    // The timer may be late; the gap was there nonetheless.
    if (this.#framer.pending > 0 && now - this.#heardAt > this.#silence) this.#framer.cut();
    this.#heardAt = now;
    this.#framer.push(chunk);
    this.#watch();
  }

  /** Forgets what was begun: a question is about to be asked. */
  reset(): void {
    if (this.#framer.pending > 0) this.#framer.cut();
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** One timer, that looks again when bytes came meanwhile. */
  #watch(): void {
    if (this.#timer !== undefined || this.#framer.pending === 0) return;
    const wait = this.#heardAt + this.#silence - this.#o.clock.monotonic();
    this.#timer = this.#o.clock.after(Math.max(1, Math.ceil(wait)), () => {
      this.#timer = undefined;
      const rest = this.#heardAt + this.#silence - this.#o.clock.monotonic();
      if (rest <= 0) this.#framer.cut();
      this.#watch();
    });
  }

  #take(bytes: Buffer, from: number, to: number): boolean {
    const { checksum, frame } = this.#o;
    let end = to;
    if (checksum !== undefined) {
      const hasTrailer = frame.kind === 'marked' && frame.trailer > 0;
      if (!checksum.fits(bytes, from, hasTrailer ? bytes.length : to)) return false;
      if (!hasTrailer) end = to - checksum.bytes;
    }
    this.frames++;
    this.#o.onFrame(bytes.subarray(from, end), bytes);
    return true;
  }
}
