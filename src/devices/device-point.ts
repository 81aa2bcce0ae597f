import type { AnyAdapter, Device, Point, Pushed, Reading, Span, Value } from '../core/adapter.js';
import type { DeviceConfig, PointConfig } from '../core/config.js';
import type { GatewayError } from '../core/errors.js';
import { devicesError } from './errors.js';
import { toEngineering } from './point.js';
import { ReportRule } from './report-rule.js';
import type { Sample, Shadow, ShadowPoint } from './shadow.js';

/** A point of a device with everything the runtime knows of it. */
export class DevicePoint {
  readonly id: string;
  readonly config: PointConfig;
  /** As the adapter gets it. */
  readonly point: Point<unknown>;
  readonly span: Span | undefined;
  /** The device sends it by itself; undefined: it is read. */
  readonly pushed: Pushed | undefined;
  readonly shadow: ShadowPoint;
  readonly rule: ReportRule;

  /**
   * @param device - its name, and its options as the adapter parsed them
   * @param port - options of its port, parsed
   */
  constructor(
    device: Pick<DeviceConfig, 'name' | 'options'>,
    config: PointConfig,
    adapter: AnyAdapter,
    shadow: Shadow,
    topic: string,
    port: unknown,
  ) {
    const reason =
      config.write === undefined ? 'the configuration does not allow writing' : adapter.readOnly?.(config.address);
    this.id = config.id;
    this.config = config;
    this.point = { id: config.id, address: config.address, writable: reason === undefined };
    this.span = adapter.span?.(config.address);
    this.pushed = adapter.pushed?.(config.address, device.options, port);
    this.shadow = shadow.add(device.name, config, topic, reason, adapter.describe?.(config.address));
    this.rule = new ReportRule(config.report, config.every);
  }

  /** What the reading means in engineering terms. */
  sampleOf(reading: Reading): Sample {
    const { at, quality, value: raw } = reading;
    if (quality === 'bad' || raw === undefined) {
      const unsaid = () => devicesError('ADAPTER_READING', `the reading of ${this.id} is bad without a reason`);
      return this.#bad(at, reading.error ?? unsaid());
    }
    const { errorValues, unsupportedValues } = this.config;
    if (errorValues !== undefined && isOneOf(raw, errorValues)) {
      return this.#bad(
        at,
        devicesError('POINT_ERROR_VALUE', `${this.id} is ${raw}, with which the device says that it failed`),
      );
    }
    if (unsupportedValues !== undefined && isOneOf(raw, unsupportedValues)) {
      return this.#bad(
        at,
        devicesError('POINT_UNSUPPORTED', `${this.id} is ${raw}, with which the device says that it has no such value`),
      );
    }
    const value = toEngineering(raw, this.config);
    if (value === undefined) {
      return this.#bad(at, devicesError('POINT_NOT_A_NUMBER', `${this.id} is ${raw}, not a number`));
    }
    return { value, quality, at, error: undefined };
  }

  #bad(at: number, error: GatewayError): Sample {
    return { value: undefined, quality: 'bad', at, error };
  }
}

function isOneOf(raw: Value, values: readonly number[]): boolean {
  // biome-ignore lint/suspicious/noDoubleEquals: exact between number and bigint
  return (typeof raw === 'number' || typeof raw === 'bigint') && values.some((value) => value == raw);
}

/** Reads and holds the adapter to its contract: one reading per point, in the order of the points. */
export async function readAll(
  device: Device<unknown>,
  points: readonly DevicePoint[],
  signal: AbortSignal,
): Promise<readonly Reading[]> {
  if (device.read === undefined) throw devicesError('POINT_NOT_READABLE', 'the adapter of this device cannot read');
  const readings = await device.read(
    points.map((point) => point.point),
    signal,
  );
  if (readings.length === points.length && readings.every(({ point }, index) => point === points[index]!.id)) {
    return readings;
  }
  const byPoint = new Map(readings.map((reading) => [reading.point, reading]));
  return points.map((point) => {
    const reading = byPoint.get(point.id);
    if (reading === undefined) throw devicesError('ADAPTER_READING', `the adapter gave no reading of ${point.id}`);
    return reading;
  });
}
