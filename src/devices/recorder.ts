/**
 * The flight recorder of a port: what its wire carried last, with times. Always on, so it costs one copy per chunk:
 * records lie one behind another in a few buffers that are used again, the oldest goes first.
 */

import type { WireBytes } from '../core/adapter.js';
import type { Clock } from '../core/clock.js';

/** Bytes of one buffer, and how many there are: what a port keeps at most. */
const SEGMENT_BYTES = 32 * 1024;
const SEGMENTS = 8;
/** Time (8), sequence (8), direction (1), length (2). */
const HEAD_BYTES = 19;
/** Longer chunks are recorded as several. */
const MAX_PART = 16 * 1024;

interface Segment {
  readonly bytes: Buffer;
  length: number;
}

export interface RecordedBytes extends WireBytes {
  /** Grows by one with every record of the port. */
  readonly sequence: number;
}

export class Recorder {
  readonly #clock: Clock;
  #segments: Segment[] = [];
  #sequence = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records that were ever made. */
  get count(): number {
    return this.#sequence;
  }

  add(sent: boolean, bytes: Uint8Array): void {
    // The wall clock has milliseconds; within one, the monotonic clock goes on.
    const at = this.#clock.now() * 1_000 + Math.floor((this.#clock.monotonic() % 1) * 1_000);
    for (let from = 0; from < bytes.length; from += MAX_PART) {
      this.#write(at, sent, bytes, from, Math.min(bytes.length, from + MAX_PART));
    }
  }

  /** @returns records after this sequence, oldest first, with memory of their own */
  after(sequence: number, limit: number): readonly RecordedBytes[] {
    const found: RecordedBytes[] = [];
    for (const { bytes, length } of this.#segments) {
      for (let at = 0; at < length; ) {
        const size = bytes.readUInt16LE(at + 17);
        const number = bytes.readDoubleLE(at + 8);
        if (number > sequence) {
          if (found.length >= limit) return found;
          const data = Buffer.from(bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + size));
          found.push({ at: bytes.readDoubleLE(at), sequence: number, sent: bytes[at + 16] === 1, bytes: data });
        }
        at += HEAD_BYTES + size;
      }
    }
    return found;
  }

  #write(at: number, sent: boolean, bytes: Uint8Array, from: number, to: number): void {
    const segment = this.#segment(HEAD_BYTES + to - from);
    const { bytes: target, length } = segment;
    target.writeDoubleLE(at, length);
    target.writeDoubleLE(++this.#sequence, length + 8);
    target[length + 16] = sent ? 1 : 0;
    target.writeUInt16LE(to - from, length + 17);
    target.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), length + HEAD_BYTES);
    segment.length = length + HEAD_BYTES + to - from;
  }

  /** The newest buffer, if so much fits into it; else the next. */
  #segment(needed: number): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.length + needed <= SEGMENT_BYTES) return last;
    const oldest = this.#segments.length < SEGMENTS ? undefined : this.#segments.shift();
    const segment = oldest ?? { bytes: Buffer.allocUnsafeSlow(SEGMENT_BYTES), length: 0 };
    segment.length = 0;
    this.#segments.push(segment);
    return segment;
  }
}
