/** `frame` and `checksum` of a device. */
import { z } from 'zod';
import { CHECKSUM_NAMES, type ChecksumOptions } from '../checksums/checksum.js';
import type { FrameKind } from '../framing/frame.js';
import { Scanner } from '../patterns/pattern.js';
import { bytes, duration, pattern } from './values.js';

export const MAX_FRAME = 65_536;
const DEFAULT_MAX = 4_096;
/** A telegram of a meter is longer than most frames. */
const TELEGRAM_MAX = 16_384;
const NOTHING = Buffer.alloc(0);

const KINDS = ['line', 'slip', 'cobs', 'nmea', 'telegram'] as const;

const lengthField = z.strictObject({
  offset: z.int().min(0).max(255).default(0).describe('bytes in front of the length'),
  width: z.literal([1, 2, 3, 4]).default(1).describe('bytes of the length'),
  endian: z.enum(['big', 'little']).default('big').describe('which byte of the length comes first'),
  adjust: z
    .int()
    .min(-255)
    .max(255)
    .default(0)
    .describe('bytes of the whole frame = length + this: what the length does not count'),
});

const escapeByte = z
  .union([z.string().length(1), z.strictObject({ hex: z.string().regex(/^[0-9a-fA-F]{2}$/) })], {
    error: 'expected one character, or { hex: "10" }',
  })
  .transform((one) => (typeof one === 'string' ? one.charCodeAt(0) & 0xff : Number.parseInt(one.hex, 16)));

const shape = z.strictObject({
  kind: z
    .enum(KINDS)
    .optional()
    .describe('line: ends with CR or LF; slip, cobs, nmea; telegram: /…! of meters (DSMR P1)'),
  delimiter: bytes.optional().describe('a frame ends with these bytes'),
  regex: pattern.optional().describe('a frame ends where this pattern first matches'),
  fixed: z.int().min(1).max(MAX_FRAME).optional().describe('bytes of every frame'),
  length: lengthField.optional().describe('the frame says how long it is'),
  gap: duration(1, '1ms').optional().describe('a frame ends with silence of this length'),
  start: bytes.optional().describe('a frame begins with these bytes; with fixed and length: for finding it in noise'),
  end: bytes.optional().describe('with start: a frame ends with these bytes'),
  escape: escapeByte.optional().describe('with start and end: the byte in front of one that is meant as it is'),
  escapeXor: z.int().min(0).max(255).optional().describe('with escape: what follows it is XORed with this'),
  trailer: z.int().min(1).max(8).optional().describe('with end: bytes behind it that belong to the frame (checksum)'),
  contentAt: z.int().min(0).max(255).optional().describe('with fixed and length: where the content begins'),
  keep: z.boolean().optional().describe('with delimiter and regex: what ends the frame belongs to its content'),
  crc: z.boolean().optional().describe('nmea, telegram: false takes frames without a checksum, too'),
  max: z
    .int()
    .min(1)
    .max(MAX_FRAME)
    .optional()
    .describe('most bytes of a frame; a longer one is thrown away. 4096, telegram 16384'),
  timeout: duration(1, '1ms')
    .prefault('1s')
    .describe('a frame that was begun and is not continued for so long is thrown away'),
});

type Shape = z.output<typeof shape>;

/** Key that says the kind → keys that go with it. */
const companions: Readonly<Record<string, readonly (keyof Shape)[]>> = {
  kind: ['crc'],
  delimiter: ['keep'],
  regex: ['keep'],
  fixed: ['start', 'contentAt'],
  length: ['start', 'contentAt'],
  gap: [],
  end: ['start', 'escape', 'escapeXor', 'trailer'],
};
const KIND_KEYS = Object.keys(companions) as (keyof Shape)[];
const KIND_TEXT = `say how a frame ends with one of ${KIND_KEYS.join(', ')}`;

function check(frame: Shape, context: z.RefinementCtx): void {
  const add = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  const chosen = KIND_KEYS.filter((key) => frame[key] !== undefined);
  if (chosen.length !== 1) {
    const message = chosen.length === 0 ? KIND_TEXT : `says ${chosen.join(' and ')}: ${KIND_TEXT}`;
    add(chosen.length === 0 ? [] : [chosen[1]!], message);
    return;
  }
  const [kind] = chosen;
  const others: readonly (keyof Shape)[] = ['start', 'escape', 'escapeXor', 'trailer', 'contentAt', 'keep', 'crc'];
  for (const key of others) {
    if (frame[key] !== undefined && !companions[kind!]!.includes(key)) add([key], `does not go with ${kind}`);
  }
  if (kind === 'kind' && frame.crc !== undefined && frame.kind !== 'nmea' && frame.kind !== 'telegram') {
    add(['crc'], `does not go with ${frame.kind}: write \`checksum\` beside \`frame\``);
  }
  if (kind === 'end' && frame.start === undefined) add(['end'], 'needs `start`; with an end alone it is a `delimiter`');
  if (frame.escapeXor !== undefined && frame.escape === undefined) add(['escapeXor'], 'needs `escape`');
  const max = maxOf(frame);
  if (frame.fixed !== undefined && frame.fixed > max) add(['fixed'], `is more than max, which is ${max}`);
  if (frame.regex !== undefined && !endsFrames(frame.regex)) {
    add(['regex'], 'matches nothing at all, or at ^ $ \\b: write the characters that end a frame');
  }
  const least = (frame.start?.length ?? 0) + (frame.end?.length ?? frame.delimiter?.length ?? 0) + 1;
  if (max < least) add(['max'], `a frame has at least ${least} bytes`);
}

