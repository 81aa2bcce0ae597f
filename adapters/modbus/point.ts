/** One point with everything decided: where it lies, how its value is made, what contradicts in what was configured. */
import type { ConfigIssue } from '../../src/adapter.js';
import { addressText } from './address.js';
import { ADDRESS_SPACE, isBitTable, READ_LIMIT, type Table, WRITE_REGISTERS_LIMIT } from './pdu.js';
import { type DeviceOptions, ORDERS_TEXT, type PointAddress } from './schema.js';
import {
  canBeMarked,
  isText,
  orderedBytes,
  registersOf,
  type ValueCodec,
  type ValueType,
  valueCodec,
} from './values/codec.js';
import { type Order, orderFits } from './values/order.js';
import type { TextOptions } from './values/text.js';

export interface Place {
  readonly table: Table;
  /** Protocol address. */
  readonly start: number;
  /** Bits of a bit table, registers of a register table. */
  readonly length: number;
  readonly type: ValueType;
  readonly order: Order;
  /** Of registers; undefined for the tables of bits. */
  readonly codec: ValueCodec | undefined;
}

/** What is needed of a device to place its points. */
export type Defaults = Pick<DeviceOptions, 'unit' | 'order' | 'base' | 'invalid' | 'maxRegisters' | 'maxBits'>;

const NO_DEVICE: Defaults = {
  unit: 1,
  order: 'ABCD',
  base: 0,
  invalid: undefined,
  maxRegisters: undefined,
  maxBits: undefined,
};

/** The type a point has when it does not say one. Bits of the bit tables are always bool. */
export function typeOf(point: PointAddress): ValueType {
  if (isBitTable(point.address.table) || point.bit !== undefined) return 'bool';
  if (point.type === undefined && point.bits === undefined && bitOf(point) !== undefined) return 'bool';
  return point.type ?? 'uint16';
}

/** Behind the dot of an address there is a bit, where it is not the length of a text. */
function bitOf({ bit, type, address }: PointAddress): number | undefined {
  if (bit !== undefined || type === 'string' || type === 'bytes' || address.packing !== undefined) return bit;
  return address.suffix;
}

function bitsOf(point: PointAddress): readonly [number, number] | undefined {
  const bit = bitOf(point);
  return bit === undefined ? point.bits : [bit, bit];
}

function textOf(point: PointAddress): TextOptions | undefined {
  const { type, address } = point;
  const length = point.length ?? address.suffix;
  if ((type !== 'string' && type !== 'bytes') || length === undefined) return undefined;
  const packing = point.packing ?? address.packing ?? 'high-first';
  return { length, packing, encoding: point.encoding ?? 'utf8', trim: point.trim ?? 'all', pad: point.pad ?? 'nul' };
}

function startOf({ address }: PointAddress, { base }: Defaults): number {
  return address.isBased ? address.start - base : address.start;
}

function orderOf(point: PointAddress, device: Defaults): Order {
  return point.order ?? point.address.order ?? device.order;
}

function lengthOf(point: PointAddress): number {
  return isBitTable(point.address.table) ? 1 : registersOf(typeOf(point), textOf(point));
}

/**
 * The device's own words, folded into the point: afterwards it does not depend on them any more.
 * Doing it again changes nothing.
 */
export function resolvePoint(point: PointAddress, device: Defaults): PointAddress {
  const start = startOf(point, device);
  const order = orderOf(point, device);
  const { order: _own, invalid: _marks, ...rest } = point;
  // Marks of the device are for those of its points that have numbers.
  const shared = device.invalid === 'sunspec' || canBeMarked(typeOf(point)) ? device.invalid : undefined;
  const invalid = point.invalid ?? shared;
  return {
    ...rest,
    address: { ...point.address, start, isBased: false },
    ...(orderFits(order, orderedBytes(typeOf(point))) ? { order } : {}),
    ...(invalid === undefined ? {} : { invalid }),
  };
}

/** @param point - without contradictions, see {@link pointIssues} */
export function placeOf(point: PointAddress, device: Defaults = NO_DEVICE): Place {
  const { table } = point.address;
  const type = typeOf(point);
  const order = orderOf(point, device);
  const bits = bitsOf(point);
  const invalid = point.invalid ?? device.invalid;
  return {
    table,
    start: startOf(point, device),
    length: lengthOf(point),
    type,
    order,
    codec: isBitTable(table)
      ? undefined
      : valueCodec({ type, order, bits, isBit: bitOf(point) !== undefined, text: textOf(point), invalid }),
  };
}

/** `holding:100.3`, `input:32 float32 CDAB`: as it is shown, whatever form it was written in. */
export function placeText(point: PointAddress, device: Defaults = NO_DEVICE): string {
  const place = addressText({ table: point.address.table, start: startOf(point, device) });
  if (isBitTable(point.address.table)) return place;
  const bits = bitsOf(point);
  if (bits !== undefined) return bits[0] === bits[1] ? `${place}.${bits[0]}` : `${place}.${bits[0]}-${bits[1]}`;
  const type = typeOf(point);
  const text = textOf(point);
  const order = orderOf(point, device);
  const words = [place, text === undefined ? type : `${type} ${text.length}`];
  if (text !== undefined && text.packing !== 'high-first') words.push(text.packing);
  if (orderedBytes(type) > 2 || (orderedBytes(type) === 2 && order === 'BA')) words.push(order);
  return words.join(' ');
}

