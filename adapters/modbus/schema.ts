/** What the configuration says about Modbus: three zod shapes, merged flat into port, device and point. */
import { z } from 'zod';
import { DURATION_PATTERN, parseDuration } from '../../src/adapter.js';
import { ADDRESS_FORMS, parseAddress, type TableAddress } from './address.js';
import { ADDRESS_SPACE } from './pdu.js';
import { type Mark, VALUE_TYPES, type ValueType } from './values/codec.js';
import { ORDER_NAMES, ORDERS_32, ORDERS_64, type Order32, parseOrder } from './values/order.js';
import { ENCODINGS, PACKINGS, PADS, TRIMS } from './values/text.js';

export const ORDERS_TEXT = `${ORDERS_32.join(', ')}, or for 64 bits ${ORDERS_64.map((order) => `"${order}"`).join(', ')}`;

export const duration = z
  .string()
  .regex(DURATION_PATTERN, 'expected a duration such as "500ms" or "2s"')
  .transform((text) => parseDuration(text) as number);

/** Digits without quotes are a number to YAML. */
const quoted = (input: unknown) => (Number.isInteger(input) && Number(input) >= 10_001 ? String(input) : input);

const address = z
  .preprocess(quoted, z.string({ error: ADDRESS_FORMS }))
  .transform((text, context): TableAddress => {
    const parsed = parseAddress(text);
    if (typeof parsed !== 'string') return parsed;
    context.addIssue({ code: 'custom', message: parsed });
    return z.NEVER;
  })
  .meta({
    type: ['string', 'integer'],
    description:
      'table and number: holding:100, input:0x20, coil:5, discrete:7; or digits counted from 1: 40101, 400101',
  });

const order = z
  .enum(ORDER_NAMES as [string, ...string[]], { error: `expected one of ${ORDERS_TEXT} (digits in quotes)` })
  .transform((text) => parseOrder(text)!);

const mark = z
  .union([z.number(), z.string().regex(/^0x[0-9a-f]{1,16}$/i)], {
    error: 'expected "sunspec", a number such as -32768, or bits such as "0x8000", or a list of these',
  })
  .transform((one): Mark => (typeof one === 'number' ? { value: one } : { bits: BigInt(one) }));

const invalid = z
  .union([z.literal('sunspec'), mark, z.array(mark).max(16)])
  .transform((one) => (one === 'sunspec' || Array.isArray(one) ? one : [one]))
  .describe('what the device says in place of a value it has not: sunspec, a number, bits such as "0x8000", or a list');

const modelId = z.int().min(1).max(65_534);

const writeRegister = z.enum(['single', 'multiple']);

export const portSchema = z.object({
  passive: z
    .boolean()
    .optional()
    .describe('RTU: another master is on the line; its traffic is decoded into the points, and nothing is ever sent'),
  passiveStaleAfter: duration
    .optional()
    .describe('passive: without a value for so long the last one is stale. Default: 60s'),
  framing: z
    .enum(['tcp', 'rtu', 'ascii'])
    .optional()
    .describe(
      'tcp: MBAP header; rtu: CRC; ascii: hexadecimal digits and LRC (both also over a TCP converter). Default: rtu on serial, rfc2217 and listen ports, else tcp',
    ),
  silence: duration
    .optional()
    .describe(
      'RTU, ASCII: least silence between two frames. Default: 3.5 characters, 1.75ms above 19200 baud, 4ms over TCP',
    ),
  characterTimeout: duration.optional().describe('ASCII: a frame with a longer gap inside is none. Default: 1s'),
  delimiter: z
    .string()
    .regex(/^[\x00-\x7f]$/, 'expected one ASCII character')
    .optional()
    .describe('ASCII: last character of a frame, where it is not LF'),
  lateWindow: duration
    .optional()
    .describe(
      'RTU, ASCII: how long a unit that did not answer may still do so before it is asked again. Default: as long as it was waited for',
    ),
});

