/** From the options of a device to its framer, and to the bytes of a frame that is sent. */
import type { Checksum } from '../checksums/checksum.js';
import { Pattern } from '../patterns/pattern.js';
import { CobsFramer, encodeCobs } from './cobs.js';
import { DelimitedFramer, delimiterEnding, lineEnding, patternEnding } from './delimited.js';
import type { Framer, FrameSink } from './framer.js';
import { GapFramer } from './gap.js';
import { MarkedFramer } from './marked.js';
import { encodeNmea, NmeaFramer } from './nmea.js';
import { encodeSlip, SlipFramer } from './slip.js';
import { TelegramFramer } from './telegram.js';
import { type LengthField, lengthOf, WindowFramer } from './window.js';

/** How frames are told apart. */
export type FrameKind =
  | { readonly kind: 'line' }
  | { readonly kind: 'delimiter'; readonly delimiter: Buffer; readonly keep: boolean }
  | { readonly kind: 'regex'; readonly regex: string; readonly keep: boolean }
  | { readonly kind: 'fixed'; readonly bytes: number; readonly start: Buffer; readonly contentAt: number }
  | { readonly kind: 'length'; readonly length: LengthField; readonly start: Buffer; readonly contentAt: number }
  | { readonly kind: 'gap'; readonly gap: number }
  | {
      readonly kind: 'marked';
      readonly start: Buffer;
      readonly end: Buffer;
      readonly escapeByte: number | undefined;
      readonly escapeXor: number;
      readonly trailer: number;
    }
  | { readonly kind: 'slip' }
  | { readonly kind: 'cobs' }
  | { readonly kind: 'nmea'; readonly checksum: boolean }
  | { readonly kind: 'telegram'; readonly crc: boolean };

export interface FrameOptions {
  readonly frame: FrameKind;
  /** Most bytes of a frame, markers included. */
  readonly max: number;
}

export function createFramer({ frame, max }: FrameOptions, sink: FrameSink): Framer {
  switch (frame.kind) {
    case 'line':
      return new DelimitedFramer(sink, lineEnding, max);
    case 'delimiter':
      return new DelimitedFramer(sink, delimiterEnding(frame.delimiter, frame.keep), max);
    case 'regex':
      return new DelimitedFramer(sink, patternEnding(new Pattern(frame.regex), frame.keep), max);
    case 'fixed': {
      const { bytes, start, contentAt } = frame;
      return new WindowFramer(sink, { start, size: () => bytes, contentAt, limit: max });
    }
    case 'length': {
      const { length, start, contentAt } = frame;
      return new WindowFramer(sink, { start, size: lengthOf(length, max), contentAt, limit: max });
    }
    case 'gap':
      return new GapFramer(sink, max);
    case 'marked':
      return new MarkedFramer(sink, { ...frame, limit: max });
    case 'slip':
      return new SlipFramer(sink, max);
    case 'cobs':
      return new CobsFramer(sink, max);
    case 'nmea':
      return new NmeaFramer(sink, frame.checksum, max);
    case 'telegram':
      return new TelegramFramer(sink, frame.crc, max);
  }
}

/** Kinds whose frames can be made from their content. */
export function canWrap({ kind }: FrameKind): boolean {
  return kind !== 'length' && kind !== 'regex' && kind !== 'telegram';
}

/** @returns the content as a frame, with its checksum: what a framer of the same options would take apart */
export function wrap(frame: FrameKind, checksum: Checksum | undefined, content: Buffer): Buffer {
  const sealed = (bytes: Buffer, contentAt = 0) =>
    checksum === undefined ? bytes : Buffer.concat([bytes, checksum.of(bytes, contentAt)]);
  switch (frame.kind) {
    case 'line':
      return Buffer.concat([sealed(content), Buffer.from('\r\n')]);
    case 'delimiter':
      return Buffer.concat([sealed(content), frame.delimiter]);
    case 'slip':
      return encodeSlip(sealed(content));
    case 'cobs':
      return encodeCobs(sealed(content));
    case 'nmea':
      return encodeNmea(content);
    case 'marked':
      return wrapMarked(frame, checksum, content);
    default:
      return sealed(content);
  }
}

function wrapMarked(frame: FrameKind & { kind: 'marked' }, checksum: Checksum | undefined, content: Buffer): Buffer {
  const { start, end, escapeByte, trailer } = frame;
  if (checksum === undefined) return Buffer.concat([start, escaped(frame, content), end]);
  if (trailer > 0) {
    // The checksum covers what is meant, not the escapes.
    const plain = Buffer.concat([start, content, end]);
    return Buffer.concat([start, escaped(frame, content), end, checksum.of(plain, start.length)]);
  }
  const sum = checksum.of(Buffer.concat([start, content]), start.length);
  const inside = Buffer.concat([content, sum]);
  return Buffer.concat([start, escapeByte === undefined ? inside : escaped(frame, inside), end]);
}

function escaped({ start, end, escapeByte, escapeXor }: FrameKind & { kind: 'marked' }, content: Buffer): Buffer {
  if (escapeByte === undefined) return content;
  const isStuffed = start.length === 2 && start[0] === escapeByte && end[0] === escapeByte;
  const special = new Set(isStuffed ? [escapeByte] : [escapeByte, ...start, ...end]);
  const out: number[] = [];
  for (const byte of content) {
    if (special.has(byte)) out.push(escapeByte, isStuffed ? byte : byte ^ escapeXor);
    else out.push(byte);
  }
  return Buffer.from(out);
}
