/** Framers of every kind, frames that fit them, and streams made of both and of noise. */
import { Checksum } from '../../adapters/serial/checksums/checksum.js';
import { encodeCobs } from '../../adapters/serial/framing/cobs.js';
import { createFramer, type FrameKind, wrap } from '../../adapters/serial/framing/frame.js';
import type { Discard, Framer } from '../../adapters/serial/framing/framer.js';
import type { Choice } from './random.js';

export interface Sample {
  readonly title: string;
  readonly frame: FrameKind;
  readonly checksum?: Checksum;
  /** A content that frames of this kind can have. */
  readonly content: (choice: Choice) => Buffer;
  /** The bytes on the wire of a content. */
  readonly encode: (content: Buffer) => Buffer;
  /** A frame that noise touches is lost, and no other: what comes after any noise is found. */
  readonly quietMs?: number;
}

const NOTHING = Buffer.alloc(0);
const xor = new Checksum({
  type: 'xor',
  encoding: 'binary',
  endian: 'big',
  from: 'content',
  skip: 0,
  separator: NOTHING,
});
const crc = new Checksum({
  type: 'crc-16/xmodem',
  encoding: 'binary',
  endian: 'big',
  from: 'content',
  skip: 0,
  separator: NOTHING,
});

const text = (choice: Choice, least = 1): Buffer =>
  Buffer.from(Array.from({ length: least + choice.below(20) }, () => 0x30 + choice.below(40)));
const binary = (choice: Choice, least = 1): Buffer =>
  Buffer.from(Array.from({ length: least + choice.below(40) }, () => choice.below(256)));

const marked = (
  start: string,
  end: string,
  escapeByte: number | undefined,
  escapeXor: number,
  trailer: number,
): FrameKind => ({
  kind: 'marked',
  start: Buffer.from(start, 'hex'),
  end: Buffer.from(end, 'hex'),
  escapeByte,
  escapeXor,
  trailer,
});

function wrapped(title: string, frame: FrameKind, content: Sample['content'], checksum?: Checksum): Sample {
  return {
    title,
    frame,
    content,
    encode: (bytes) => wrap(frame, checksum, bytes),
    ...(checksum === undefined ? {} : { checksum }),
  };
}

/** DSMR P1: the checksum is part of the frame. */
function telegram(content: Buffer): Buffer {
  const head = Buffer.concat([content, Buffer.from('!')]);
  const sum = new Checksum({
    type: 'crc-16/arc',
    encoding: 'hex',
    endian: 'big',
    from: 'content',
    skip: 0,
    separator: NOTHING,
  });
  return Buffer.concat([head, sum.of(head, 0), Buffer.from('\r\n')]);
}

const start = Buffer.from([0xaa, 0x55]);

export const samples: readonly Sample[] = [
  wrapped('line', { kind: 'line' }, text),
  wrapped('delimiter', { kind: 'delimiter', delimiter: Buffer.from('\r\n'), keep: false }, text),
  wrapped('delimiter of three bytes', { kind: 'delimiter', delimiter: Buffer.from('aab'), keep: false }, (choice) =>
    text(choice),
  ),
  wrapped(
    'delimiter and checksum',
    { kind: 'delimiter', delimiter: Buffer.from('\n'), keep: false },
    text,
    new Checksum({
      type: 'sum8',
      encoding: 'hex',
      endian: 'big',
      from: 'content',
      skip: 0,
      separator: Buffer.from('*'),
    }),
  ),
  {
    title: 'regex',
    frame: { kind: 'regex', regex: '\\r+\\n', keep: false },
    content: text,
    encode: (content) => Buffer.concat([content, Buffer.from('\r\r\n')]),
  },
  {
    title: 'fixed, found by its start, with a checksum',
    frame: { kind: 'fixed', bytes: 12, start, contentAt: 2 },
    checksum: crc,
    content: (choice) => Buffer.from(Array.from({ length: 8 }, () => choice.below(256))),
    encode: (content) => {
      const head = Buffer.concat([start, content]);
      return Buffer.concat([head, crc.of(head, 2)]);
    },
  },
  {
    title: 'length-prefixed, found by its start, with a checksum',
    frame: { kind: 'length', length: { offset: 2, width: 2, endian: 'little', adjust: 6 }, start, contentAt: 4 },
    checksum: crc,
    content: binary,
    encode: (content) => {
      const head = Buffer.concat([start, Buffer.from([content.length & 0xff, content.length >> 8]), content]);
      return Buffer.concat([head, crc.of(head, 4)]);
    },
  },
  { title: 'gap', frame: { kind: 'gap', gap: 20 }, content: binary, encode: (content) => content, quietMs: 21 },
  wrapped('STX ETX', marked('02', '03', undefined, 0, 0), text),
  wrapped(
    'STX ETX BCC',
    marked('02', '03', undefined, 0, 1),
    text,
    new Checksum({
      type: 'xor',
      encoding: 'binary',
      endian: 'big',
      from: 'content',
      skip: 0,
      separator: NOTHING,
    }),
  ),
  wrapped('DLE STX … DLE ETX', marked('1002', '1003', 0x10, 0, 0), binary, xor),
  wrapped('STX ETX with an escape', marked('02', '03', 0x1b, 0x80, 0), (choice) => binary(choice), xor),
  wrapped('flags on both ends (RFC 1662)', marked('7e', '7e', 0x7d, 0x20, 0), binary, crc),
  wrapped('SLIP', { kind: 'slip' }, binary, crc),
  {
    ...wrapped('COBS', { kind: 'cobs' }, binary, crc),
    encode: (content) => encodeCobs(Buffer.concat([content, crc.of(content, 0)])),
  },
  wrapped('NMEA 0183', { kind: 'nmea', checksum: true }, (choice) =>
    Buffer.concat([Buffer.from('GPRMC,'), text(choice)]),
  ),
  {
    title: 'telegram',
    frame: { kind: 'telegram', crc: true },
    content: (choice) =>
      Buffer.concat([Buffer.from('/KFM5'), text(choice), Buffer.from('\r\n\r\n1-0:1.8.1(000671.578*kWh)\r\n')]),
    encode: telegram,
  },
];

export interface Taken {
  readonly framer: Framer;
  readonly contents: Buffer[];
  readonly discards: Record<Discard, number>;
  /** Bytes that were discarded. */
  bytes: number;
}

/** A framer that keeps what it finds. */
export function taker({ frame, checksum }: Pick<Sample, 'frame' | 'checksum'>, max = 256): Taken {
  const discards: Record<Discard, number> = { noise: 0, long: 0, damaged: 0, checksum: 0, partial: 0 };
  const contents: Buffer[] = [];
  const hasTrailer = frame.kind === 'marked' && frame.trailer > 0;
  const framer = createFramer(
    { frame, max },
    {
      frame(bytes, from, to) {
        if (checksum !== undefined && !checksum.fits(bytes, from, hasTrailer ? bytes.length : to)) return false;
        contents.push(bytes.subarray(from, checksum === undefined || hasTrailer ? to : to - checksum.bytes));
        return true;
      },
      discard(reason, count) {
        discards[reason]++;
        taken.bytes += count;
      },
    },
  );
  const taken: Taken = { framer, contents, discards, bytes: 0 };
  return taken;
}
