/**
 * The JSON that functions of the waPC kind get and give, where bytes are arrays of numbers:
 *
 *   in   {"topic":"a/b","payload":[1,2],"context":{},"his_payload":[1]}      his_payload: null when there is none
 *   out  "Discard"  or  {"Transmit":[[97,47,98],[1,2]]}                      topic and payload
 *
 * Written and read by hand: JSON.stringify of an array with as many elements as the payload has bytes takes ten times as
 * long. What does not look as expected is left to JSON.parse.
 */
import { malformed } from './frame-io.js';

/** Digits of a byte as text, and how many. */
const digits = new Uint8Array(256 * 3);
const digitCounts = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const text = String(byte);
  digitCounts[byte] = text.length;
  for (let i = 0; i < text.length; i++) digits[byte * 3 + i] = text.charCodeAt(i);
}

const COMMA = 0x2c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const ZERO = 0x30;

let room = Buffer.allocUnsafeSlow(16 * 1024);

/** @returns a view that is valid until the next call */
export function encodeRequest(topic: string, payload: Uint8Array, previous: Uint8Array | undefined): Buffer {
  const head = `{"topic":${JSON.stringify(topic)},"payload":`;
  const most = head.length * 3 + (payload.length + (previous?.length ?? 0)) * 4 + 64;
  if (room.length < most) room = Buffer.allocUnsafeSlow(most * 2);
  let at = room.write(head);
  at = writeBytes(room, at, payload);
  at += room.write(',"context":{},"his_payload":', at, 'latin1');
  at = previous === undefined ? at + room.write('null', at, 'latin1') : writeBytes(room, at, previous);
  room[at++] = 0x7d;
  return room.subarray(0, at);
}

function writeBytes(out: Uint8Array, start: number, bytes: Uint8Array): number {
  let at = start;
  out[at++] = OPEN;
  for (let i = 0; i < bytes.length; i++) {
    if (i > 0) out[at++] = COMMA;
    const byte = bytes[i]!;
    const from = byte * 3;
    const count = digitCounts[byte]!;
    out[at] = digits[from]!;
    out[at + 1] = digits[from + 1]!;
    out[at + 2] = digits[from + 2]!;
    at += count;
  }
  out[at++] = CLOSE;
  return at;
}

export interface Transmit {
  readonly topic: Buffer;
  readonly payload: Buffer;
}

const DISCARD = Buffer.from('"Discard"');
const TRANSMIT = Buffer.from('{"Transmit":[');
const END = Buffer.from(']}');

/** @returns undefined: discard @throws FunctionTrap 'output' */
export function decodeResponse(json: Buffer): Transmit | undefined {
  if (json.equals(DISCARD)) return undefined;
  return decodeQuickly(json) ?? decodeSlowly(json);
}

function decodeQuickly(json: Buffer): Transmit | undefined {
  if (json.compare(TRANSMIT, 0, TRANSMIT.length, 0, Math.min(TRANSMIT.length, json.length)) !== 0) return undefined;
  // Two bytes of text at least for each byte of an array.
  const values = Buffer.allocUnsafe(json.length >> 1);
  const topicEnd = readBytes(json, TRANSMIT.length, values, 0);
  if (topicEnd < 0 || json[topicEnd] !== COMMA) return undefined;
  const topicLength = readCount;
  const end = readBytes(json, topicEnd + 1, values, topicLength);
  if (end < 0 || json.length !== end + END.length || json.compare(END, 0, END.length, end) !== 0) return undefined;
  return { topic: values.subarray(0, topicLength), payload: values.subarray(topicLength, topicLength + readCount) };
}

/** How many values the last {@link readBytes} found. */
let readCount = 0;

/** @returns offset behind the array; −1: it is not written in the plain way */
function readBytes(json: Buffer, start: number, values: Buffer, to: number): number {
  let at = start;
  let count = 0;
  if (json[at++] !== OPEN) return -1;
  if (json[at] === CLOSE) {
    readCount = 0;
    return at + 1;
  }
  for (;;) {
    let digit = json[at++]! - ZERO;
    if (!(digit >= 0 && digit <= 9)) return -1;
    let value = digit;
    const isZero = digit === 0;
    for (;;) {
      digit = json[at]! - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      if (isZero) return -1;
      value = value * 10 + digit;
      if (value > 255) return -1;
      at++;
    }
    values[to + count++] = value;
    const next = json[at++];
    if (next === COMMA) continue;
    if (next !== CLOSE) return -1;
    readCount = count;
    return at;
  }
}

function decodeSlowly(json: Buffer): Transmit | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json.toString('utf8'));
  } catch {
    throw malformed('it is no JSON');
  }
  if (value === 'Discard') return undefined;
  const list = typeof value === 'object' && value !== null && 'Transmit' in value ? value.Transmit : undefined;
  if (!Array.isArray(list) || list.length !== 2)
    throw malformed('it is neither "Discard" nor {"Transmit":[topic,payload]}');
  return { topic: bytesOf(list[0]), payload: bytesOf(list[1]) };
}

function bytesOf(value: unknown): Buffer {
  if (!Array.isArray(value) || !value.every((one) => Number.isInteger(one) && one >= 0 && one <= 255)) {
    throw malformed('topic and payload are arrays of numbers from 0 to 255');
  }
  return Buffer.from(value as number[]);
}
