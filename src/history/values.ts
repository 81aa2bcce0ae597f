/** Values as they are kept: a number is REAL, a bigint INTEGER, text TEXT, and a boolean 0 or 1 with a flag. */
import type { Quality } from '../core/adapter.js';
import type { HistorySample, HistoryValue, SampleView } from '../core/history.js';

const QUALITIES: readonly Quality[] = ['good', 'stale', 'bad'];
const QUALITY_MASK = 3;
const BOOLEAN = 4;

const MIN_INTEGER = -(2n ** 63n);
const MAX_INTEGER = 2n ** 63n - 1n;

export function stored(value: HistoryValue | undefined): number | bigint | string | null {
  if (value === undefined) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  // SQLite has no unsigned ones: beyond are the digits.
  if (typeof value === 'bigint' && (value < MIN_INTEGER || value > MAX_INTEGER)) return String(value);
  return value;
}

export function flagsOf({ quality, value }: HistorySample): number {
  return QUALITIES.indexOf(quality) + (typeof value === 'boolean' ? BOOLEAN : 0);
}

/** What figures are made of: a boolean counts as 0 or 1. */
export function isGoodNumber({ quality, value }: Pick<HistorySample, 'quality' | 'value'>): boolean {
  return quality === 'good' && value !== undefined && typeof value !== 'string' && Number.isFinite(Number(value));
}

/** A row of `sample`, read with bigints. */
export interface SampleRow {
  readonly at: bigint;
  readonly value: bigint | number | string | null;
  readonly flags: bigint;
}

export function sampleView({ at, value, flags }: SampleRow): SampleView {
  const quality = QUALITIES[Number(flags) & QUALITY_MASK] ?? 'bad';
  return { at: Number(at), value: (Number(flags) & BOOLEAN) !== 0 ? Boolean(value) : plain(value), quality };
}

/** bigint has no JSON: a number where exact, else its digits. */
function plain(value: SampleRow['value']): number | string | null {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
