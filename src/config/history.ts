/** `history`: which points are recorded, and how long. */
import { z } from 'zod';
import { choices } from './choices.js';
import type { FunctionCheckContext } from './function-checks.js';
import { isPlain, type Plain } from './merge.js';
import { duration, say, shown, size } from './values.js';

const pattern = z.string().regex(/^(\*|[^/\s]+\/[^/\s]+)$/, {
  error: ({ input }) => say(`${shown(input)} names no points`, 'write device/point, `boiler/*`, or "*" for all'),
});

export const historySchema = z.strictObject({
  points: z
    .array(pattern)
    .min(1)
    .default(['*'])
    .describe('patterns of device/point, `*` for any characters: "boiler/*", "*/temperature"'),
  keep: duration('1h', '3650d').prefault('30d').describe('every sample, and the sums of minutes'),
  keepHours: duration('1d', '36500d')
    .prefault('730d')
    .describe('the sums of hours: count, least, most, mean, last; at least as long as `keep`'),
  maxBytes: size('10MB', '1000GB')
    .prefault('1GB')
    .describe('on disk; beyond it the oldest samples go before their time'),
});

/** Patterns name devices that there are. `value` is the document as far as it parsed. */
export function checkHistory(
  value: Plain,
  { report, isBroken }: Pick<FunctionCheckContext, 'report' | 'isBroken'>,
): void {
  const history = isPlain(value.history) ? value.history : {};
  if (!Array.isArray(history.points) || isBroken(['history', 'points']) || isBroken(['devices'])) return;
  const devices = Object.keys(isPlain(value.devices) ? value.devices : {});
  for (const [index, one] of history.points.entries()) {
    const device = String(one).split('/')[0]!;
    if (device.includes('*') || devices.includes(device)) continue;
    const hint = devices.length === 0 ? 'add it to `devices`' : choices('devices', device, devices);
    report(['history', 'points', index], `there is no device ${shown(device)}`, hint);
  }
}
