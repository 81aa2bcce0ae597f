import { z } from "zod";
import { brokerSchema, checkReferral, toBrokerConfig } from "./broker.js";
import { checkPortsAndDevices } from "./checks.js";
import { devicesSchema, toDeviceConfig } from "./devices.js";
import { processInputs, socketPath } from "./io.js";
import { linksSchema, toLinkConfig } from "./links.js";
import { checkListeners } from "./listener-rules.js";
import { portSchema, toPortConfig } from "./ports.js";
import { MAX_NAME_LENGTH, name, say } from "./values.js";
function topicSafe(hostName) {
  return hostName.replace(/[^A-Za-z0-9_.-]/g, "-").slice(0, MAX_NAME_LENGTH) || "gateway";
}
const MEMORY_PORT = { type: "memory", timeout: 1e3, pause: 0 };
function mapValues(record, map) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(key, value)]));
}
function toGatewayConfig(parsed, adapters, inputs) {
  const adapterOf = (device) => adapters.find((adapter) => adapter.type === device.adapter);
  const users = /* @__PURE__ */ new Map();
  const ports = { ...parsed.ports };
  for (const [deviceName, device] of Object.entries(parsed.devices)) {
    const { port } = device;
    if (typeof port !== "string") ports[deviceName] = port ?? MEMORY_PORT;
    users.set(typeof port === "string" ? port : deviceName, adapterOf(device));
  }
  return {
    gateway: { id: parsed.gateway.id ?? topicSafe(inputs.hostName) },
    broker: toBrokerConfig(parsed.broker),
    ports: mapValues(ports, (key, port) => toPortConfig(key, port, users.get(key))),
    devices: mapValues(parsed.devices, (key, device) => toDeviceConfig(key, device, adapterOf(device))),
    links: mapValues(parsed.links, toLinkConfig),
    api: { socket: parsed.api.socket },
    log: parsed.log,
    tui: parsed.tui
  };
}
function createConfigSchema(adapters, inputs = processInputs()) {
  const port = portSchema(adapters);
  return z.strictObject({
    $schema: z.string().optional().describe("for editors"),
    gateway: z.strictObject({ id: name.optional().describe("first level of its topics; the host name when absent") }).prefault({}),
    broker: brokerSchema(inputs).prefault({}),
    ports: z.record(name, port).prefault({}).describe("wires: each has exactly one owner"),
    devices: devicesSchema(adapters, port).prefault({}).describe("what is addressed on the ports"),
    links: linksSchema(inputs, name).prefault({}).describe("upstream brokers"),
    api: z.strictObject({ socket: socketPath(inputs).optional().describe("path of the control socket") }).prefault({}),
    log: z.strictObject({
      level: z.enum(["trace", "debug", "info", "warn", "error"]).default("info").describe("least important line logged")
    }).prefault({}),
    tui: z.strictObject({ readOnly: z.boolean().default(false).describe("the terminal UI offers no writes") }).prefault({})
  }).superRefine(
    (value, context) => {
      const report = (path, message, hint) => context.addIssue({
        code: "custom",
        path: [...path],
        message: hint === void 0 ? message : say(message, hint)
      });
      checkListeners(value.broker, report);
      checkReferral(value.broker, report);
      const found = context.issues.map((issue) => issue.path ?? []);
      checkPortsAndDevices(value, {
        adapters,
        report,
        pass: (issue, path) => context.addIssue({ ...issue, path: [...path] }),
        isBroken: (path, except) => found.some(
          (one) => path.every((segment, i) => segment === one[i]) && (except === void 0 || one[path.length] !== except)
        )
      });
    },
    // Also when something else is wrong: all problems at once.
    { when: () => true }
  ).transform((value) => toGatewayConfig(value, adapters, inputs));
}
export {
  createConfigSchema
};
//# sourceMappingURL=schema.js.map
