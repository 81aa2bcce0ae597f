import { choices } from "./choices.js";
import { isPlain, partOf } from "./merge.js";
import { endpointOf, portOptions, serialPath } from "./ports.js";
import { shown } from "./values.js";
function checkPortsAndDevices(value, context) {
  const ports = isPlain(value.ports) ? value.ports : {};
  const wires = /* @__PURE__ */ new Map();
  for (const [name, port] of Object.entries(ports)) {
    wires.set(name, { port, path: ["ports", name], adapter: void 0, devices: [] });
  }
  for (const [name, device] of Object.entries(isPlain(value.devices) ? value.devices : {})) {
    if (!isPlain(device)) continue;
    const adapter = context.adapters.find((one) => one.type === device.adapter);
    const wire = adapter && wireOf(wires, name, device, adapter, context.report);
    if (adapter !== void 0 && wire !== void 0 && !context.isBroken([...wire.path, "type"]))
      join(wire, name, device, adapter, context.report);
  }
  checkSerialPaths(wires, context.report);
  for (const wire of wires.values()) checkAdapterRules(wire, context);
}
function wireOf(wires, name, device, adapter, report) {
  const path = ["devices", name, "port"];
  const { port } = device;
  if (typeof port === "string") {
    const wire2 = wires.get(port);
    if (wire2 === void 0) {
      const known = [...wires].filter(([, one]) => one.path[0] === "ports").map(([key]) => key);
      const add = "add it to `ports`, or write it here, such as { type: tcp, host: 10.0.0.7, port: 502 }";
      report(path, `there is no port ${shown(port)}`, known.length === 0 ? add : choices("ports", port, known));
    }
    return wire2;
  }
  const isWireless = port === void 0 && adapter.endpoints.includes("memory");
  if (!isPlain(port) && !isWireless) return void 0;
  const wire = { port: port ?? { type: "memory" }, path, adapter: void 0, devices: [] };
  if (wires.has(name)) {
    report(
      path,
      `the port of this device would have the name of ports.${name}`,
      "name it in `port`, or rename one of the two"
    );
  }
  wires.set(wires.has(name) ? `${name} (of the device)` : name, wire);
  return wire;
}
function join(wire, name, device, adapter, report) {
  if (!isPlain(wire.port)) return;
  const path = ["devices", name, "port"];
  const { type } = wire.port;
  if (typeof type === "string" && !adapter.endpoints.some((endpoint) => endpoint === type)) {
    const hint = `use a port of type ${adapter.endpoints.join(" or ")}`;
    report(path, `the adapter ${adapter.type} cannot use a port of type ${shown(type)}`, hint);
    return;
  }
  wire.adapter ??= adapter;
  if (wire.adapter !== adapter) {
    const user = `devices.${wire.devices[0]?.name}`;
    const message = `the port is already used with the adapter ${wire.adapter.type} by ${user}`;
    report(path, message, "one port carries one protocol: use another port");
    return;
  }
  wire.devices.push({ name, value: device });
}
function checkSerialPaths(wires, report) {
  const seen = /* @__PURE__ */ new Map();
  for (const [name, wire] of wires) {
    const path = serialPath(wire.port);
    if (path === void 0) continue;
    const other = seen.get(path);
    if (other === void 0) {
      seen.set(path, name);
      continue;
    }
    const hint = "one wire has one owner: let the devices share one port";
    report([...wire.path, "path"], `the port ${other} already uses ${path}`, hint);
  }
}
function checkAdapterRules(wire, { isBroken, pass, report }) {
  const { adapter, port, path } = wire;
  if (adapter === void 0 || !isPlain(port)) return;
  const options = portOptions(adapter, port);
  for (const issue of options.error?.issues ?? []) pass(issue, [...path, ...issue.path]);
  if (!options.success || isBroken(path)) return;
  const endpoint = endpointOf(port);
  const tell = (where, issues = []) => {
    for (const issue of issues) report([...where, ...issue.path], issue.message);
  };
  tell(path, adapter.check?.port?.(options.data, endpoint));
  for (const { name, value } of wire.devices) {
    if (isBroken(["devices", name], "points")) continue;
    tell(["devices", name], adapter.check?.device?.(partOf(adapter.device, value), options.data, endpoint));
  }
}
export {
  checkPortsAndDevices
};
//# sourceMappingURL=checks.js.map
