/** Values as they are kept: a number is REAL, a bigint INTEGER, text TEXT, and a boolean 0 or 1 with a flag. */
import type { Quality } from '../core/adapter.js';
import type { HistorySample, HistoryValue, SampleView } from '../core/history.js';

const QUALITIES: readonly Quality[] = ['good', 'stale', 'bad'];
const QUALITY_MASK = 3;
const BOOLEAN = 4;
/** The time is of a clock that was not set. */
export const UNSYNCED = 8;
/** The text is the digits of an integer: SQLite has none beyond 64 bits, and no unsigned ones. */
const DIGITS = 16;

const MIN_INTEGER = -(2n ** 63n);
const MAX_INTEGER = 2n ** 63n - 1n;

/** A value as SQLite gives it, integers as bigints. */
export type StoredValue = number | bigint | string | null;

export function stored(value: HistoryValue | undefined): StoredValue {
  if (value === undefined) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return isBeyond(value) ? String(value) : value;
}

export function flagsOf({ quality, value, isUnsynced }: HistorySample): number {
  const kind = typeof value === 'boolean' ? BOOLEAN : isBeyond(value) ? DIGITS : 0;
  return QUALITIES.indexOf(quality) + kind + (isUnsynced === true ? UNSYNCED : 0);
}

/** What figures are made of: a boolean counts as 0 or 1. undefined: it is no good number. */
export function goodNumber(value: StoredValue, flags: number): number | undefined {
  if ((flags & QUALITY_MASK) !== 0 || value === null) return undefined;
  if (typeof value === 'string' && (flags & DIGITS) === 0) return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

export function sampleView(at: number, value: StoredValue, flags: number): SampleView {
  const quality = QUALITIES[flags & QUALITY_MASK] ?? 'bad';
  const view = { at, value: (flags & BOOLEAN) !== 0 ? Boolean(value) : plain(value), quality };
  return (flags & UNSYNCED) === 0 ? view : { ...view, timeQuality: 'unsynced' };
}

function isBeyond(value: HistoryValue | undefined): boolean {
  return typeof value === 'bigint' && (value < MIN_INTEGER || value > MAX_INTEGER);
}

/** bigint has no JSON: a number where exact, else its digits. */
function plain(value: StoredValue): number | string | null {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
