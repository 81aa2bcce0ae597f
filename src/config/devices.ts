/** The `devices` section: devices and their points, in the words of their adapters. */
import { z } from 'zod';
import type { AnyAdapter } from '../core/adapter.js';
import type { DeviceConfig, PointConfig } from '../core/config.js';
import type { QoS } from '../core/message.js';
import { merged, type Plain, partOf } from './merge.js';
import type { ParsedPort } from './ports.js';
import { duration, name, say, shown, whole } from './values.js';
import { limitsInOrder, toWriteConfig, writeSchema } from './write.js';

const every = () => duration('10ms', '7d');

const percent = z.string().regex(/^\d{1,3}(\.\d+)?%$/, {
  error: (issue) => say(`${shown(issue.input)} is not a dead band`, 'write a number, or a share such as "5%"'),
});

const rawValues = z.union([z.number(), z.array(z.number()).min(1).max(16)]);

const commonPoint = {
  scale: z
    .number()
    .refine((value) => value !== 0, {
      error: say('a scale of 0 makes every value 0', 'write the factor from raw to engineering value, such as 0.1'),
    })
    .default(1)
    .describe('engineering value = raw × scale + offset'),
  offset: z.number().default(0).describe('added after the scale, engineering units'),
  clamp: z
    .strictObject({
      min: z.number().optional().describe('lowest value reported, engineering units'),
      max: z.number().optional().describe('highest value reported'),
    })
    .superRefine(limitsInOrder)
    .optional()
    .describe('a value beyond is reported as the limit'),
  enum: z
    .record(
      z.string().regex(/^-?\d{1,15}$/, {
        error: say('is not a whole number', 'write raw values, such as { 0: "off", 1: "on" }'),
      }),
      z.string().min(1).max(64),
    )
    .optional()
    .describe(
      'names of raw values, such as { 0: "off", 1: "on" }: reported, and taken by commands, in place of the number',
    ),
  invert: z.boolean().default(false).describe('true is 0 in the device, and false is 1'),
  errorValue: rawValues.optional().describe('raw value, or a list, that means that the device failed to measure'),
  unsupportedValue: rawValues.optional().describe('raw value, or a list, that means that the device has no such point'),
  decimals: whole(0, 15)
    .optional()
    .describe('digits after the decimal point; as many as the scale implies when absent'),
  unit: z.string().min(1).max(32).optional().describe('engineering unit, such as °C'),
  description: z.string().min(1).max(500).optional().describe('what it is, for people'),
  every: every().optional().describe("time between two reads; the device's when absent"),
  report: z
    .strictObject({
      mode: z.enum(['change', 'always']).default('change').describe('always: every read is reported'),
      deadband: z
        .union([z.number().min(0), percent])
        .default(0)
        .describe('a smaller change is not reported: engineering units, or "5%" of what was reported last'),
      minInterval: duration('0ms', '24d')
        .prefault('0ms')
        .describe('not reported more often, unless its quality changes'),
      maxSilence: duration('100ms', '24d').prefault('60s').describe('reported at least this often, even unchanged'),
    })
    .superRefine(({ minInterval, maxSilence }, context) => {
      if (minInterval <= maxSilence) return;
      const message = say('is longer than maxSilence', 'exchange the two, or make maxSilence longer');
      context.addIssue({ code: 'custom', path: ['minInterval'], message });
    })
    .prefault({})
    .describe('when a value that was read is published'),
  retain: z.boolean().default(true).describe('later subscribers get the last value at once'),
  qos: z.literal([0, 1, 2]).default(1).describe('MQTT quality of service of its messages'),
  expiry: duration('1s', '24d').optional().describe('Message Expiry Interval of its messages; none when absent'),
  write: z.union([z.boolean(), writeSchema]).default(false).describe('true, or the limits of what may be written'),
};

type CommonPoint = z.output<z.ZodObject<typeof commonPoint>>;

/** What a point must not say together. */
function checkMeaning(point: CommonPoint, context: z.RefinementCtx): void {
  const isNumber = point.scale !== 1 || point.offset !== 0 || point.clamp !== undefined || point.decimals !== undefined;
  const add = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  if (point.invert && (isNumber || point.enum !== undefined)) {
    add(
      'invert',
      say(
        'is for true and false, not for numbers and names',
        'remove it, or the scale, offset, clamp, decimals or enum',
      ),
    );
  }
  const names = Object.values(point.enum ?? {});
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    add('enum', say(`has the name ${shown(twice)} twice`, 'a command that says it could mean either: use two names'));
  }
  if (point.enum !== undefined && isNumber) {
    add('enum', say('names raw values, which have no scale, offset, clamp or decimals', 'remove one or the other'));
  }
}

export function pointSchema(adapter: AnyAdapter) {
  return merged(adapter.address, commonPoint).superRefine((parsed, context) => {
    const point = parsed as Plain & CommonPoint;
    checkMeaning(point, context);
    const address = partOf(adapter.address, point);
    for (const { path, message } of adapter.check?.point?.(address) ?? []) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
    if (point.write === false) return;
    const reason = adapter.readOnly?.(address);
    if (reason === undefined) return;
    const message = say(`cannot be written: ${reason}`, 'remove `write`, or choose an address that can be written');
    context.addIssue({ code: 'custom', path: ['write'], message });
  });
}

