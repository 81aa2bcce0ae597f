/**
 * Modbus RTU frames on a line on which others talk: a frame is what has the length that its function says, and its CRC.
 * What follows a request from the same unit with the same function, in time, is its answer.
 *
 *   bytes ──▶ [request?] ──▶ waiting for unit, function ──▶ [answer | exception] ──▶ pair
 */
import { hasValidCrc } from '../rtu-frame.js';

/** More than any frame. */
const LIMIT = 1_024;
/** A frame is not continued after such a gap: an operating system may deliver bytes late, µs. */
const GAP_US = 100_000;
/** An answer comes within this time, µs. */
const ANSWER_US = 5_000_000;
const NOTHING = Buffer.alloc(0);

export interface RtuFrame {
  /** Unix µs of its last bytes. */
  readonly at: number;
  readonly isRequest: boolean;
  readonly unit: number;
  /** Without unit and CRC. */
  readonly pdu: Buffer;
  readonly bytes: Buffer;
  /** Of an answer: what was asked. */
  readonly request: RtuFrame | undefined;
}

/** Bytes of a request that begins like this; undefined: more are needed; 0: there is no such request. */
function requestBytes(bytes: Buffer): number | undefined {
  const functionCode = bytes[1]!;
  if (functionCode >= 1 && functionCode <= 6) return 8;
  if (functionCode === 15 || functionCode === 16) return bytes.length < 7 ? undefined : 9 + bytes[6]!;
  if (functionCode === 22) return 10;
  if (functionCode === 23) return bytes.length < 11 ? undefined : 13 + bytes[10]!;
  if (functionCode === 17 || functionCode === 7 || functionCode === 11 || functionCode === 12) return 4;
  if (functionCode === 8) return 8;
  return functionCode === 43 ? 7 : 0;
}

/** The same of an answer. */
function answerBytes(bytes: Buffer): number | undefined {
  const functionCode = bytes[1]!;
  if (functionCode > 0x80) return 5;
  if (functionCode === 5 || functionCode === 6 || functionCode === 15 || functionCode === 16) return 8;
  if (functionCode === 22) return 10;
  if ([1, 2, 3, 4, 17, 23, 12].includes(functionCode)) return bytes.length < 3 ? undefined : 5 + bytes[2]!;
  if (functionCode === 7) return 5;
  if (functionCode === 11 || functionCode === 8) return 8;
  if (functionCode !== 43) return 0;
  let end = 8;
  for (let object = 0; bytes.length >= 8 && object < bytes[7]!; object++) {
    if (bytes.length < end + 2) return undefined;
    end += 2 + bytes[end + 1]!;
  }
  return bytes.length < 8 ? undefined : end + 2;
}

/** Bytes of data that the answer to a read has; undefined: it does not say. */
function dataBytes({ pdu }: RtuFrame): number | undefined {
  const functionCode = pdu[0]!;
  if (functionCode < 1 || functionCode > 4 || pdu.length < 5) return undefined;
  const quantity = pdu.readUInt16BE(3);
  return functionCode <= 2 ? Math.ceil(quantity / 8) : 2 * quantity;
}

export class RtuSniffer {
  /** Bytes that were part of no frame. */
  discarded = 0;
  #bytes: Buffer = NOTHING;
  #at = 0;
  #waiting: RtuFrame | undefined;

  /** @param at - Unix µs; @param sent - by ourselves: a request, and nothing else */
  push(chunk: Buffer, at: number, sent = false): readonly RtuFrame[] {
    const frames: RtuFrame[] = [];
    if (this.#bytes.length > 0 && (sent || at - this.#at > GAP_US)) this.#flush(frames);
    this.#at = at;
    const bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.discarded += Math.max(0, bytes.length - LIMIT);
    this.#bytes = bytes.length > LIMIT ? bytes.subarray(-LIMIT) : bytes;
    while (this.#take(frames, sent));
    return frames;
  }

  /** Nothing more belongs to what is there: a frame may still be behind bytes that are none. */
  #flush(frames: RtuFrame[]): void {
    while (this.#bytes.length > 0) {
      this.#skip();
      while (this.#take(frames, false));
    }
  }

  #skip(): void {
    this.#bytes = this.#bytes.subarray(1);
    this.discarded++;
  }

  /** @returns whether something was taken out, and more may be possible */
  #take(frames: RtuFrame[], sent: boolean): boolean {
    const bytes = this.#bytes;
    if (bytes.length < 4) return false;
    const waiting = this.#isAwaited() ? this.#waiting : undefined;
    const order = waiting === undefined || sent ? [requestBytes, answerBytes] : [answerBytes, requestBytes];
    let isOpen = false;
    for (const length of order) {
      const isRequest = length === requestBytes;
      const size = length(bytes);
      if (size === undefined || (size > 0 && size <= LIMIT && bytes.length < size)) {
        isOpen = true;
        continue;
      }
      if (size === 0 || size > LIMIT || !hasValidCrc(bytes, 0, size)) continue;
      if (isRequest) this.#request(bytes.subarray(0, size), frames);
      else if (waiting === undefined || !this.#answer(bytes.subarray(0, size), waiting, frames)) continue;
      this.#bytes = bytes.subarray(size);
      return true;
    }
    if (isOpen) return false;
    this.#skip();
    return true;
  }

  #isAwaited(): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined || this.#at - waiting.at > ANSWER_US) return false;
    return this.#bytes[0] === waiting.unit && (this.#bytes[1]! & 0x7f) === waiting.pdu[0];
  }

  #request(bytes: Buffer, frames: RtuFrame[]): void {
    const frame = this.#frame(bytes, true, undefined);
    // Nobody answers a broadcast.
    this.#waiting = frame.unit === 0 ? undefined : frame;
    frames.push(frame);
  }

  #answer(bytes: Buffer, request: RtuFrame, frames: RtuFrame[]): boolean {
    const frame = this.#frame(bytes, false, request);
    const wanted = dataBytes(request);
    const isException = frame.pdu[0]! > 0x80;
    if (!isException && wanted !== undefined && frame.pdu[1] !== wanted) return false;
    this.#waiting = undefined;
    frames.push(frame);
    return true;
  }

  #frame(bytes: Buffer, isRequest: boolean, request: RtuFrame | undefined): RtuFrame {
    const own = Buffer.from(bytes);
    return { at: this.#at, isRequest, unit: own[0]!, pdu: own.subarray(1, -2), bytes: own, request };
  }
}
