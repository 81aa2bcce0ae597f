import { MemoryImage } from "../../adapters/modbus/image.js";
import { encodeRegisters } from "../../adapters/modbus/registers.js";
const sizes = { coil: 8, discrete: 8, holding: 8, input: 32 };
class UnitImage {
  #memory = new MemoryImage(sizes);
  #plant;
  #load;
  #writable;
  /** @param load - puts the plant's values into the tables */
  constructor(plant, load, writable = {}) {
    this.#plant = plant;
    this.#load = load;
    this.#writable = writable;
  }
  bit(table, address, value) {
    this.#memory.tables[table][address] = value ? 1 : 0;
  }
  register(table, address, type, value) {
    const data = encodeRegisters(type.startsWith("float") ? value : Math.round(value), type, "ABCD");
    for (let i = 0; i < data.length; i += 2) this.#memory.tables[table][address + i / 2] = data.readUInt16BE(i);
  }
  read(table, start, quantity) {
    this.#plant.step();
    this.#load(this);
    return this.#memory.read(table, start, quantity);
  }
  write(table, start, values) {
    const [value] = values;
    if (start !== 0 || values.length !== 1 || value === void 0 || this.#writable[table] === void 0) return 2;
    this.#plant.step();
    if (table === "coil") this.#writable.coil?.(value === 1);
    else this.#writable.holding?.(value);
    return void 0;
  }
}
function plantUnits(plant) {
  const { boiler, meter, tank } = plant;
  const boilerImage = new UnitImage(
    plant,
    (image) => {
      image.register("input", 0, "int16", boiler.temperature * 10);
      image.register("input", 1, "uint16", boiler.pressure * 100);
      image.register("input", 2, "uint16", boiler.flow * 10);
      image.bit("discrete", 0, boiler.isFiring);
      image.register("holding", 0, "int16", boiler.setpoint * 10);
      image.bit("coil", 0, boiler.burner);
    },
    {
      coil: (on) => {
        boiler.burner = on;
      },
      holding: (value) => {
        boiler.setpoint = (value << 16 >> 16) / 10;
      }
    }
  );
  const meterImage = new UnitImage(plant, (image) => {
    const values = [...meter.voltages, ...meter.currents, meter.power, meter.powerFactor, meter.frequency];
    for (const [index, value] of values.entries()) image.register("input", 2 * index, "float32", value);
    image.register("input", 18, "float64", meter.energy);
  });
  const tankImage = new UnitImage(
    plant,
    (image) => {
      image.register("input", 0, "uint16", tank.level * 10);
      image.bit("discrete", 0, tank.isHigh);
      image.bit("discrete", 1, tank.isLow);
      image.bit("coil", 0, tank.pump);
    },
    {
      coil: (on) => {
        tank.pump = on;
      }
    }
  );
  return /* @__PURE__ */ new Map([
    [1, boilerImage],
    [2, meterImage],
    [3, tankImage]
  ]);
}
export {
  plantUnits
};
//# sourceMappingURL=registers.js.map
