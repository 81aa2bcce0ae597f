import { z } from "zod";
import {
  DURATION_PATTERN,
  defineAdapter,
  parseDuration
} from "../../src/adapter.js";
import { simulatorError } from "./errors.js";
import { waveAt } from "./waves.js";
const duration = z.string().regex(DURATION_PATTERN, 'expected a duration such as "500ms" or "10s"').transform((text) => parseDuration(text)).refine((ms) => ms >= 1, "a period is at least 1ms");
const deviceSchema = z.object({
  seed: z.int().min(0).default(1).describe("devices with the same seed have the same random values")
});
const addressSchema = z.object({
  wave: z.enum(["sine", "square", "triangle", "random", "counter", "constant"]).describe("how the value moves; constant can be written"),
  period: duration.prefault("1m").describe("time of one wave; counter and random change once per period"),
  min: z.number().default(0).describe("lowest value"),
  max: z.number().default(100).describe("highest value; a counter starts again at min after it"),
  value: z.union([z.number(), z.boolean(), z.string()]).default(0).describe("constant: the value until another is written; its type stays")
});
class SimulatorBus {
  #clock;
  constructor(clock) {
    this.#clock = clock;
  }
  device({ seed }) {
    return new SimulatedDevice(this.#clock, seed);
  }
  async [Symbol.asyncDispose]() {
  }
}
class SimulatedDevice {
  #clock;
  #seed;
  #written = /* @__PURE__ */ new Map();
  constructor(clock, seed) {
    this.#clock = clock;
    this.#seed = seed;
  }
  async read(points) {
    const at = this.#clock.now();
    return points.map(({ id, address }) => ({ point: id, value: this.#valueAt(id, address, at), quality: "good", at }));
  }
  async write({ id, address }, value) {
    if (address.wave !== "constant") throw simulatorError("SIMULATOR_READ_ONLY", `${id}: ${whyReadOnly(address)}`);
    const before = this.#valueAt(id, address, 0);
    if (typeof value !== typeof before) {
      const message = `${id} holds a ${typeof before}, not a ${typeof value}`;
      throw simulatorError("SIMULATOR_TYPE", message);
    }
    this.#written.set(id, value);
  }
  #valueAt(id, address, at) {
    const { wave } = address;
    if (wave === "constant") return this.#written.get(id) ?? address.value;
    return waveAt(wave, address, at, `${this.#seed}/${id}`);
  }
}
function whyReadOnly({ wave }) {
  return wave === "constant" ? void 0 : `a ${wave} moves by itself; only a constant can be written`;
}
var simulator_default = defineAdapter({
  type: "simulator",
  title: "Simulator",
  endpoints: ["memory"],
  port: z.object({}),
  device: deviceSchema,
  address: addressSchema,
  readOnly: whyReadOnly,
  // All points of a device are read in one go, as from a device with one block of registers.
  span: () => ({ space: "simulator", start: 0, length: 1, limit: 1 }),
  open: async (_wire, _port, { clock }) => new SimulatorBus(clock)
});
export {
  simulator_default as default
};
//# sourceMappingURL=index.js.map
