/** The instructions a function may use, and how long each is (WebAssembly core specification §5.4). Anything else is refused. */
import { functionError } from '../errors.js';
import type { Reader } from './reader.js';

export const op = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  unreachable: 0x00,
  memoryGrow: 0x40,
  bulk: 0xfc,
  simd: 0xfd,
} as const;

/** Below `op.bulk`: the second number of the instruction. */
export const bulk = {
  memoryInit: 8,
  memoryCopy: 10,
  memoryFill: 11,
  tableInit: 12,
  tableCopy: 14,
  tableGrow: 15,
  tableFill: 17,
} as const;

/** What follows the opcode; 0: it is refused. */
const NOTHING = 1;
const NUMBER = 2;
const TWO_NUMBERS = 3;
const MEMORY_ARGUMENT = 4;
const BLOCK_TYPE = 5;
const LABELS = 6;
const TYPES = 7;
const BYTES_4 = 8;
const BYTES_8 = 9;
const HEAP_TYPE = 10;
const PREFIX_BULK = 11;
const PREFIX_SIMD = 12;

const shapes = new Uint8Array(256);
shapes.fill(NOTHING, 0x45, 0xc5); // comparisons, arithmetic, conversions
shapes.fill(MEMORY_ARGUMENT, 0x28, 0x3f); // loads and stores
shapes.fill(NUMBER, 0x20, 0x27); // locals, globals, tables
for (const code of [0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b, 0xd1]) shapes[code] = NOTHING;
for (const code of [0x02, 0x03, 0x04]) shapes[code] = BLOCK_TYPE;
for (const code of [0x0c, 0x0d, 0x10, 0x12, 0x3f, 0x40, 0x41, 0x42, 0xd2]) shapes[code] = NUMBER;
for (const code of [0x11, 0x13]) shapes[code] = TWO_NUMBERS;
shapes[0x0e] = LABELS;
shapes[0x1c] = TYPES;
shapes[0x43] = BYTES_4;
shapes[0x44] = BYTES_8;
shapes[0xd0] = HEAP_TYPE;
shapes[0xfc] = PREFIX_BULK;
shapes[0xfd] = PREFIX_SIMD;

/** Why an opcode is refused, for those that somebody may really have used. */
const refusals: Readonly<Record<number, string>> = {
  6: 'legacy exceptions',
  7: 'legacy exceptions',
  8: 'exceptions',
  9: 'legacy exceptions',
  10: 'exceptions',
  20: 'typed function references',
  21: 'typed function references',
  24: 'legacy exceptions',
  25: 'legacy exceptions',
  31: 'exceptions',
  211: 'garbage-collected types',
  212: 'typed function references',
  213: 'typed function references',
  214: 'typed function references',
  251: 'garbage-collected types',
  254: 'threads',
};

/**
 * Steps over what follows an opcode.
 *
 * @param reader - behind the opcode; branch labels (`op.br`, `op.brIf`, `op.brTable`) are read by the caller instead
 * @returns the second number of an instruction with a prefix, or the function type of a block; else −1
 * @throws GatewayError FUNCTION_MODULE_FEATURE
 */
export function skipImmediates(reader: Reader, opcode: number): number {
  switch (shapes[opcode]) {
    case NOTHING:
      return -1;
    case NUMBER:
      reader.skipNumber();
      return -1;
    case MEMORY_ARGUMENT:
      skipMemoryArgument(reader);
      return -1;
    case BLOCK_TYPE:
      return blockType(reader);
    case TWO_NUMBERS:
      reader.skipNumber();
      reader.skipNumber();
      return -1;
    case LABELS:
      for (let left = reader.u32() + 1; left > 0; left--) reader.skipNumber();
      return -1;
    case TYPES:
      for (let left = reader.u32(); left > 0; left--) valueType(reader);
      return -1;
    case BYTES_4:
      reader.skip(4);
      return -1;
    case BYTES_8:
      reader.skip(8);
      return -1;
    case HEAP_TYPE:
      referenceType(reader);
      return -1;
    case PREFIX_BULK:
      return skipBulk(reader);
    case PREFIX_SIMD:
      return skipSimd(reader);
    default:
      throw functionError('FUNCTION_MODULE_FEATURE', refusalOf(opcode), { details: { opcode } });
  }
}

