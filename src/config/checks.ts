/** Rules between ports and devices. They see what parsed and what did not, so that all problems are reported at once. */
import type { AnyAdapter } from '../core/adapter.js';
import type { Report } from './broker.js';
import { choices } from './choices.js';
import { isPlain, type Plain } from './merge.js';
import { portOptions, serialPath } from './ports.js';
import { shown } from './values.js';

type Path = readonly (string | number)[];

/** A wire of the configuration and who uses it. */
interface Wire {
  readonly port: unknown;
  readonly path: Path;
  /** The first device that names it; its adapter rules. */
  user?: { readonly device: string; readonly adapter: AnyAdapter };
}

const own = (record: Plain, key: string): unknown => (Object.hasOwn(record, key) ? record[key] : undefined);

function checkDevicePort(
  wires: Map<string, Wire>,
  ports: Plain,
  deviceName: string,
  device: Plain,
  adapter: AnyAdapter,
  report: Report,
) {
  const path = ['devices', deviceName, 'port'];
  let wire: Wire | undefined;
  if (typeof device.port === 'string') {
    if (own(ports, device.port) === undefined) {
      return report(path, `there is no port ${shown(device.port)}`, choices('ports', device.port, Object.keys(ports)));
    }
    wire = wires.get(device.port);
  } else if (isPlain(device.port)) {
    wire = { port: device.port, path };
    const other = wires.get(deviceName);
    if (other !== undefined) {
      const hint = 'name it in `port`, or rename one of the two';
      report(path, `the port of this device would have the name of ports.${deviceName}`, hint);
    }
    wires.set(other === undefined ? deviceName : `${deviceName} (inline)`, wire);
  }
  if (wire === undefined || !isPlain(wire.port)) return undefined;
  const { type } = wire.port;
  if (typeof type === 'string' && !adapter.endpoints.some((endpoint) => endpoint === type)) {
    const hint = `use a port of type ${adapter.endpoints.join(' or ')}`;
    return report(path, `the adapter ${adapter.type} cannot use a port of type ${shown(type)}`, hint);
  }
  if (wire.user === undefined) {
    wire.user = { device: deviceName, adapter };
  } else if (wire.user.adapter !== adapter) {
    report(
      path,
      `the port is already used with the adapter ${wire.user.adapter.type} by devices.${wire.user.device}`,
      'one port carries one protocol: use another port',
    );
  }
  return undefined;
}

function checkPaths(wires: Map<string, Wire>, report: Report): void {
  const seen = new Map<string, string>();
  for (const [name, wire] of wires) {
    const path = serialPath(wire.port);
    if (path === undefined) continue;
    const other = seen.get(path);
    if (other === undefined) seen.set(path, name);
    else
      report(
        [...wire.path, 'path'],
        `the port ${other} already uses ${path}`,
        'one wire has one owner: let the devices share one port',
      );
  }
}

/** `value` is the document as far as it parsed; every step looks before it reads. */
export function checkPortsAndDevices(
  value: Plain,
  adapters: readonly AnyAdapter[],
  report: Report,
  pass: (issue: Plain, path: Path) => void,
): void {
  const ports = isPlain(value.ports) ? value.ports : {};
  const wires = new Map<string, Wire>(
    Object.entries(ports).map(([name, port]) => [name, { port, path: ['ports', name] }]),
  );
  for (const [name, device] of Object.entries(isPlain(value.devices) ? value.devices : {})) {
    const adapter = isPlain(device) ? adapters.find((one) => one.type === device.adapter) : undefined;
    if (adapter !== undefined) checkDevicePort(wires, ports, name, device as Plain, adapter, report);
  }
  checkPaths(wires, report);
  for (const wire of wires.values()) {
    if (wire.user === undefined || !isPlain(wire.port)) continue;
    for (const issue of portOptions(wire.user.adapter, wire.port).error?.issues ?? [])
      pass(issue as unknown as Plain, [...wire.path, ...(issue.path as Path)]);
  }
}
