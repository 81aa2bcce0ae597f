/**
 * The simulated plant as Modbus units, as a vendor's register map would have it:
 *
 *   unit 1 boiler   input 0 temperature int16 ×0.1 °C · 1 pressure uint16 ×0.01 bar · 2 flow uint16 ×0.1 m³/h
 *                   discrete 0 flame · holding 0 set-point int16 ×0.1 °C · coil 0 burner released
 *   unit 2 meter    input 0, 2, 4 voltage · 6, 8, 10 current · 12 power kW · 14 power factor · 16 frequency, float32 each
 *                   input 18 energy float64 kWh
 *   unit 3 tank     input 0 level uint16 ×0.1 % · discrete 0 high, 1 low · coil 0 pump
 */

import type { Table } from '../../adapters/modbus/pdu.js';
import { type ExceptionCode, MemoryImage, type RegisterImage } from '../../adapters/modbus/server/image.js';
import { type ValueType, valueCodec } from '../../adapters/modbus/values/codec.js';
import type { Plant } from '../../adapters/simulator/plant.js';

const sizes = { coil: 8, discrete: 8, holding: 8, input: 32 };

/** What a master may write, at address 0 of a table. */
interface Writable {
  readonly coil?: (on: boolean) => void;
  /** Raw register. */
  readonly holding?: (value: number) => void;
}

/** Brings the plant to now and its values into the tables before each read; gives writes to the plant. */
class UnitImage implements RegisterImage {
  readonly #memory = new MemoryImage(sizes);
  readonly #plant: Plant;
  readonly #load: (image: UnitImage) => void;
  readonly #writable: Writable;

  /** @param load - puts the plant's values into the tables */
  constructor(plant: Plant, load: (image: UnitImage) => void, writable: Writable = {}) {
    this.#plant = plant;
    this.#load = load;
    this.#writable = writable;
  }

  bit(table: 'coil' | 'discrete', address: number, value: boolean): void {
    this.#memory.tables[table][address] = value ? 1 : 0;
  }

  register(table: 'input' | 'holding', address: number, type: ValueType, value: number): void {
    const data = valueCodec({ type, order: 'ABCD' }).encode(type.startsWith('float') ? value : Math.round(value));
    for (let i = 0; i < data.length; i += 2) this.#memory.tables[table][address + i / 2] = data.readUInt16BE(i);
  }

  read(table: Table, start: number, quantity: number): ArrayLike<number> | ExceptionCode {
    this.#plant.step();
    this.#load(this);
    return this.#memory.read(table, start, quantity);
  }

  write(table: 'coil' | 'holding', start: number, values: readonly number[]): ExceptionCode | undefined {
    const [value] = values;
    if (start !== 0 || values.length !== 1 || value === undefined || this.#writable[table] === undefined) return 2;
    this.#plant.step();
    if (table === 'coil') this.#writable.coil?.(value === 1);
    else this.#writable.holding?.(value);
    return undefined;
  }
}

/** Unit id → what it serves. */
export function plantUnits(plant: Plant): ReadonlyMap<number, RegisterImage> {
  const { boiler, meter, tank } = plant;
  const boilerImage = new UnitImage(
    plant,
    (image) => {
      image.register('input', 0, 'int16', boiler.temperature * 10);
      image.register('input', 1, 'uint16', boiler.pressure * 100);
      image.register('input', 2, 'uint16', boiler.flow * 10);
      image.bit('discrete', 0, boiler.isFiring);
      image.register('holding', 0, 'int16', boiler.setpoint * 10);
      image.bit('coil', 0, boiler.burner);
    },
    {
      coil: (on) => {
        boiler.burner = on;
      },
      holding: (value) => {
        boiler.setpoint = ((value << 16) >> 16) / 10;
      },
    },
  );
  const meterImage = new UnitImage(plant, (image) => {
    const values = [...meter.voltages, ...meter.currents, meter.power, meter.powerFactor, meter.frequency];
    for (const [index, value] of values.entries()) image.register('input', 2 * index, 'float32', value);
    image.register('input', 18, 'float64', meter.energy);
  });
  const tankImage = new UnitImage(
    plant,
    (image) => {
      image.register('input', 0, 'uint16', tank.level * 10);
      image.bit('discrete', 0, tank.isHigh);
      image.bit('discrete', 1, tank.isLow);
      image.bit('coil', 0, tank.pump);
    },
    {
      coil: (on) => {
        tank.pump = on;
      },
    },
  );
  return new Map([
    [1, boilerImage],
    [2, meterImage],
    [3, tankImage],
  ]);
}