function refusalOf(opcode: number): string {
  const feature = refusals[opcode];
  const code = `0x${opcode.toString(16)}`;
  return feature === undefined ? `the module uses instruction ${code}` : `the module uses ${feature} (${code})`;
}

function skipBulk(reader: Reader): number {
  const second = reader.u32();
  if (second <= 7) return second; // saturating conversions
  if (second > 17) throw functionError('FUNCTION_MODULE_FEATURE', `the module uses instruction 0xfc ${second}`);
  reader.skipNumber();
  if (second === 8 || second === 10 || second === 12 || second === 14) reader.skipNumber();
  return second;
}

function skipSimd(reader: Reader): number {
  const second = reader.u32();
  if (second >= 0x100) {
    throw functionError('FUNCTION_MODULE_FEATURE', `the module uses relaxed SIMD (0xfd ${second}): its results differ`);
  }
  if (second <= 11 || second === 92 || second === 93) skipMemoryArgument(reader);
  else if (second === 12 || second === 13) reader.skip(16);
  else if (second >= 21 && second <= 34) reader.skip(1);
  else if (second >= 84 && second <= 91) {
    skipMemoryArgument(reader);
    reader.skip(1);
  }
  return second;
}

/** §5.4.7: alignment and offset; bit 6 of the first says that the number of a memory follows. */
function skipMemoryArgument(reader: Reader): void {
  if ((reader.u32() & 0x40) !== 0) throw functionError('FUNCTION_MODULE_FEATURE', 'the module uses several memories');
  reader.skipNumber();
}

/** Nothing, a value type, or the number of a function type, which is not negative as a signed number. */
function blockType(reader: Reader): number {
  const first = reader.bytes[reader.at] ?? 0;
  if ((first & 0xc0) !== 0x40) return reader.u32();
  if (first === 0x40) reader.skip(1);
  else valueType(reader);
  return -1;
}

const valueTypes: Readonly<Record<number, string>> = {
  127: 'i32',
  126: 'i64',
  125: 'f32',
  124: 'f64',
  123: 'v128',
  112: 'funcref',
  111: 'externref',
};

export function valueType(reader: Reader): string {
  const code = reader.u8();
  const type = valueTypes[code];
  if (type === undefined) throw unknownType(code);
  return type;
}

export function referenceType(reader: Reader): string {
  const code = reader.u8();
  if (code !== 0x70 && code !== 0x6f) throw unknownType(code);
  return valueTypes[code]!;
}

function unknownType(code: number): Error {
  return functionError(
    'FUNCTION_MODULE_FEATURE',
    `the module uses type 0x${code.toString(16)}: typed or collected references`,
  );
}

/** How much of what one unit of fuel pays an instruction takes: those that take long by themselves count more. */
export function weightOf(opcode: number): number {
  if (opcode === 0x25 || opcode === 0x26 || opcode === 0xd2) return 8; // tables and references leave the code
  if ((opcode >= 0x6d && opcode <= 0x70) || (opcode >= 0x7f && opcode <= 0x82)) return 8; // integer division
  if (opcode === 0x91 || opcode === 0x95 || opcode === 0x9f || opcode === 0xa3) return 8; // square root, division
  return 1;
}

/** What an instruction of SIMD takes beside that. @param second - behind the prefix */
export function simdWeight(second: number): number {
  switch (second) {
    case 0xe3: // f32x4.sqrt
    case 0xe7: // f32x4.div
    case 0xef: // f64x2.sqrt
    case 0xf3: // f64x2.div
      return 15;
    default:
      return 1;
  }
}
