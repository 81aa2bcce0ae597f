/**
 * The address of a point, in the forms that people know:
 *
 *   holding:100   input:0x20   coil:5   discrete:7     a table and a number; the first one is the device's `base`
 *   40101   '00005'   400101                           digits of a manual: table and number in one, counted from 1
 *   1!400101                                           the same behind the unit, as EMQX Neuron has it
 *
 * Any of them may go on with `.BIT`, or `.LENGTH` of a text (with H L D E for how it is packed), and with `#ORDER`.
 */
import { ADDRESS_SPACE, type Table } from './pdu.js';
import { type Order, parseOrder } from './values/order.js';
import type { Packing } from './values/text.js';

export interface TableAddress {
  readonly table: Table;
  /** Protocol address, 0 to 65535, once the base of the device was taken off. */
  readonly start: number;
  /** `start` counts from the base of the device, which is not known here; false: it is the protocol address. */
  readonly isBased: boolean;
  /** As the address names it; must be that of the device. */
  readonly unit?: number;
  /** Behind the dot: a bit, or the length of a text. */
  readonly suffix?: number;
  readonly packing?: Packing;
  readonly order?: Order;
}

export const ADDRESS_FORMS =
  'expected a table and a number, "holding:100", "input:0x20", "coil:5" or "discrete:7", ' +
  'or the digits of a manual, "40101" (holding register, counted from 1) or "400101"';

const DIGIT_TABLES: Readonly<Record<string, Table>> = { 0: 'coil', 1: 'discrete', 3: 'input', 4: 'holding' };
const PACKING_LETTERS: Readonly<Record<string, Packing>> = {
  H: 'high-first',
  L: 'low-first',
  D: 'low-byte',
  E: 'high-byte',
};
/** EMQX Neuron's words for orders, which have another sense of big and little. */
const NEURON_ORDERS: Readonly<Record<string, Order>> = {
  L: 'AB',
  B: 'BA',
  LL: 'ABCD',
  LB: 'BADC',
  BL: 'CDAB',
  BB: 'DCBA',
};

const PATTERN =
  /^(?:(?<table>holding|input|coil|discrete):(?<number>0x[0-9a-fA-F]{1,4}|\d{1,5})|(?:(?<unit>\d{1,3})!)?(?<digits>\d{5,6}))(?:\.(?<suffix>\d{1,3})(?<packing>[HLDE])?)?(?:#(?<order>[A-H]{2,8}|[1-8]{4,8}|[BL]{1,2}))?$/;

/** @returns the address, or what is wrong with the text */
export function parseAddress(text: string): TableAddress | string {
  const parts = PATTERN.exec(text)?.groups;
  if (parts === undefined) return ADDRESS_FORMS;
  const place = parts.table === undefined ? fromDigits(parts.digits!) : fromTable(parts.table, parts.number!);
  if (typeof place === 'string') return place;
  const order = parts.order === undefined ? undefined : orderOf(parts.order.toUpperCase());
  if (order === undefined && parts.order !== undefined) return `#${parts.order} names no order, such as #CDAB or #BL`;
  return {
    ...place,
    ...(parts.unit === undefined ? {} : { unit: Number(parts.unit) }),
    ...(parts.suffix === undefined ? {} : { suffix: Number(parts.suffix) }),
    ...(parts.packing === undefined ? {} : { packing: PACKING_LETTERS[parts.packing.toUpperCase()]! }),
    ...(order === undefined ? {} : { order }),
  };
}

function orderOf(text: string): Order | undefined {
  return NEURON_ORDERS[text] ?? parseOrder(text);
}

function fromTable(table: string, number: string): TableAddress | string {
  const start = Number(number);
  if (start > ADDRESS_SPACE) return `address ${start} is beyond 65535, the last one Modbus can name`;
  return { table: table.toLowerCase() as Table, start, isBased: true };
}

function fromDigits(digits: string): TableAddress | string {
  const table = DIGIT_TABLES[digits[0]!];
  const number = Number(digits.slice(1));
  if (table === undefined)
    return `${digits} begins with ${digits[0]}; 0 is a coil, 1 a discrete input, 3 an input register, 4 a holding register`;
  if (number < 1) return `${digits} is before the first; digits of a manual count from 1`;
  if (number > ADDRESS_SPACE) return `${digits} is beyond ${digits[0]}65536, the last one Modbus can name`;
  return { table, start: number - 1, isBased: false };
}

/** `holding:100`, from 0, whatever form it came in. */
export function addressText({ table, start }: Pick<TableAddress, 'table' | 'start'>): string {
  return `${table}:${start}`;
}
