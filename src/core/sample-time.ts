/** Times of samples that were taken before the clock was known, in payloads of our own form. */
import type { Clock } from './clock.js';

const MARK = Buffer.from('"tq":"unsynced"');

/**
 * The payload with the time it should have had, marked `"tq":"rebased"`; the same payload where nothing is to be corrected,
 * or not known yet.
 */
export function correctedTime(payload: Buffer, clock: Clock): Buffer {
  // A clock that was never unsynced costs nothing.
  const { rebased, corrections } = clock;
  if (rebased === undefined || !corrections?.().length || !payload.includes(MARK)) return payload;
  let body: unknown;
  try {
    body = JSON.parse(payload.toString('utf8'));
  } catch {
    return payload;
  }
  return correct(body, (unixMs) => rebased(unixMs, true)) ? Buffer.from(JSON.stringify(body)) : payload;
}

/** In place; objects within objects, as in `encoding: device`, and lists of messages. */
function correct(value: unknown, rebased: (unixMs: number) => number, depth = 0): boolean {
  if (typeof value !== 'object' || value === null || depth > 4) return false;
  let isChanged = false;
  const body = value as { t?: unknown; tq?: unknown };
  if (body.tq === 'unsynced' && typeof body.t === 'number') {
    const time = rebased(body.t);
    if (time !== body.t) {
      body.t = time;
      body.tq = 'rebased';
      isChanged = true;
    }
  }
  for (const inner of Object.values(value)) isChanged = correct(inner, rebased, depth + 1) || isChanged;
  return isChanged;
}