function endsFrames(text: string): boolean {
  try {
    return Scanner.fits(text);
  } catch {
    return true;
  }
}

function maxOf({ max, kind, fixed }: Shape): number {
  return max ?? Math.max(kind === 'telegram' ? TELEGRAM_MAX : DEFAULT_MAX, fixed ?? 0);
}

export interface ParsedFrame {
  readonly frame: FrameKind;
  readonly max: number;
  readonly timeout: number;
}

function kindOf(frame: Shape): FrameKind {
  const { start = NOTHING, contentAt = 0, keep = false, crc = true } = frame;
  if (frame.delimiter !== undefined) return { kind: 'delimiter', delimiter: frame.delimiter, keep };
  if (frame.regex !== undefined) return { kind: 'regex', regex: frame.regex, keep };
  if (frame.fixed !== undefined) return { kind: 'fixed', bytes: frame.fixed, start, contentAt };
  if (frame.length !== undefined) return { kind: 'length', length: frame.length, start, contentAt };
  if (frame.gap !== undefined) return { kind: 'gap', gap: frame.gap };
  if (frame.end !== undefined) {
    const { end, escapeXor = 0, trailer = 0 } = frame;
    return { kind: 'marked', start, end, escapeByte: frame.escape, escapeXor, trailer };
  }
  if (frame.kind === 'nmea') return { kind: 'nmea', checksum: crc };
  if (frame.kind === 'telegram') return { kind: 'telegram', crc };
  return { kind: frame.kind! };
}

export const frameSchema = z
  .union([z.enum(KINDS), shape.superRefine(check)], {
    error: `expected ${KINDS.join(', ')}, or an object that says how a frame ends, such as { delimiter: "\\r\\n" }`,
  })
  .transform((frame): ParsedFrame => {
    const whole = typeof frame === 'string' ? shape.parse({ kind: frame }) : frame;
    return { frame: kindOf(whole), max: maxOf(whole), timeout: whole.timeout };
  });

const crc = z.strictObject({
  width: z.int().min(8).max(32).describe('bits of the CRC'),
  poly: z.int().min(0).max(0xffffffff).describe('generator polynomial, without its highest bit'),
  init: z.int().min(0).max(0xffffffff).default(0).describe('value before the first byte'),
  refIn: z.boolean().default(false).describe('each byte begins with its lowest bit'),
  refOut: z.boolean().default(false).describe('the result is mirrored'),
  xorOut: z.int().min(0).max(0xffffffff).default(0).describe('XORed with the result'),
});

const checksumName = z.string().refine((name) => CHECKSUM_NAMES.includes(name), {
  error: ({ input }) => {
    const family = /^crc-?(8|16|32)/i.exec(String(input))?.[1];
    const names = CHECKSUM_NAMES.filter((name) =>
      family === undefined ? !name.includes('/') : name.startsWith(`crc-${family}/`),
    );
    return `expected ${names.join(', ')}${family === undefined ? ', or a CRC such as crc-16/modbus' : ''}`;
  },
});

const checksumShape = z.strictObject({
  type: z
    .union([checksumName, crc], { error: 'expected a name such as xor or crc-16/modbus, or { width, poly, … }' })
    .describe('name of the checksum, such as xor or crc-16/modbus, or a CRC by its parameters'),
  encoding: z.enum(['binary', 'hex']).default('binary').describe('hex: two characters per byte'),
  endian: z.enum(['big', 'little']).default('big').describe('which byte comes first'),
  from: z.enum(['content', 'marker']).default('content').describe('marker: the start marker is covered, too'),
  skip: z.int().min(0).max(255).default(0).describe('bytes there that are not covered'),
  separator: bytes.optional().describe('stands in front of it: "*"'),
});

export const checksumSchema = z
  .union([checksumName, checksumShape], {
    error: 'expected a name such as xor or crc-16/modbus, or { type: … } with its place',
  })
  .transform((one): ChecksumOptions => {
    const { separator = NOTHING, ...rest } = typeof one === 'string' ? checksumShape.parse({ type: one }) : one;
    return { ...rest, separator };
  });
