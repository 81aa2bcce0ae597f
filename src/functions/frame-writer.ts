/**
 * What hooks get, as frames of `hpmq-fn/1`: little-endian, `str` has 2 bytes of length before it, `bytes` have 4.
 *
 * All are made in one buffer that is used again: a frame is good until the next one is made.
 */
import type { ConnectRequest, PointValue } from '../core/function.js';
import type { Message, PublishProperties } from '../core/message.js';

export const NO_PREVIOUS = 0xffff_ffff;
export const PropertyId = {
  payloadFormat: 0x01,
  expiry: 0x02,
  contentType: 0x03,
  responseTopic: 0x08,
  correlationData: 0x09,
  userProperty: 0x26,
} as const;

const MAX_STR = 0xffff;
/** What is kept for the next frame. */
const MAX_KEPT = 1 << 20;

let buffer = Buffer.allocUnsafeSlow(4_096);
let at = 0;

function room(bytes: number): void {
  if (at + bytes <= buffer.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, at + bytes));
  buffer.copy(larger, 0, 0, at);
  buffer = larger;
}

function begin(): void {
  at = 0;
  if (buffer.length > MAX_KEPT) buffer = Buffer.allocUnsafeSlow(4_096);
}

function end(): Buffer {
  return buffer.subarray(0, at);
}

function u8(value: number): void {
  room(1);
  buffer[at++] = value;
}

function u16(value: number): void {
  room(2);
  at = buffer.writeUInt16LE(value, at);
}

function u32(value: number): void {
  room(4);
  at = buffer.writeUInt32LE(value, at);
}

/** Texts of MQTT are not longer than 65,535 bytes; others are cut. */
function str(text: string): void {
  room(2 + text.length * 3);
  let length = buffer.write(text, at + 2, 'utf8');
  if (length > MAX_STR) length = MAX_STR;
  buffer.writeUInt16LE(length, at);
  at += 2 + length;
}

function bytes(value: Buffer): void {
  room(4 + value.length);
  buffer.writeUInt32LE(value.length, at);
  value.copy(buffer, at + 4);
  at += 4 + value.length;
}

function text(value: string): void {
  room(4 + value.length * 3);
  const length = buffer.write(value, at + 4, 'utf8');
  buffer.writeUInt32LE(length, at);
  at += 4 + length;
}

/** Seconds left, as the Message Expiry Interval is sent on (MQTT 5.0 §3.3.2.3.3). */
export function expirySeconds(expiresAt: number, now: number): number {
  return Math.min(0xffff_fffe, Math.max(0, Math.ceil((expiresAt - now) / 1_000)));
}

function properties(of: PublishProperties | undefined, expiresAt: number, now: number): void {
  const countAt = at;
  u16(0);
  let count = 0;
  const head = (id: number, name: string) => {
    count++;
    u8(id);
    str(name);
  };
  if (expiresAt !== Number.POSITIVE_INFINITY) {
    head(PropertyId.expiry, '');
    u32(4);
    u32(expirySeconds(expiresAt, now));
  }
  if (of !== undefined) {
    if (of.payloadFormatIndicator !== undefined) {
      head(PropertyId.payloadFormat, '');
      u32(1);
      u8(of.payloadFormatIndicator ? 1 : 0);
    }
    if (of.contentType !== undefined) {
      head(PropertyId.contentType, '');
      text(of.contentType);
    }
    if (of.responseTopic !== undefined) {
      head(PropertyId.responseTopic, '');
      text(of.responseTopic);
    }
    if (of.correlationData !== undefined) {
      head(PropertyId.correlationData, '');
      bytes(of.correlationData);
    }
    for (const [name, value] of of.userProperties ?? []) {
      if (count === 0xffff) break;
      head(PropertyId.userProperty, name);
      text(value);
    }
  }
  buffer.writeUInt16LE(count, countAt);
}

function message(one: Message, now: number): void {
  u8(one.qos | (one.retain ? 4 : 0));
  str(one.topic);
  bytes(one.payload);
  properties(one.properties, one.expiresAt, now);
}

/** @param now - Unix ms */
export function messageFrame(one: Message, previous: Buffer | undefined, direction: 0 | 1 | 2, now: number): Buffer {
  begin();
  message(one, now);
  str(one.origin);
  if (previous === undefined) u32(NO_PREVIOUS);
  else bytes(previous);
  u8(direction);
  return end();
}

/** For on_timer and on_start. @param now - Unix ms */
export function timeFrame(now: number): Buffer {
  begin();
  room(8);
  at = buffer.writeBigInt64LE(BigInt(Math.round(now)), at);
  return end();
}

export function decodeFrame(device: string, frame: Buffer): Buffer {
  begin();
  str(device);
  bytes(frame);
  return end();
}

function value(of: PointValue): void {
  room(9);
  if (typeof of === 'number') {
    buffer[at] = 1;
    at = buffer.writeDoubleLE(of, at + 1);
  } else if (typeof of === 'bigint') {
    buffer[at] = 2;
    at = buffer.writeBigInt64LE(BigInt.asIntN(64, of), at + 1);
  } else if (typeof of === 'boolean') {
    buffer[at++] = 3;
    buffer[at++] = of ? 1 : 0;
  } else if (typeof of === 'string') {
    buffer[at++] = 4;
    text(of);
  } else {
    buffer[at++] = 5;
    bytes(of);
  }
}

export function encodeFrame(device: string, point: string, of: PointValue): Buffer {
  begin();
  str(device);
  str(point);
  value(of);
  return end();
}

export function connectFrame(request: ConnectRequest): Buffer {
  begin();
  const fields: (readonly [string, string | Buffer | undefined])[] = [
    ['clientId', request.clientId],
    ['userName', request.userName],
    ['password', request.password],
    ['listener', request.listener],
    ['address', request.address],
    ['protocolVersion', String(request.protocolVersion)],
    ['certificateName', request.certificateName],
  ];
  const present = fields.filter((field): field is readonly [string, string | Buffer] => field[1] !== undefined);
  u16(present.length);
  for (const [key, of] of present) {
    str(key);
    if (typeof of === 'string') text(of);
    else bytes(of);
  }
  const frame = Buffer.from(end());
  // The password does not stay in memory that is used again.
  buffer.fill(0, 0, at);
  return frame;
}
