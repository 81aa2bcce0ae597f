import { z } from "zod";
import { describeIssue } from "./issues.js";
import { isPlain, partOf, portKeys } from "./merge.js";
import { duration, host, whole } from "./values.js";
const common = {
  timeout: duration("1ms", "10m").prefault("1s").describe("one exchange must be done within this time"),
  pause: duration("0ms", "1m").prefault("0ms").describe("rest between two exchanges")
};
const endpoints = {
  serial: {
    type: z.literal("serial"),
    path: z.string().min(1).describe("device file; /dev/serial/by-id/\u2026 survives re-plugging"),
    baudRate: whole(50, 4e6).describe("bits per second, such as 9600 or 19200"),
    dataBits: z.literal([5, 6, 7, 8]).default(8),
    parity: z.enum(["none", "even", "odd"]).describe("Modbus RTU: even unless the device says otherwise"),
    stopBits: z.literal([1, 2]).default(1)
  },
  tcp: {
    type: z.literal("tcp"),
    host: host.describe("IP address or host name"),
    port: whole(1, 65535).describe("TCP port; Modbus uses 502")
  },
  memory: { type: z.literal("memory").describe("no wire: the adapter makes its values itself") }
};
const commonKeys = new Set([endpoints.serial, endpoints.tcp, endpoints.memory, common].flatMap(Object.keys));
function portSchema(adapters) {
  const own = portKeys(adapters.map((adapter) => adapter.port));
  for (const key of Object.keys(own)) {
    if (commonKeys.has(key)) throw new TypeError(`the key "${key}" belongs to the gateway, not to an adapter`);
  }
  return z.discriminatedUnion("type", [
    z.strictObject({ ...endpoints.serial, ...common, ...own }),
    z.strictObject({ ...endpoints.tcp, ...common, ...own }),
    z.strictObject({ ...endpoints.memory, ...common, ...own })
  ]);
}
function portOptions(adapter, port) {
  const own = Object.fromEntries(
    Object.entries(port).filter(([key, value]) => !commonKeys.has(key) && value !== void 0)
  );
  return adapter.port.strict().safeParse(own, { error: describeIssue, reportInput: true });
}
function endpointOf(port) {
  switch (port.type) {
    case "serial": {
      const { type, path, baudRate, dataBits, parity, stopBits } = port;
      return { type, path, baudRate, dataBits, parity, stopBits };
    }
    case "tcp":
      return { type: "tcp", host: port.host, port: port.port };
    case "memory":
      return { type: "memory" };
  }
}
function toPortConfig(name, port, adapter) {
  const { timeout, pause } = port;
  const options = adapter === void 0 ? {} : partOf(adapter.port, portOptions(adapter, port).data ?? {});
  return { name, endpoint: endpointOf(port), timeout, pause, options };
}
function serialPath(port) {
  return isPlain(port) && port.type === "serial" && typeof port.path === "string" ? port.path : void 0;
}
export {
  endpointOf,
  portOptions,
  portSchema,
  serialPath,
  toPortConfig
};
//# sourceMappingURL=ports.js.map
