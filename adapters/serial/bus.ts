/** The devices on one wire. */
import type { Bus, Device, FrameFunctions, Log } from '../../src/adapter.js';
import { FrameDevice } from './frame-device.js';
import { MeterDevice } from './iec62056/meter.js';
import type { Line } from './line.js';
import type { DeviceOptions, PointAddress } from './schema/schema.js';

export class SerialBus implements Bus<DeviceOptions, PointAddress> {
  readonly #line: Line;
  readonly #log: Log;
  readonly #devices: FrameDevice[] = [];

  constructor(line: Line, log: Log) {
    this.#line = line;
    this.#log = log;
  }

  /** @throws SERIAL_CONFIG */
  device(options: DeviceOptions, functions?: FrameFunctions): Device<PointAddress> {
    if (options.protocol === 'iec62056-21') return new MeterDevice(this.#line, options);
    const device = new FrameDevice(this.#line, options, this.#log, functions);
    this.#devices.push(device);
    return device;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#line.close();
    for (const device of this.#devices) device[Symbol.dispose]();
  }
}
