/** What the products call things, in our words. */

export type Table = 'coil' | 'discrete' | 'holding' | 'input';

export const FUNCTION_TABLES: Readonly<Record<number, Table>> = { 1: 'coil', 2: 'discrete', 3: 'holding', 4: 'input' };

/** Functions that write, and the table they write to. */
export const WRITE_TABLES: Readonly<Record<number, Table>> = { 5: 'coil', 6: 'holding', 15: 'coil', 16: 'holding' };

/** Registers per value. */
const WIDTHS: Readonly<Record<string, number>> = {
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  float32: 2,
  int64: 4,
  uint64: 4,
  float64: 4,
};

/** @returns undefined for types of one register or of a length of their own */
export function bytesOf(type: string): 4 | 8 | undefined {
  const width = WIDTHS[type];
  return width === 2 ? 4 : width === 4 ? 8 : undefined;
}

export function isTable(text: string | undefined): text is Table {
  return text === 'coil' || text === 'discrete' || text === 'holding' || text === 'input';
}

/** Letters of 64 bits as ours. */
const ORDERS_64: Readonly<Record<string, string>> = {
  ABCDEFGH: '12345678',
  BADCFEHG: '21436587',
  HGFEDCBA: '87654321',
  GHEFCDAB: '78563412',
};
const ORDERS_32: readonly string[] = ['ABCD', 'BADC', 'CDAB', 'DCBA'];

/**
 * @param order - four or eight letters, `A` the most significant byte, in the order of the wire
 * @returns `{}` for the usual order, undefined when we have no such order for this type
 */
export function orderOf(order: string | undefined, type: string): { readonly order?: string } | undefined {
  const bytes = bytesOf(type);
  if (order === undefined || order === 'AB') return {};
  // Of a single register only the bytes can be exchanged; halves of one have no order.
  if (bytes === undefined) {
    const swapped = order === 'BA' || order === 'DCBA' || order === 'BADC' || order === 'HGFEDCBA';
    if (!swapped) return {};
    return /16$/.test(type) ? { order: 'BA' } : undefined;
  }
  if (order === 'BA') return bytes === 8 ? { order: '87654321' } : { order: 'DCBA' };
  if (order === 'ABCD' || order === 'ABCDEFGH') return {};
  if (ORDERS_32.includes(order)) return { order };
  const wide = ORDERS_64[order];
  return bytes === 8 && wide !== undefined ? { order: wide } : undefined;
}

/** Our address: `holding:100`. */
export function addressOf(table: Table, start: number): string | undefined {
  return Number.isInteger(start) && start >= 0 && start <= 65_535 ? `${table}:${start}` : undefined;
}

/** A factor as people write it: dividing by 10 is a scale of 0.1. */
export function scaleOf(multiplier: number, divider: number): number | undefined {
  const scale = Number((multiplier / divider).toPrecision(12));
  return scale === 1 || !Number.isFinite(scale) ? undefined : scale;
}

/** `500ms`, `2s`; undefined when there is nothing to say. */
export function milliseconds(ms: number | undefined): string | undefined {
  if (ms === undefined || !(ms > 0)) return undefined;
  const whole = Math.round(ms);
  return whole % 1_000 === 0 ? `${whole / 1_000}s` : `${whole}ms`;
}

/** Durations as Go writes them: `1m30s`, `250ms`; a bare number is seconds. */
export function goDuration(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const units: Readonly<Record<string, number>> = {
    ns: 1e-6,
    us: 1e-3,
    '\u00b5s': 1e-3,
    ms: 1,
    s: 1e3,
    m: 6e4,
    h: 3.6e6,
  };
  let sum = 0;
  let rest = text;
  while (rest !== '') {
    const match = /^(\d+(?:\.\d+)?)(ns|us|\u00b5s|ms|s|m|h)/.exec(rest);
    if (match === null) return undefined;
    sum += Number(match[1]) * units[match[2]!]!;
    rest = rest.slice(match[0].length);
  }
  return sum;
}

export const PARITIES: Readonly<Record<string, string>> = {
  n: 'none',
  none: 'none',
  e: 'even',
  even: 'even',
  o: 'odd',
  odd: 'odd',
  m: 'mark',
  mark: 'mark',
  s: 'space',
  space: 'space',
};
