/** What the configuration says about Modbus: three zod shapes, merged flat into port, device and point. */
import { z } from 'zod';
import { type ConfigIssue, DURATION_PATTERN, parseDuration } from '../../src/adapter.js';
import { ADDRESS_SPACE, isBitTable, type Table } from './pdu.js';
import {
  ORDERS_32,
  ORDERS_64,
  type Order,
  orderFits,
  REGISTER_TYPES,
  type RegisterType,
  registersOf,
} from './registers.js';

const ADDRESS_FORMS =
  'expected a table and a zero-based address: "holding:100", "input:0x20", "coil:5" or "discrete:7" ' +
  '(40101 of a manual is "holding:100")';
const ADDRESS_PATTERN = /^(holding|input|coil|discrete):(0x[0-9a-fA-F]{1,4}|\d{1,5})$/;

export interface TableAddress {
  readonly table: Table;
  /** Protocol address, 0 to 65535. */
  readonly start: number;
}

const tableAddress = z
  .string({ error: ADDRESS_FORMS })
  .regex(ADDRESS_PATTERN, ADDRESS_FORMS)
  .transform((text, context): TableAddress => {
    const [table, number] = text.split(':') as [Table, string];
    const start = Number(number);
    if (start >= ADDRESS_SPACE) {
      context.addIssue({ code: 'custom', message: `address ${start} is beyond 65535, the last one Modbus can name` });
    }
    return { table, start };
  })
  .describe('table and zero-based protocol address: holding:100, input:0x20, coil:5, discrete:7');

const duration = z
  .string()
  .regex(DURATION_PATTERN, 'expected a duration such as "500ms" or "2s"')
  .transform((text) => parseDuration(text) as number);

const orders32 = ORDERS_32.join(', ');
const orders64 = ORDERS_64.map((order) => `"${order}"`).join(', ');

export const portSchema = z.object({
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
    .enum(ORDERS_32, { error: `expected one of ${orders32}` })
    .default('ABCD')
    .describe('byte order of values wider than a register, for all points that do not say their own'),
});

export const addressSchema = z.object({
  address: tableAddress,
  type: z
    .enum(REGISTER_TYPES)
    .optional()
    .describe('raw type; default: bool for coil and discrete, uint16 for registers'),
  order: z
    .enum([...ORDERS_32, ...ORDERS_64], {
      error: `expected one of ${orders32}, or for 64 bits ${orders64} (digits in quotes)`,
    })
    .optional()
    .describe('byte order of a value wider than a register: A or 1 is the most significant byte'),
  bit: z.int().min(0).max(15).optional().describe('take one bit of the register as bool; 0 is the least significant'),
});

export type PortOptions = z.output<typeof portSchema>;
export type DeviceOptions = z.output<typeof deviceSchema>;
export type PointAddress = z.output<typeof addressSchema>;

/** The type a point has when it does not say one. Bits of the bit tables are always bool. */
export function typeOf(point: PointAddress): RegisterType {
  if (isBitTable(point.address.table) || point.bit !== undefined) return 'bool';
  return point.type ?? 'uint16';
}

/** Bits of a bit table, registers of a register table. */
export function lengthOf(point: PointAddress): number {
  return isBitTable(point.address.table) ? 1 : registersOf(typeOf(point));
}

/** What the shape alone cannot see: fields that contradict one another. */
export function pointIssues(point: PointAddress): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const { table, start } = point.address;
  const type = typeOf(point);
  const add = (field: string, message: string) => issues.push({ path: [field], message });
  if (point.type !== undefined && point.type !== 'bool') {
    if (isBitTable(table)) add('type', `a ${table} holds one bit: its type is bool, not ${point.type}`);
    else if (point.bit !== undefined) add('type', `one bit of a register is a bool, not ${point.type}`);
  }
  if (point.bit !== undefined && isBitTable(table)) add('bit', `a ${table} has no bits inside; leave bit away`);
  if (point.order !== undefined && !orderFits(type, point.order as Order)) {
    add(
      'order',
      registersOf(type) === 1
        ? `${type} is one register, which has no order; leave order away`
        : `order ${point.order} names 8 bytes, ${type} has 4: use one of ${orders32}`,
    );
  }
  if (start + lengthOf(point) > ADDRESS_SPACE) {
    add('address', `${type} takes ${lengthOf(point)} registers from ${start}, beyond address 65535`);
  }
  return issues;
}
