/** `servers.<name>` in the words of Modbus: which units there are, and what they serve. */
import { z } from 'zod';
import type { ConfigIssue } from '../../../src/adapter.js';
import { isBitTable } from '../pdu.js';
import { placeIssues, placeOf, placeText, pointIssues } from '../point.js';
import { addressSchema, deviceSchema, duration } from '../schema.js';

const REFERENCE = /^([A-Za-z0-9_.-]{1,64})\.([A-Za-z0-9_-]{1,64})$/;

/** `boiler.temperature`: the last dot is between device and point. */
const reference = z
  .string()
  .regex(REFERENCE, 'expected a device and a point, such as "boiler.temperature"')
  .transform((text) => {
    const [, device = '', point = ''] = REFERENCE.exec(text) ?? [];
    return { device, point };
  })
  .describe('device and point whose last reading is served: boiler.temperature');

const servedPoint = z
  .strictObject({
    point: reference,
    ...addressSchema.shape,
    scale: z
      .number()
      .refine((value) => value !== 0, 'a scale of 0 makes every value 0')
      .default(1)
      .describe('value of the point = register × scale + offset'),
    offset: z.number().default(0).describe('added after the scale'),
    write: z.boolean().default(false).describe('masters may write it; the limits of the point apply'),
    onBad: z.enum(['exception', 'sentinel']).optional().describe('in place of that of the unit'),
  })
  .superRefine((point, context) => {
    const issues = pointIssues(point);
    for (const { path, message } of issues.length > 0 ? issues : placeIssues(point, PLAIN)) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
    if (point.write && (point.address.table === 'input' || point.address.table === 'discrete')) {
      context.addIssue({ code: 'custom', path: ['write'], message: READ_ONLY[point.address.table] });
    }
  });

const READ_ONLY = {
  input: 'masters cannot write input registers; use a holding register, or leave `write` away',
  discrete: 'masters cannot write discrete inputs; use a coil, or leave `write` away',
} as const;

/** Addresses of what we serve count from 0, without a device that says otherwise. */
export const PLAIN = deviceSchema.parse({});

const pointsUnit = z
  .strictObject({
    points: z.array(servedPoint).min(1).max(10_000).describe('chosen points, each at an address'),
    onBad: z
      .enum(['exception', 'sentinel'])
      .default('exception')
      .describe('what stands for a point without a good value: the exception 4, 6, 10 or 11, or 0x8000, 0xffff, NaN'),
    gaps: z
      .enum(['exception', 'zero'])
      .default('exception')
      .describe('addresses between the points: exception 2, or 0, for masters that read in blocks'),
  })
  .superRefine((unit, context) => {
    for (const [index, message] of overlaps(unit.points)) {
      context.addIssue({ code: 'custom', path: ['points', index, 'address'], message });
    }
  });

const deviceUnit = z.strictObject({
  device: z.string().min(1).max(64).describe('a Modbus device of this gateway, all of its registers'),
  maxAge: duration
    .prefault('5s')
    .describe('what was read no longer ago is answered from memory; else the device is asked'),
  write: z
    .enum(['none', 'points', 'all'])
    .default('none')
    .describe('points: masters may write the points that have `write`, within their limits; all: and what is no point'),
});

const UNIT_KEY = /^(0|[1-9]\d{0,2})$/;

export const roleSchema = z.object({
  framing: z
    .enum(['tcp', 'rtu'])
    .optional()
    .describe('tcp: MBAP header; rtu: CRC. Default: tcp on tcp, rtu on serial lines'),
  answerWithin: duration
    .prefault('1s')
    .describe('a request that needs the device and did not get the wire by then is answered with exception 6 (busy)'),
  units: z
    .record(
      z.string().refine((key) => UNIT_KEY.test(key) && Number(key) <= 255, 'expected a unit id, 0 to 255'),
      z.union([pointsUnit, deviceUnit], { error: 'expected `points`, or `device`' }),
    )
    .refine((units) => Object.keys(units).length > 0, 'a server needs at least one unit')
    .describe('unit ids and what they serve; others are answered with exception 10'),
});

export type RoleOptions = z.output<typeof roleSchema>;
export type PointsUnit = z.output<typeof pointsUnit>;
export type DeviceUnit = z.output<typeof deviceUnit>;
export type ServedPointOptions = PointsUnit['points'][number];

export const isDeviceUnit = (unit: PointsUnit | DeviceUnit): unit is DeviceUnit => 'device' in unit;

/** Points that want the same bits, by the index of the later one. */
function* overlaps(points: readonly ServedPointOptions[]): Iterable<readonly [number, string]> {
  const taken = new Map<string, { readonly mask: number; readonly by: ServedPointOptions }[]>();
  for (const [index, point] of points.entries()) {
    if (pointIssues(point).length > 0) continue;
    const place = placeOf(point, PLAIN);
    const mask = isBitTable(place.table) ? 1 : (place.codec?.mask ?? 0xffff);
    for (let address = place.start; address < place.start + place.length; address++) {
      const key = `${place.table}:${address}`;
      const there = taken.get(key) ?? [];
      const other = there.find((one) => (one.mask & mask) !== 0);
      if (other !== undefined) {
        yield [
          index,
          `${placeText(point)} is taken by ${other.by.point.device}.${other.by.point.point}; choose another address`,
        ];
        break;
      }
      there.push({ mask, by: point });
      taken.set(key, there);
    }
  }
}

/** What the shape alone cannot see. */
export function roleIssues(role: RoleOptions, isRtu: boolean): readonly ConfigIssue[] {
  if (!isRtu) return [];
  return Object.keys(role.units)
    .filter((key) => Number(key) < 1 || Number(key) > 247)
    .map((key) => ({ path: ['units', key], message: 'on RTU a unit is 1 to 247; give it such an id' }));
}