/** @returns why a point of this address cannot be written, or undefined */
export function readOnlyReason(point: PointAddress): string | undefined {
  const { table } = point.address;
  if (table === 'input') return 'input registers cannot be written (Modbus has no function for it)';
  if (table === 'discrete') return 'discrete inputs cannot be written (Modbus has no function for it)';
  if (lengthOf(point) > WRITE_REGISTERS_LIMIT) return `one request can write ${WRITE_REGISTERS_LIMIT} registers`;
  return undefined;
}

/** What the shape alone cannot see: fields that contradict one another. */
export function pointIssues(point: PointAddress): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const { table } = point.address;
  const add = (field: string, message: string) => issues.push({ path: [field], message });
  const bits = bitsOf(point);
  if (isBitTable(table)) {
    if (point.type !== undefined && point.type !== 'bool') {
      add('type', `a ${table} holds one bit: its type is bool, not ${point.type}`);
    }
    if (bits !== undefined)
      add(point.bits === undefined ? 'bit' : 'bits', `a ${table} has no bits inside; leave bit away`);
  } else {
    bitIssues(point, bits, add);
    textIssues(point, add);
  }
  orderIssues(point, add);
  if (point.invalid !== undefined && point.invalid !== 'sunspec' && !canBeMarked(typeOf(point))) {
    add('invalid', `${typeOf(point)} has no numbers that could mean «not available»`);
  }
  return issues;
}

/** What only shows together with the device. */
export function placeIssues(point: PointAddress, device: Defaults): readonly ConfigIssue[] {
  const { address } = point;
  const start = startOf(point, device);
  const length = lengthOf(point);
  const issue = (message: string): readonly ConfigIssue[] => [{ path: ['address'], message }];
  if (address.unit !== undefined && address.unit !== device.unit) {
    return issue(
      `the address is in unit ${address.unit}, the device is unit ${device.unit}; make it a device of its own`,
    );
  }
  if (start < 0) return issue(`${address.table}:0 is before the first; this device counts from ${device.base}`);
  if (start >= ADDRESS_SPACE) return issue(`address ${start} is beyond 65535, the last one Modbus can name`);
  if (start + length > ADDRESS_SPACE) {
    return issue(`${typeOf(point)} takes ${length} registers from ${start}, beyond address 65535`);
  }
  const limit = (isBitTable(address.table) ? device.maxBits : device.maxRegisters) ?? READ_LIMIT[address.table];
  if (length > limit) return issue(`${typeOf(point)} takes ${length} registers, the device returns ${limit} at once`);
  return [];
}

type Add = (field: string, message: string) => void;

function bitIssues(point: PointAddress, bits: readonly [number, number] | undefined, add: Add): void {
  if (bits === undefined) return;
  const isBit = bitOf(point) !== undefined;
  if (isBit && point.bits !== undefined) add('bits', 'either one bit or a range of bits, not both');
  else if (bits[1] > 15 || bits[0] > bits[1]) {
    add(isBit ? 'address' : 'bits', `a register has the bits 0 to 15, lowest first: ${bits.join('-')} are none`);
  }
  if (isBit && point.type !== undefined && point.type !== 'bool') {
    add('type', `one bit of a register is a bool, not ${point.type}`);
  } else if (!isBit && point.type !== undefined && point.type !== 'uint16') {
    add('type', `bits of a register are a number without sign: leave type away instead of ${point.type}`);
  }
}

function textIssues(point: PointAddress, add: Add): void {
  const type = typeOf(point);
  const text = textOf(point);
  if (isText(type)) {
    if (text === undefined) {
      add('length', `a ${type} needs its length; add how many bytes it has`);
      return;
    }
    const registers = registersOf(type, text);
    if (registers > READ_LIMIT.holding) add('length', `${registers} registers are more than one answer can carry`);
    if (text.encoding === 'utf16' && text.length % 2 === 1) add('length', 'utf16 takes two bytes for a character');
  } else {
    for (const field of ['length', 'packing', 'encoding', 'trim', 'pad'] as const) {
      if (point[field] !== undefined) add(field, `${type} has no ${field}: that is for strings`);
    }
  }
  if (type === 'bytes') {
    for (const field of ['encoding', 'trim', 'pad'] as const) {
      if (point[field] !== undefined) add(field, `bytes have no ${field}: that is for strings`);
    }
  }
}

function orderIssues(point: PointAddress, add: Add): void {
  const order = point.order ?? point.address.order;
  const type = typeOf(point);
  const bytes = isBitTable(point.address.table) || bitsOf(point) !== undefined ? 0 : orderedBytes(type);
  if (order === undefined || orderFits(order, bytes)) return;
  const field = point.order === undefined ? 'address' : 'order';
  if (bytes === 0) add(field, `${type} has no order here; leave it away`);
  else if (bytes === 2)
    add(field, `${type} is one register, ${order} names ${order.length} bytes; its order is AB or BA`);
  else add(field, `order ${order} names ${order.length} bytes, ${type} has ${bytes}: use one of ${ORDERS_TEXT}`);
}
