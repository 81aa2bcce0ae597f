/** The units on one wire. */
import type { Bus, Clock, Device } from '../../src/adapter.js';
import { ModbusDevice } from './device.js';
import { modbusError } from './errors.js';
import type { Master } from './master.js';
import type { DeviceOptions, PointAddress } from './schema.js';

export class ModbusBus implements Bus<DeviceOptions, PointAddress> {
  readonly #master: Master;
  readonly #clock: Clock;
  readonly #framing: 'tcp' | 'rtu';
  readonly #onClose: () => void;

  constructor(master: Master, clock: Clock, framing: 'tcp' | 'rtu', onClose: () => void) {
    this.#master = master;
    this.#clock = clock;
    this.#framing = framing;
    this.#onClose = onClose;
  }

  /** @throws MODBUS_CONFIG when RTU cannot address the unit */
  device(options: DeviceOptions): Device<PointAddress> {
    if (this.#framing === 'rtu' && !isRtuUnit(options.unit)) {
      throw modbusError('MODBUS_CONFIG', RTU_UNIT_TEXT, { details: { unit: options.unit } });
    }
    return new ModbusDevice(this.#master, this.#clock, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#master.close();
    this.#onClose();
  }
}

/** MODBUS over Serial Line V1.02 §2.2: 0 is broadcast, 248 to 255 are reserved. */
export function isRtuUnit(unit: number): boolean {
  return unit >= 1 && unit <= 247;
}
export const RTU_UNIT_TEXT = 'on RTU a unit is 1 to 247: 0 addresses all at once, 248 to 255 are reserved';
