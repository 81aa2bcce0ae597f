/** Random streams into the framers and parsers of serial devices: none throws, none keeps more than its limit. */
import { createFramer, type FrameKind } from '../../adapters/serial/framing/frame.js';
import { INBOX_LIMIT, Inbox } from '../../adapters/serial/iec62056/inbox.js';
import { createParser } from '../../adapters/serial/parsing/parser.js';
import { deviceSchema } from '../../adapters/serial/schema/schema.js';
import { Choice } from '../support/random.js';
import { type Sample, samples } from '../support/serial-streams.js';

export interface SerialFuzz {
  readonly streams: number;
  readonly bytes: number;
  readonly frames: number;
  readonly discards: number;
  /** Frames that a parser took apart. */
  readonly parsed: number;
  /** Most bytes that any framer kept. */
  readonly mostPending: number;
}

const BYTES_THAT_MATTER = [
  0, 2, 3, 6, 0x0a, 0x0d, 0x10, 0x1b, 0x21, 0x24, 0x28, 0x29, 0x2a, 0x2f, 0x7d, 0x7e, 0xaa, 0x55, 0xc0, 0xdb, 0xdc,
  0xdd, 0xff,
];

const parsers = [
  'json',
  'nmea',
  'obis',
  { regex: '^(?<stable>ST|US),GS,(?<weight>[+-]\\s*[\\d.]+)(?<unit>kg|g)$' },
  { regex: '(?<a>.*)(?<b>.*)(?<c>.*)x' },
  { csv: { columns: ['a', 'b'] } },
  { csv: { separator: ' ', columns: ['a', '', 'c'] } },
  { columns: { a: { from: 2, length: 4 }, b: { from: 6 } } },
  {
    struct: {
      fields: {
        a: { at: 0, type: 'float32' },
        b: { at: 4, type: 'bcd', length: 3 },
        c: { at: 1, type: 'int24' },
        d: { at: 0, type: 'uint64', bit: 60 },
      },
    },
  },
].map((parse) => {
  const { parse: kinds, charset } = deviceSchema.parse({ parse });
  return createParser(kinds!, charset);
});

/** Marker bytes of the kind at random, too. */
function randomFrame(choice: Choice, sample: Sample): FrameKind {
  if (!choice.chance(0.3)) return sample.frame;
  const some = (most: number) =>
    Buffer.from(Array.from({ length: 1 + choice.below(most) }, () => choice.pick(BYTES_THAT_MATTER)));
  return choice.pick<FrameKind>([
    { kind: 'delimiter', delimiter: some(4), keep: choice.chance(0.5) },
    { kind: 'fixed', bytes: 1 + choice.below(40), start: choice.chance(0.5) ? some(2) : Buffer.alloc(0), contentAt: 0 },
    {
      kind: 'length',
      length: {
        offset: choice.below(4),
        width: choice.pick([1, 2, 3, 4]),
        endian: choice.pick(['big', 'little']),
        adjust: choice.below(40) - 20,
      },
      start: choice.chance(0.5) ? some(2) : Buffer.alloc(0),
      contentAt: 0,
    },
    {
      kind: 'marked',
      start: some(3),
      end: some(3),
      escapeByte: choice.chance(0.5) ? choice.pick(BYTES_THAT_MATTER) : undefined,
      escapeXor: choice.below(256),
      trailer: choice.below(4),
    },
    {
      kind: 'regex',
      regex: choice.pick(['\\r?\\n', 'a+b', '[\\x00-\\x10]{2,3}', '(?:x|yy)+z']),
      keep: choice.chance(0.5),
    },
  ]);
}

function randomBytes(choice: Choice, sample: Sample): Buffer {
  const parts: Buffer[] = [];
  for (let left = 1 + choice.below(6); left > 0; left--) {
    if (choice.chance(0.4)) {
      const frame = Buffer.from(sample.encode(sample.content(choice)));
      if (choice.chance(0.5)) frame[choice.below(frame.length)] = choice.below(256);
      parts.push(choice.chance(0.2) ? frame.subarray(0, choice.below(frame.length)) : frame);
    } else if (choice.chance(0.5)) {
      parts.push(Buffer.from(Array.from({ length: choice.below(40) }, () => choice.pick(BYTES_THAT_MATTER))));
    } else parts.push(Buffer.from(Array.from({ length: choice.below(60) }, () => choice.below(256))));
  }
  return Buffer.concat(parts);
}

/** @throws Error with the seed of the stream that went wrong */
export function fuzzSerial(options: { readonly streams: number; readonly seed: number }): SerialFuzz {
  const sum = { streams: 0, bytes: 0, frames: 0, discards: 0, parsed: 0, mostPending: 0 };
  for (let stream = 0; stream < options.streams; stream++) {
    const seed = options.seed + stream;
    try {
      one(new Choice(seed), sum);
    } catch (error) {
      throw new Error(`--serial 1 --seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  return sum;
}

function one(choice: Choice, sum: { -readonly [K in keyof SerialFuzz]: number }): void {
  const sample = choice.pick(samples);
  const max = 8 + choice.below(120);
  const frame = randomFrame(choice, sample);
  const { checksum } = frame === sample.frame ? sample : {};
  const parser = choice.pick(parsers);
  let taken = 0;
  const framer = createFramer(
    { frame, max },
    {
      frame(bytes, from, to) {
        if (bytes.length > max) throw new Error(`a frame of ${bytes.length} bytes, the limit is ${max}`);
        if (from > to || to > bytes.length || from < 0)
          throw new Error(`a content from ${from} to ${to} of ${bytes.length}`);
        if (checksum !== undefined && !checksum.fits(bytes, from, to)) return false;
        sum.frames++;
        if (parser.parse(bytes.subarray(from, to)) !== undefined) sum.parsed++;
        return true;
      },
      discard(_reason, bytes) {
        if (bytes < 0) throw new Error('less than nothing was discarded');
        sum.discards++;
        taken += bytes;
      },
    },
  );
  const bytes = randomBytes(choice, sample);
  const inbox = choice.chance(0.05) ? new Inbox() : undefined;
  for (let at = 0; at < bytes.length; ) {
    const size = choice.chance(0.3) ? 1 : 1 + choice.below(64);
    const chunk = bytes.subarray(at, at + size);
    framer.push(chunk);
    inbox?.push(chunk);
    at += size;
    sum.mostPending = Math.max(sum.mostPending, framer.pending);
    if (framer.pending > max) throw new Error(`${framer.pending} bytes are kept, the limit is ${max}`);
    if (inbox !== undefined && inbox.pending > INBOX_LIMIT) throw new Error('the inbox exceeds its limit');
    if (choice.chance(0.1)) framer.cut();
  }
  framer.cut();
  if (framer.pending > 3) throw new Error(`${framer.pending} bytes are kept after silence`);
  if (taken > 2 * bytes.length + 16) throw new Error(`${taken} bytes discarded of ${bytes.length}`);
  sum.streams++;
  sum.bytes += bytes.length;
}
