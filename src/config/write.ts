/** The `write` section of a point: what may be written, and what stops it. */
import { z } from 'zod';
import type { InterlockConfig, WriteConfig } from '../core/config.js';
import { choices } from './choices.js';
import type { ConfigInputs } from './io.js';
import type { Path, Report } from './issues.js';
import { isPlain, type Plain } from './merge.js';
import { duration, say, shown, whole } from './values.js';

/** Every command of the time is remembered. */
const MOST_WRITES = 10_000;

/** What `min` and `max` must not say together. */
export function limitsInOrder(
  value: { readonly min?: number | undefined; readonly max?: number | undefined },
  context: z.RefinementCtx,
): void {
  if (value.min === undefined || value.max === undefined || value.min <= value.max) return;
  const message = say(`min ${value.min} is greater than max ${value.max}`, 'exchange the two');
  context.addIssue({ code: 'custom', path: ['min'], message });
}

const scalar = z.union([z.number(), z.boolean(), z.string()]);

const condition = z
  .strictObject({
    device: z.string().optional().describe('device of the other point; this one when absent'),
    point: z.string().describe('the other point'),
    is: scalar.optional().describe('its value is this'),
    isNot: scalar.optional().describe('its value is not this'),
    above: z.number().optional().describe('its value is above, engineering units'),
    below: z.number().optional().describe('its value is below'),
  })
  .superRefine(({ is, isNot, above, below }, context) => {
    if (is !== undefined || isNot !== undefined || above !== undefined || below !== undefined) return;
    const message = say(
      'says nothing of the value',
      'write is, isNot, above or below, such as { point: running, is: true }',
    );
    context.addIssue({ code: 'custom', message });
  });

export const writeSchema = z
  .strictObject({
    min: z.number().optional().describe('lowest value accepted, engineering units'),
    max: z.number().optional().describe('highest value accepted'),
    step: z.number().positive().optional().describe('the value must be min (or 0) plus a multiple of this'),
    verify: z.boolean().default(true).describe('read back after the write'),
    critical: z.boolean().default(false).describe("the TUI and CLI ask for the point's name before they write"),
    rate: z
      .strictObject({
        writes: whole(1, MOST_WRITES).describe('most writes in that time'),
        per: duration('10ms', '24d').prefault('1m').describe('in which time'),
      })
      .optional()
      .describe('more commands are refused'),
    maxChange: z.number().positive().optional().describe('largest change of one write, engineering units'),
    maxChangePerSecond: z.number().positive().optional().describe('largest change per second, engineering units'),
    coalesce: z
      .boolean()
      .default(false)
      .describe('while a command waits for the wire, a newer one takes its place; the older is refused'),
    idempotent: z
      .boolean()
      .default(false)
      .describe('writing twice does no harm: a command without an answer is sent again, also after a restart'),
    only: z
      .union([condition, z.array(condition).min(1).max(16)])
      .optional()
      .describe('written only while other points say so, and are good; a condition or a list'),
    revert: z
      .strictObject({
        after: duration('100ms', '7d').describe('time without a command'),
        value: scalar.describe('the safe value, engineering units'),
      })
      .optional()
      .describe('dead man: a safe value that is written when no further command comes in time'),
  })
  .superRefine(limitsInOrder)
  .superRefine(({ revert, min, max }, context) => {
    const value = revert?.value;
    if (typeof value !== 'number' || !((min !== undefined && value < min) || (max !== undefined && value > max)))
      return;
    const message = say(`${value} is not between min and max`, 'the safe value must be one that may be written');
    context.addIssue({ code: 'custom', path: ['revert', 'value'], message });
  });

export type ParsedWrite = z.output<typeof writeSchema>;

const PLAIN: ParsedWrite = { verify: true, critical: false, coalesce: false, idempotent: false };

/** @param device - of the point: where conditions look that name no device */
export function toWriteConfig(write: boolean | ParsedWrite, device: string): WriteConfig | undefined {
  if (write === false) return undefined;
  const { min, max, step, only, coalesce, idempotent, ...rest } = write === true ? PLAIN : write;
  const conditions = only === undefined ? undefined : Array.isArray(only) ? only : [only];
  return {
    min,
    max,
    step,
    ...rest,
    ...(coalesce ? { coalesce } : {}),
    ...(idempotent ? { idempotent } : {}),
    ...(conditions === undefined
      ? {}
      : { only: conditions.map((one): InterlockConfig => ({ ...one, device: one.device ?? device })) }),
  };
}