/** `<device>/set` is the topic on which a device takes commands. */
export const pointName = name.refine((text) => text !== 'set', {
  error: say('"set" is reserved for commands', 'choose another name for the point'),
});

/** What a profile may say of a device beside the keys of its adapter. */
export function deviceDefaults() {
  return {
    every: every().optional().describe('time between two reads of its points'),
  };
}

export function deviceSchema(adapter: AnyAdapter, port: z.ZodType) {
  const error = (issue: { readonly input?: unknown }) =>
    issue.input === undefined
      ? say('is missing', 'name a port of `ports`, or write one here, such as { type: tcp, host: 10.0.0.7, port: 502 }')
      : undefined;
  const portRef = z.union([z.string(), port], { error }).describe('name in `ports`, or a port of its own');
  return merged(adapter.device, {
    adapter: z.literal(adapter.type).describe(adapter.title),
    profile: z.string().optional().describe('vendor/model of a profile that brings points and settings'),
    port: adapter.endpoints.includes('memory') ? portRef.optional() : portRef,
    encoding: z
      .enum(['json', 'value'])
      .default('json')
      .describe('payload: an object with quality and time, or the bare value'),
    every: every().prefault('1s').describe('time between two reads of its points'),
    points: z.record(pointName, pointSchema(adapter)).prefault({}).describe('what is read and written, by name'),
  }).superRefine((parsed, context) => {
    const device = parsed as Plain & ParsedDevice;
    const options = partOf(adapter.device, device);
    for (const [id, point] of Object.entries(device.points)) {
      const address = partOf(adapter.address, point);
      if ((adapter.check?.point?.(address) ?? []).length > 0) continue;
      for (const { path, message } of adapter.check?.pointOf?.(address, options, id) ?? []) {
        context.addIssue({ code: 'custom', path: ['points', id, ...path], message });
      }
    }
  });
}

/** `devices`, one variant per adapter. */
export function devicesSchema(adapters: readonly AnyAdapter[], port: z.ZodType) {
  const types = adapters.map((adapter) => adapter.type).join(', ');
  const variants = adapters.map((adapter) => deviceSchema(adapter, port));
  const [first, ...others] = variants;
  if (first === undefined)
    return z.record(name, z.never({ error: say('there are no adapters', 'use a build of hpmq with adapters') }));
  const device = z.discriminatedUnion('adapter', [first, ...others], {
    error: (issue) => {
      if (issue.code !== 'invalid_union') return undefined;
      const word = (issue.input as Plain | undefined)?.adapter;
      return word === undefined
        ? say('is missing', `name the protocol of the device: ${types}`)
        : say(`there is no adapter ${shown(word)}`, `known adapters: ${types}`);
    },
  });
  return z.record(name, device);
}

export interface ParsedDevice {
  readonly adapter: string;
  readonly port: string | ParsedPort | undefined;
  readonly encoding: 'json' | 'value';
  readonly every: number;
  readonly points: Readonly<Record<string, Plain & CommonPoint>>;
}

function toPointConfig(
  id: string,
  point: Plain & CommonPoint,
  adapter: AnyAdapter,
  deviceName: string,
  device: ParsedDevice,
): PointConfig {
  const address = partOf(adapter.address, point);
  const options = partOf(adapter.device, device as unknown as Plain);
  const { clamp, invert, enum: names, report } = point;
  return {
    id,
    address: adapter.resolve?.(address, options) ?? address,
    scale: point.scale,
    offset: point.offset,
    decimals: point.decimals,
    ...(clamp === undefined ? {} : { clamp: { min: clamp.min, max: clamp.max } }),
    ...(names === undefined ? {} : { names: new Map(Object.entries(names).map(([raw, text]) => [Number(raw), text])) }),
    ...(invert ? { invert } : {}),
    ...(point.errorValue === undefined ? {} : { errorValues: [point.errorValue].flat() }),
    ...(point.unsupportedValue === undefined ? {} : { unsupportedValues: [point.unsupportedValue].flat() }),
    unit: point.unit,
    every: point.every ?? device.every,
    report: {
      mode: report.mode,
      maxSilence: report.maxSilence,
      ...(report.minInterval > 0 ? { minInterval: report.minInterval } : {}),
      ...(typeof report.deadband === 'number'
        ? { deadband: report.deadband }
        : { deadband: 0, deadbandPercent: Number.parseFloat(report.deadband) }),
    },
    retain: point.retain,
    qos: point.qos as QoS,
    ...(point.expiry === undefined ? {} : { expiry: point.expiry }),
    write: toWriteConfig(point.write, deviceName),
  };
}

export function toDeviceConfig(deviceName: string, device: ParsedDevice, adapter: AnyAdapter): DeviceConfig {
  const points = Object.entries(device.points).map(([id, point]) => [
    id,
    toPointConfig(id, point, adapter, deviceName, device),
  ]);
  return {
    name: deviceName,
    adapter: device.adapter,
    port: typeof device.port === 'string' ? device.port : deviceName,
    encoding: device.encoding,
    options: partOf(adapter.device, device as unknown as Plain),
    points: Object.fromEntries(points),
  };
}
