/** The `devices` section: devices and their points, in the words of their adapters. */
import { z } from 'zod';
import type { AnyAdapter } from '../core/adapter.js';
import type { DeviceConfig, PointConfig } from '../core/config.js';
import type { QoS } from '../core/message.js';
import { merged, type Plain, partOf } from './merge.js';
import type { ParsedPort } from './ports.js';
import { duration, name, say, shown, whole } from './values.js';

const every = () => duration('10ms', '7d');

const write = z
  .strictObject({
    min: z.number().optional().describe('lowest value accepted, engineering units'),
    max: z.number().optional().describe('highest value accepted'),
    step: z.number().positive().optional().describe('the value must be min (or 0) plus a multiple of this'),
    verify: z.boolean().default(true).describe('read back after the write'),
    critical: z.boolean().default(false).describe("the TUI and CLI ask for the point's name before they write"),
  })
  .superRefine((value, context) => {
    if (value.min !== undefined && value.max !== undefined && value.min > value.max) {
      const message = say(`min ${value.min} is greater than max ${value.max}`, 'exchange the two');
      context.addIssue({ code: 'custom', path: ['min'], message });
    }
  });

const commonPoint = {
  scale: z
    .number()
    .refine((value) => value !== 0, {
      error: say('a scale of 0 makes every value 0', 'write the factor from raw to engineering value, such as 0.1'),
    })
    .default(1)
    .describe('engineering value = raw × scale + offset'),
  offset: z.number().default(0).describe('added after the scale, engineering units'),
  decimals: whole(0, 15)
    .optional()
    .describe('digits after the decimal point; as many as the scale implies when absent'),
  unit: z.string().min(1).max(32).optional().describe('engineering unit, such as °C'),
  every: every().optional().describe("time between two reads; the device's when absent"),
  report: z
    .strictObject({
      mode: z.enum(['change', 'always']).default('change').describe('always: every read is reported'),
      deadband: z.number().min(0).default(0).describe('a smaller change is not reported, engineering units'),
      maxSilence: duration('100ms', '24d').prefault('60s').describe('reported at least this often, even unchanged'),
    })
    .prefault({}),
  retain: z.boolean().default(true).describe('later subscribers get the last value at once'),
  qos: z.literal([0, 1, 2]).default(1).describe('MQTT quality of service of its messages'),
  write: z.union([z.boolean(), write]).default(false).describe('true, or the limits of what may be written'),
};

type CommonPoint = z.output<z.ZodObject<typeof commonPoint>>;

function pointSchema(adapter: AnyAdapter) {
  return merged(adapter.address, commonPoint).superRefine((parsed, context) => {
    const point = parsed as Plain & CommonPoint;
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
const pointName = name.refine((text) => text !== 'set', {
  error: say('"set" is reserved for commands', 'choose another name for the point'),
});

function deviceSchema(adapter: AnyAdapter, port: z.ZodType) {
  const error = (issue: { readonly input?: unknown }) =>
    issue.input === undefined
      ? say('is missing', 'name a port of `ports`, or write one here, such as { type: tcp, host: 10.0.0.7, port: 502 }')
      : undefined;
  const portRef = z.union([z.string(), port], { error }).describe('name in `ports`, or a port of its own');
  return merged(adapter.device, {
    adapter: z.literal(adapter.type).describe(adapter.title),
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
      for (const { path, message } of adapter.check?.pointOf?.(address, options) ?? []) {
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

function toPointConfig(id: string, point: Plain & CommonPoint, adapter: AnyAdapter, device: ParsedDevice): PointConfig {
  const address = partOf(adapter.address, point);
  const options = partOf(adapter.device, device as unknown as Plain);
  const limits = { min: undefined, max: undefined, step: undefined, verify: true, critical: false };
  const given = point.write === true ? {} : point.write;
  return {
    id,
    address: adapter.resolve?.(address, options) ?? address,
    scale: point.scale,
    offset: point.offset,
    decimals: point.decimals,
    unit: point.unit,
    every: point.every ?? device.every,
    report: point.report,
    retain: point.retain,
    qos: point.qos as QoS,
    write: given === false ? undefined : { ...limits, ...given },
  };
}

export function toDeviceConfig(deviceName: string, device: ParsedDevice, adapter: AnyAdapter): DeviceConfig {
  const points = Object.entries(device.points).map(([id, point]) => [id, toPointConfig(id, point, adapter, device)]);
  return {
    name: deviceName,
    adapter: device.adapter,
    port: typeof device.port === 'string' ? device.port : deviceName,
    encoding: device.encoding,
    options: partOf(adapter.device, device as unknown as Plain),
    points: Object.fromEntries(points),
  };
}
