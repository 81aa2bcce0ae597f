/** Frames of devices, points, connections and instants as functions see them; views as in message-frames.ts. */
import type { Value } from '../../../core/adapter.js';
import { FrameReader, FrameWriter, malformed } from './frame-io.js';

export interface DecodedPoint {
  readonly point: string;
  /** Undefined: bad. */
  readonly value: Value | undefined;
  /** Why it is bad. */
  readonly reason?: string;
}

export interface Command {
  readonly device: string;
  readonly point: string;
  readonly value: Value;
}

export interface Decision {
  readonly decision: 'none' | 'allow' | 'deny';
  readonly reason: string;
}

/** What stands before a value. */
const type = { bad: 0, number: 1, integer: 2, boolean: 3, text: 4, bytes: 5 } as const;

const writer = new FrameWriter();

/** The input of `on_timer` and `on_start`. @param now - Unix ms */
export function encodeInstant(now: number): Buffer {
  return writer
    .begin()
    .i64(BigInt(Math.floor(now)))
    .end();
}

export function decodeInstant(frame: Buffer): number {
  const reader = new FrameReader(frame);
  const now = Number(reader.i64());
  reader.finish();
  return now;
}

/** The input of `on_decode`. */
export function encodeDeviceFrame(device: string, frame: Buffer): Buffer {
  return writer.begin().str(device).bytes(frame).end();
}

export function decodeDeviceFrame(frame: Buffer): { device: string; frame: Buffer } {
  const reader = new FrameReader(frame);
  const result = { device: reader.str(), frame: reader.bytes() };
  reader.finish();
  return result;
}

/** The output of `on_decode`. */
export function encodePoints(points: readonly DecodedPoint[]): Buffer {
  writer.begin().u16(points.length);
  for (const { point, value, reason = '' } of points) {
    writer.str(point);
    if (value === undefined) writer.u8(type.bad).str(reason);
    else writeValue(value);
  }
  return writer.end();
}

/** @param frame - undefined: none @throws FunctionTrap 'output' */
export function decodePoints(frame: Buffer | undefined): DecodedPoint[] {
  if (frame === undefined) return [];
  const reader = new FrameReader(frame);
  const points: DecodedPoint[] = [];
  for (let left = reader.u16(); left > 0; left--) {
    const point = reader.str();
    if (point === '') throw malformed('a point without a name');
    const kind = reader.u8();
    if (kind === type.bad) points.push({ point, value: undefined, reason: reader.str() });
    else points.push({ point, value: readValue(reader, kind) });
  }
  reader.finish();
  return points;
}

/** The input of `on_encode`. */
export function encodeCommand({ device, point, value }: Command): Buffer {
  writer.begin().str(device).str(point);
  writeValue(value);
  return writer.end();
}

export function decodeCommand(frame: Buffer): Command {
  const reader = new FrameReader(frame);
  const device = reader.str();
  const point = reader.str();
  const value = readValue(reader, reader.u8());
  reader.finish();
  return { device, point, value };
}

/** The output of `on_encode`. */
export function encodeFrames(frames: readonly Buffer[]): Buffer {
  writer.begin().u16(frames.length);
  for (const frame of frames) writer.bytes(frame);
  return writer.end();
}

/** @param frame - undefined: none @throws FunctionTrap 'output' */
export function decodeFrames(frame: Buffer | undefined): Buffer[] {
  if (frame === undefined) return [];
  const reader = new FrameReader(frame);
  const frames: Buffer[] = [];
  for (let left = reader.u16(); left > 0; left--) frames.push(reader.bytes());
  reader.finish();
  return frames;
}

/** The input of `on_connect`: `clientId`, `userName`, `password`, `listener`, … */
export function encodeConnect(facts: Iterable<readonly [key: string, value: Buffer]>): Buffer {
  const list = [...facts];
  writer.begin().u16(list.length);
  for (const [key, value] of list) writer.str(key).bytes(value);
  return writer.end();
}

export function decodeConnect(frame: Buffer): Map<string, Buffer> {
  const reader = new FrameReader(frame);
  const facts = new Map<string, Buffer>();
  for (let left = reader.u16(); left > 0; left--) facts.set(reader.str(), reader.bytes());
  reader.finish();
  return facts;
}

const decisions = ['none', 'allow', 'deny'] as const;

/** The output of `on_connect`. */
export function encodeDecision({ decision, reason }: Decision): Buffer {
  return writer.begin().u8(decisions.indexOf(decision)).str(reason).end();
}

/** @param frame - undefined: no opinion @throws FunctionTrap 'output' */
export function decodeDecision(frame: Buffer | undefined): Decision {
  if (frame === undefined) return { decision: 'none', reason: '' };
  const reader = new FrameReader(frame);
  const decision = decisions[reader.u8()];
  const reason = reader.str();
  reader.finish();
  if (decision === undefined) throw malformed('an unknown decision');
  return { decision, reason };
}

function writeValue(value: Value): void {
  if (typeof value === 'number') writer.u8(type.number).f64(value);
  else if (typeof value === 'bigint') writer.u8(type.integer).i64(BigInt.asIntN(64, value));
  else if (typeof value === 'boolean') writer.u8(type.boolean).u8(value ? 1 : 0);
  else if (typeof value === 'string') writer.u8(type.text).text(value);
  else writer.u8(type.bytes).bytes(value);
}

function readValue(reader: FrameReader, kind: number): Value {
  switch (kind) {
    case type.number:
      return reader.f64();
    case type.integer:
      return reader.i64();
    case type.boolean:
      return reader.u8() !== 0;
    case type.text:
      return reader.bytes().toString('utf8');
    case type.bytes:
      return reader.bytes();
    default:
      throw malformed(`value type ${kind}`);
  }
}