/** Conditions name points that exist. `devices` is the section as far as it parsed, without those that are unjudged. */
export function checkConditions(devices: unknown, unjudged: ConfigInputs['unjudged'], report: Report): void {
  if (!isPlain(devices)) return;
  for (const [deviceName, device] of Object.entries(devices)) {
    for (const [pointName, point] of Object.entries(pointsOf(device))) {
      const write = isPlain(point) ? point.write : undefined;
      const only = isPlain(write) ? write.only : undefined;
      const path = ['devices', deviceName, 'points', pointName, 'write', 'only'];
      const list = Array.isArray(only) ? only.map((one, i) => [one, [...path, i]] as const) : [[only, path] as const];
      for (const [one, where] of list) {
        if (isPlain(one)) checkCondition(one, where, { deviceName, pointName, devices, unjudged, report });
      }
    }
  }
}

interface Place {
  readonly deviceName: string;
  readonly pointName: string;
  readonly devices: Plain;
  readonly unjudged: ConfigInputs['unjudged'];
  readonly report: Report;
}

function checkCondition(one: Plain, path: Path, { deviceName, pointName, devices, unjudged, report }: Place): void {
  const other = typeof one.device === 'string' ? one.device : deviceName;
  if (unjudged?.has(other)) return;
  if (!Object.hasOwn(devices, other)) {
    report([...path, 'device'], `there is no device ${shown(other)}`, choices('devices', other, Object.keys(devices)));
    return;
  }
  const points = pointsOf(devices[other]);
  if (typeof one.point !== 'string') return;
  if (!Object.hasOwn(points, one.point)) {
    const message = `${other} has no point ${shown(one.point)}`;
    report([...path, 'point'], message, choices('points', one.point, Object.keys(points)));
  } else if (other === deviceName && one.point === pointName) {
    report([...path, 'point'], 'the point cannot be its own condition', 'name another point');
  } else {
    checkNames(one, namesOf(points[one.point]), path, report, `${other}.${one.point}`);
  }
}

/** Where raw values have names, the value is the name: a number would be waited for in vain. */
function checkNames(one: Plain, names: ReadonlyMap<number, string>, path: Path, report: Report, point: string): void {
  if (names.size === 0) return;
  const all = [...names.values()];
  for (const key of ['is', 'isNot'] as const) {
    const wanted = one[key];
    if (wanted === undefined || all.includes(String(wanted))) continue;
    const raw = wanted === '' ? Number.NaN : Number(wanted);
    if (!Number.isNaN(raw) && !names.has(raw)) continue;
    const meant = names.get(raw);
    const hint = choices('names', String(wanted), all) + (meant === undefined ? '' : `; ${raw} is ${meant}`);
    report([...path, key], `the value of ${point} is a name, and never ${shown(wanted)}`, hint);
  }
  const { above = Number.NEGATIVE_INFINITY, below = Number.POSITIVE_INFINITY } = one as Partial<Record<string, number>>;
  const key = one.above === undefined ? 'below' : 'above';
  if (one[key] === undefined) return;
  const named = [...names].find(([raw]) => raw > above && raw < below);
  if (named === undefined) return;
  const message = `${named[0]} of ${point} has the name ${shown(named[1])}, which is not ${key} anything`;
  report([...path, key], message, `write is or isNot with a name; ${choices('names', '', all)}`);
}

/** By raw value, as far as the point parsed. */
function namesOf(point: unknown): ReadonlyMap<number, string> {
  const names = isPlain(point) && isPlain(point.enum) ? Object.entries(point.enum) : [];
  return new Map(names.flatMap(([raw, text]) => (typeof text === 'string' ? [[Number(raw), text]] : [])));
}

function pointsOf(device: unknown): Plain {
  return isPlain(device) && isPlain(device.points) ? device.points : {};
}
