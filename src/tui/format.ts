/** Numbers, times and trends as people read them. Unknown is `—`, never 0. */

import { formatDuration } from '../core/duration.js';
import type { ErrorView } from '../core/errors.js';
import { type Span, span } from './spans.js';
import { signOf } from './theme.js';

export const UNKNOWN = '—';

/** Short form of a count or rate: `0.5`, `12`, `1.2k`, `34k`, `1.2M`. */
export function compact(value: number): string {
  if (!Number.isFinite(value)) return UNKNOWN;
  if (value !== 0 && Math.abs(value) < 9.95 && !Number.isInteger(value)) return value.toFixed(1);
  const units = ['', 'k', 'M', 'G', 'T'];
  let scaled = Math.round(value);
  let unit = 0;
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) {
    scaled /= 1_000;
    unit++;
  }
  const digits = unit > 0 && Math.abs(scaled) < 9.95 ? 1 : 0;
  return `${scaled.toFixed(digits)}${units[unit]}`;
}

export function rate(perSecond: number): string {
  return `${compact(perSecond)}/s`;
}

export function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let scaled = size;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1_000;
    unit++;
  }
  return `${scaled.toFixed(unit > 1 && scaled < 9.95 ? 1 : 0)} ${units[unit]}`;
}

/** Age of a moment, `—` when it never was. */
export function age(at: number | null | undefined, now: number): string {
  return at === null || at === undefined ? UNKNOWN : formatDuration(now - at);
}

/** A duration of one exchange, ms. */
export function milliseconds(value: number | null): string {
  if (value === null) return UNKNOWN;
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

const two = (n: number) => String(n).padStart(2, '0');

/** Local time of day, `14:03:07`. */
export function timeOfDay(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Local date and time to the millisecond. */
export function absolute(at: number): string {
  const date = new Date(at);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${timeOfDay(at)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Sign and word of a state. */
export function stateSpan(word: string): Span {
  const { glyph, tone } = signOf(word);
  return span(`${glyph} ${word}`, tone);
}

/** One line: code, message, and what to do. */
export function errorSpans(error: ErrorView): Span[] {
  return [
    span(error.code, 'bad', true),
    span(` ${error.message}`),
    ...(error.hint === '' ? [] : [span(' · ', 'muted'), span(error.hint, 'accent')]),
  ];
}

const LEVELS = '▁▂▃▄▅▆▇';

/**
 * The newest samples as bars between their smallest and largest; a gap where the value was not known. Samples that are
 * all 0 or 1 are those of a switch: off is low and on is high, also when it never moved.
 */
export function sparkline(samples: readonly (number | null)[], width: number): string {
  const shown = samples.slice(-width);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const sample of shown) {
    if (sample === null) continue;
    low = Math.min(low, sample);
    high = Math.max(high, sample);
  }
  if (low >= 0 && high <= 1 && shown.every((sample) => sample === null || Number.isInteger(sample)))
    [low, high] = [0, 1];
  let line = '';
  for (const sample of shown) {
    if (sample === null) line += ' ';
    else if (high === low) line += LEVELS[3];
    else line += LEVELS[Math.round(((sample - low) / (high - low)) * (LEVELS.length - 1))];
  }
  return line;
}
