import { z } from "zod";
import { defineAdapter } from "../../src/core/adapter.js";
const neverOpened = () => Promise.reject(new Error("a fake adapter opens no wire"));
const address = z.string().regex(/^(holding|input):\d+$/, 'expected a table and an address: "holding:100" or "input:7"');
const fieldbus = defineAdapter({
  type: "modbus",
  title: "Fieldbus of the tests",
  endpoints: ["serial", "tcp"],
  port: z.object({ framing: z.enum(["rtu", "tcp"]).optional() }),
  device: z.object({ unit: z.int().min(0).max(255).default(1) }),
  address: z.object({ address, type: z.enum(["int16", "uint16", "float32"]).default("uint16"), order: z.string().optional() }).refine((point) => point.order === void 0 || point.type === "float32", {
    message: "only a float32 has an order",
    path: ["order"]
  }),
  check: {
    port: (port, endpoint) => endpoint.type === "serial" && port.framing === "tcp" ? [{ path: ["framing"], message: "a serial line carries RTU frames; framing tcp needs a tcp port" }] : [],
    device: (device, _port, endpoint) => endpoint.type === "serial" && device.unit > 247 ? [{ path: ["unit"], message: "a unit is 1 to 247" }] : [],
    point: (point) => point.type === "float32" && point.address === "holding:65535" ? [{ path: ["address"], message: "float32 takes 2 registers from 65535" }] : []
  },
  readOnly: (point) => point.address.startsWith("input:") ? "input registers can only be read" : void 0,
  open: neverOpened
});
const scale = defineAdapter({
  type: "scale",
  title: "Weighing scale of the tests",
  endpoints: ["serial"],
  port: z.object({ delimiter: z.string() }),
  device: z.object({}),
  address: z.object({ field: z.string() }),
  open: neverOpened
});
const simulator = defineAdapter({
  type: "simulator",
  title: "Simulator of the tests",
  endpoints: ["memory"],
  port: z.object({}),
  device: z.object({}),
  address: z.object({ wave: z.enum(["sine", "ramp"]).default("sine") }),
  open: neverOpened
});
const fakeAdapters = [fieldbus, scale, simulator];
export {
  fakeAdapters,
  fieldbus,
  scale,
  simulator
};
//# sourceMappingURL=fake-adapters.js.map
