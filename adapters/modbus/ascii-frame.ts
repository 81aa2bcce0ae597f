/** Frames of MODBUS over Serial Line V1.02 §2.5.2: `:`, unit, PDU and LRC as pairs of hexadecimal digits, CR, LF. */
import type { SerialFraming } from './framing.js';
import { judge, MAX_PDU_BYTES, type Request } from './pdu.js';
import type { Scan } from './rtu-frame.js';

const COLON = 0x3a;
const CR = 0x0d;
export const LF = 0x0a;
/** §2.5.2.1: a gap of more than a second inside of a frame is an error. */
export const CHARACTER_TIMEOUT_MS = 1_000;
/** Colon, CR and delimiter around unit, PDU and LRC. */
const MAX_FRAME_BYTES = 2 * (MAX_PDU_BYTES + 2) + 3;

/** §2.5.2.2: two's complement of the sum of the bytes. */
export function lrc(bytes: Buffer): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return -sum & 0xff;
}

export function encodeAscii(unit: number, pdu: Buffer, delimiter = LF): Buffer {
  const content = Buffer.concat([Buffer.of(unit), pdu]);
  const text = Buffer.concat([content, Buffer.of(lrc(content))])
    .toString('hex')
    .toUpperCase();
  return Buffer.from(`:${text}\r${String.fromCharCode(delimiter)}`, 'latin1');
}

/** @returns unit and PDU of the characters between colon and CR; undefined: no frame, or a wrong LRC */
export function decodeAscii(text: Buffer): { readonly unit: number; readonly pdu: Buffer } | undefined {
  if (text.length < 6 || text.length % 2 !== 0) return undefined;
  const content = hexOf(text);
  if (content === undefined || lrc(content) !== 0) return undefined;
  return { unit: content[0]!, pdu: content.subarray(1, -1) };
}

/** Devices in the field write lower case, too. */
function hexOf(text: Buffer): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(text.length >> 1);
  for (let at = 0; at < bytes.length; at++) {
    const high = digit(text[2 * at]!);
    const low = digit(text[2 * at + 1]!);
    if (high < 0 || low < 0) return undefined;
    bytes[at] = (high << 4) | low;
  }
  return bytes;
}

function digit(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  const letter = character | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Whether an answer to this request begins here, even if it is cut short or garbled further on. */
function begins(text: Buffer, unit: number, request: Request): boolean {
  const head = hexOf(text.subarray(0, 4));
  if (head === undefined || head.length < 2 || head[0] !== unit) return false;
  return (head[1]! & 0x7f) === request.functionCode;
}

function scan(
  bytes: Buffer,
  frame: Buffer,
  unit: number,
  request: Request,
  skipEcho: boolean,
  delimiter: number,
): Scan {
  let echoed = false;
  let begun = false;
  let damaged = false;
  for (let start = bytes.indexOf(COLON); start >= 0; start = bytes.indexOf(COLON, start + 1)) {
    if (skipEcho && !echoed) {
      const there = Math.min(frame.length, bytes.length - start);
      if (bytes.compare(frame, 0, there, start, start + there) === 0) {
        if (there < frame.length) break;
        echoed = true;
        start += there - 1;
        continue;
      }
    }
    const end = bytes.indexOf(delimiter, start + 1);
    begun ||= begins(bytes.subarray(start + 1, end < 0 ? bytes.length : end), unit, request);
    const restart = bytes.indexOf(COLON, start + 1);
    // §2.5.2.1: a colon begins a new frame wherever it comes.
    if (end < 0 || (restart >= 0 && restart < end) || bytes[end - 1] !== CR) continue;
    const content = decodeAscii(bytes.subarray(start + 1, end - 1));
    if (content === undefined) damaged = true;
    if (content?.unit !== unit || judge(request, content.pdu) === 'foreign') continue;
    return { pdu: content.pdu, echoed, begun, damaged };
  }
  return { pdu: undefined, echoed, begun, damaged };
}

/**
 * @param delimiter - the last character of a frame, LF unless the devices were told otherwise (function 8, subfunction 3)
 * @param characterTimeoutMs - see {@link CHARACTER_TIMEOUT_MS}
 */
export function asciiFraming(delimiter = LF, characterTimeoutMs = CHARACTER_TIMEOUT_MS): SerialFraming {
  return {
    encode: (unit, pdu) => encodeAscii(unit, pdu, delimiter),
    frameBytes: (pduBytes) => 2 * (pduBytes + 2) + 3,
    scan: (bytes, frame, unit, request, skipEcho) => scan(bytes, frame, unit, request, skipEcho, delimiter),
    receiveLimit: 4 * MAX_FRAME_BYTES,
    characterTimeoutMs,
    // Whole frames stay: what comes after a long time is an answer, not the rest of one.
    cut: (bytes) => bytes.subarray(0, bytes.lastIndexOf(delimiter) + 1),
  };
}
