/** Frames of MODBUS over Serial Line V1.02 §2.5.1: unit, PDU, CRC (low byte first). */
import { crc16 } from './crc16.js';
import { answerLength, type Request } from './pdu.js';

/** Unit, function, exception code, CRC: the shortest answer there is. */
const EXCEPTION_BYTES = 5;

export function encodeRtu(unit: number, pdu: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(pdu.length + 3);
  frame[0] = unit;
  pdu.copy(frame, 1);
  frame.writeUInt16LE(crc16(frame, 0, pdu.length + 1), pdu.length + 1);
  return frame;
}

/** @returns whether the bytes from `start` to `end` end with the CRC of what is before it */
export function hasValidCrc(bytes: Buffer, start: number, end: number): boolean {
  return end - start >= 4 && crc16(bytes, start, end - 2) === bytes.readUInt16LE(end - 2);
}

export interface Scan {
  /** The answer's PDU; undefined: not there, or not yet. */
  readonly pdu: Buffer | undefined;
  /** Our own request came back before the answer. */
  readonly echoed: boolean;
  /** An answer to this request began, even if it was cut short or garbled: the unit has spoken. */
  readonly begun: boolean;
  /** An answer came in full length, and its CRC is wrong. */
  readonly damaged: boolean;
}

/** How the bytes at `start` fit the head of an answer: `no`, or how long that frame is (at least, if `open`). */
function headOf(bytes: Buffer, start: number, unit: number, request: Request): { length: number; open: boolean } {
  const no = { length: 0, open: false };
  const there = bytes.length - start;
  if (bytes[start] !== unit) return no;
  if (there === 1) return { length: EXCEPTION_BYTES, open: true };
  if (bytes[start + 1] === (request.functionCode | 0x80)) return { length: EXCEPTION_BYTES, open: false };
  const prefix = request.answerPrefix;
  const common = Math.min(prefix.length, there - 1);
  if (bytes.compare(prefix, 0, common, start + 1, start + 1 + common) !== 0) return no;
  return { length: answerLength(request, bytes.subarray(start + 1)) + 3, open: common < prefix.length };
}

/** @returns bytes of our request found at `start`: all (its length), the beginning of it up to the last byte (-1), none (0) */
function echoAt(bytes: Buffer, start: number, frame: Buffer): number {
  const there = Math.min(frame.length, bytes.length - start);
  if (bytes.compare(frame, 0, there, start, start + there) !== 0) return 0;
  return there === frame.length ? there : -1;
}

/**
 * Searches what was received since a request for its answer: right unit, right function, right length, right CRC.
 * Noise and frames of others in front are passed over. Where an answer has begun the search waits for its end, so
 * that nothing inside its data is taken for a frame.
 *
 * @param bytes - all that came since the request was sent
 * @param frame - the request as it was sent
 * @param skipEcho - whether the first copy of `frame` is our own echo
 */
export function scanForAnswer(bytes: Buffer, frame: Buffer, unit: number, request: Request, skipEcho: boolean): Scan {
  let echoed = false;
  let begun = false;
  let damaged = false;
  for (let start = 0; start < bytes.length; start++) {
    if (skipEcho && !echoed) {
      const echo = echoAt(bytes, start, frame);
      if (echo < 0) break;
      if (echo > 0) {
        echoed = true;
        start += echo - 1;
        continue;
      }
    }
    const { length, open } = headOf(bytes, start, unit, request);
    if (length === 0) continue;
    if (!open) begun = true;
    const end = start + length;
    if (end > bytes.length) break;
    if (hasValidCrc(bytes, start, end)) return { pdu: bytes.subarray(start + 1, end - 2), echoed, begun, damaged };
    if (!open) damaged = true;
  }
  return { pdu: undefined, echoed, begun, damaged };
}
