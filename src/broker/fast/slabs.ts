/**
 * Buffers in which what goes to one socket is put together, used again and again: to allocate one per write costs more
 * than to fill it. They are lent for a turn or two; what nobody needs for long is given back to the system.
 */

import { copyTo, wordsOf } from './words.js';

/** What is read at a time, so that what is read from one and goes to one is one copy. */
export const SLAB_BYTES = 64 * 1024;
/** Lent at a time, 48 MB at most, of which 32 are written to: many sockets with little to write each must not take a slab each. */
const MAX_LENT = 512;
/** Kept in any case; more only as long as so many are lent at a time. */
const MIN_SPARE = 64;
/** How fast it is forgotten how many were needed: 1,000 turns or so. */
const DECAY = 0.999;

/**
 * A cache has few places for memory at the same distance from multiples of 64 KiB, and slabs are mostly filled a little: their
 * beginnings are apart (test/bench F).
 */
const SHIFT = 4_096 + 64;
const SHIFTS = 16;

/** One of them, filled from the front. */
export class Slab {
  readonly bytes: Buffer;
  readonly #words: DataView;
  /** Taken the last time it was new; a view costs more than a short packet (test/bench A1). */
  #beginning: Buffer | undefined;
  /** What lies before it was taken. */
  start = 0;
  end = 0;
  /** PUBLISH packets of QoS 0 between {@link start} and {@link end}. */
  messages = 0;

  /** @param shift - of its beginning in memory, bytes */
  constructor(shift: number) {
    this.bytes = Buffer.allocUnsafeSlow(shift + SLAB_BYTES).subarray(shift);
    this.#words = new DataView(this.bytes.buffer, shift);
  }

  get isEmpty(): boolean {
    return this.end === this.start;
  }

  fits(bytes: number): boolean {
    return this.end + bytes <= SLAB_BYTES;
  }

  /** Copies packets from `source`; only if they {@link fits}. @param words - of `source`. @returns where they are */
  add(source: Buffer, start: number, end: number, messages: number, words = wordsOf(source)): number {
    const at = this.end;
    copyTo(this.bytes, this.#words, at, source, words, start, end);
    this.end = at + end - start;
    this.messages += messages;
    return at;
  }

  /** A packet of four bytes; only if it {@link fits}. */
  add4(first: number, high: number, low: number): void {
    const { bytes, end } = this;
    bytes[end] = first;
    bytes[end + 1] = 2;
    bytes[end + 2] = high;
    bytes[end + 3] = low;
    this.end = end + 4;
  }

  /** What was added since the last time. */
  take(): Buffer {
    const { start, end } = this;
    this.start = end;
    this.messages = 0;
    if (start > 0) return this.bytes.subarray(start, end);
    if (this.#beginning?.length !== end) this.#beginning = this.bytes.subarray(0, end);
    return this.#beginning;
  }
}

export class Slabs {
  readonly #spare: Slab[] = [];
  #lent = 0;
  #made = 0;
  /** Most lent since all were back. */
  #peak = 0;
  #needed = MIN_SPARE;

  /** @returns undefined when too many are out */
  take(): Slab | undefined {
    if (this.#lent >= MAX_LENT) return undefined;
    this.#lent++;
    if (this.#lent > this.#peak) this.#peak = this.#lent;
    return this.#spare.pop() ?? new Slab((this.#made++ % SHIFTS) * SHIFT);
  }

  /** Nobody reads it any more. */
  giveBack(slab: Slab): void {
    this.forget();
    if (this.#spare.length >= this.#needed) return;
    slab.start = 0;
    slab.end = 0;
    slab.messages = 0;
    this.#spare.push(slab);
  }

  /** It is still read by somebody, and will not come back. */
  forget(): void {
    this.#lent--;
    if (this.#peak > this.#needed) this.#needed = this.#peak;
    if (this.#lent > 0) return;
    this.#needed = Math.max(MIN_SPARE, this.#peak, this.#needed * DECAY);
    this.#peak = 0;
    if (this.#spare.length > this.#needed) this.#spare.pop();
  }
}