export const deviceSchema = z.object({
  unit: z.int().min(0).max(255).default(1).describe('unit id; 1 to 247 with RTU and ASCII frames'),
  order: z
    .enum(ORDERS_32, { error: `expected one of ${ORDERS_32.join(', ')}` })
    .default('ABCD')
    .describe('byte order of values wider than a register, for all points that do not say their own'),
  base: z
    .literal([0, 1])
    .default(0)
    .describe(
      'what its manual calls the first address: holding:0 or holding:1; digits such as 40001 count from 1 anyway',
    ),
  invalid: invalid.optional(),
  sunspecAt: z
    .array(
      z
        .int()
        .min(0)
        .max(ADDRESS_SPACE - 1),
    )
    .min(1)
    .max(8)
    .optional()
    .describe(
      'SunSpec: protocol addresses where its marker may be, in the order in which they are tried; 40000, 50000 and 0 when absent',
    ),
  maxRegisters: z.int().min(1).max(125).optional().describe('most registers in one read; 125, as the protocol allows'),
  maxBits: z.int().min(1).max(2_000).optional().describe('most coils or discrete inputs in one read; 2000'),
  maxGap: z
    .int()
    .min(0)
    .max(2_000)
    .optional()
    .describe(
      'most addresses in a row that are read along though no point has them; 0: none. As many as save time when absent',
    ),
  writeRegister: writeRegister
    .default('single')
    .describe('one register is written with function 6 (single) or 16 (multiple)'),
  writeCoil: writeRegister.default('single').describe('a coil is written with function 5 (single) or 15 (multiple)'),
  writeBits: z
    .enum(['mask', 'read-write'])
    .default('mask')
    .describe(
      'bits of a register are written with function 22, which no other master can come between; or, where the device lacks it, the register is read, changed and written',
    ),
});

export const addressSchema = z.object({
  address,
  type: z
    .enum(VALUE_TYPES as [ValueType, ...ValueType[]])
    .optional()
    .describe('raw type; default: bool for coil and discrete, uint16 for registers'),
  order: order
    .optional()
    .describe(
      'byte order: A or 1 is the most significant byte; AB and BA for one register, ABCD, "12345678" and so on',
    ),
  bit: z.int().min(0).max(15).optional().describe('take one bit of the register as bool; 0 is the least significant'),
  bits: z
    .string()
    .regex(/^\d{1,2}-\d{1,2}$/, 'expected the lowest and the highest bit, such as "4-7"')
    .transform((text) => text.split('-').map(Number) as [number, number])
    .optional()
    .describe('take bits of the register as a number, such as "4-7"; 0 is the least significant'),
  length: z.int().min(1).max(250).optional().describe('of string and bytes: how many bytes'),
  packing: z
    .enum(PACKINGS)
    .optional()
    .describe('of string and bytes: two bytes per register, high or low first; or one, in its low or high byte'),
  encoding: z.enum(ENCODINGS).optional().describe('of string; default utf8'),
  trim: z
    .enum(TRIMS)
    .optional()
    .describe(
      'of string: it ends at the first NUL (nul), blanks at its end go (space), both (all, the default), or none',
    ),
  pad: z.enum(PADS).optional().describe('of string: what fills the registers behind a shorter text; default nul'),
  invalid: invalid.optional(),
  model: z
    .union([modelId, z.array(modelId).min(1).max(8)])
    .transform((one) => (Array.isArray(one) ? one : [one]))
    .optional()
    .describe(
      'SunSpec: the model in which the address counts from its identifier (0); of a list, the first that the device has',
    ),
  scaleFactor: z
    .int()
    .min(2)
    .max(ADDRESS_SPACE - 1)
    .optional()
    .describe('SunSpec: where in the model the power of ten is, by which the device multiplies this value'),
});

export type PortOptions = z.output<typeof portSchema>;
export type DeviceOptions = z.output<typeof deviceSchema> & { readonly order: Order32 };
export type PointAddress = z.output<typeof addressSchema>;
