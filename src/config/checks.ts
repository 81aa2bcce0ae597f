/** Rules between ports and devices. They see what parsed and what did not, so that all problems are reported at once. */
import type { z } from 'zod';
import type { AnyAdapter, ConfigIssue } from '../core/adapter.js';
import { addressName, type ListenEndpoint } from '../core/transport.js';
import { choices } from './choices.js';
import type { Path, Report } from './issues.js';
import { isPlain, type Plain, partOf } from './merge.js';
import { endpointOf, type ParsedPort, portOptions, serialPath } from './ports.js';
import { shown } from './values.js';

/** A wire of the configuration and who uses it. */
interface Wire {
  readonly port: unknown;
  readonly path: Path;
  /** The adapter of the first device rules; devices of others were reported and are not here. */
  adapter: AnyAdapter | undefined;
  readonly devices: { readonly name: string; readonly value: Plain }[];
}

export interface CheckContext {
  readonly adapters: readonly AnyAdapter[];
  readonly report: Report;
  /** Reports an issue of another schema under its own path. */
  pass(issue: z.core.$ZodIssue, path: Path): void;
  /** Was something found below this path already (`except` set aside)? Then the value there is not as its schema says. */
  isBroken(path: Path, except?: string): boolean;
}

/** `value` is the document as far as it parsed; every step looks before it reads. */
export function checkPortsAndDevices(value: Plain, context: CheckContext): void {
  const ports = isPlain(value.ports) ? value.ports : {};
  const wires = new Map<string, Wire>();
  for (const [name, port] of Object.entries(ports)) {
    wires.set(name, { port, path: ['ports', name], adapter: undefined, devices: [] });
  }
  for (const [name, device] of Object.entries(isPlain(value.devices) ? value.devices : {})) {
    if (!isPlain(device)) continue;
    const adapter = context.adapters.find((one) => one.type === device.adapter);
    const wire = adapter && wireOf(wires, name, device, adapter, context.report);
    if (adapter !== undefined && wire !== undefined && !context.isBroken([...wire.path, 'type']))
      join(wire, name, device, adapter, context.report);
  }
  checkSerialPaths(wires, context.report);
  checkDialIns(wires, context);
  for (const wire of wires.values()) checkAdapterRules(wire, context);
}

/** The wire that a device names or brings. */
function wireOf(wires: Map<string, Wire>, name: string, device: Plain, adapter: AnyAdapter, report: Report) {
  const path = ['devices', name, 'port'];
  const { port } = device;
  if (typeof port === 'string') {
    const wire = wires.get(port);
    if (wire === undefined) {
      const known = [...wires].filter(([, one]) => one.path[0] === 'ports').map(([key]) => key);
      const add = 'add it to `ports`, or write it here, such as { type: tcp, host: 10.0.0.7, port: 502 }';
      report(path, `there is no port ${shown(port)}`, known.length === 0 ? add : choices('ports', port, known));
    }
    return wire;
  }
  const isWireless = port === undefined && adapter.endpoints.includes('memory');
  if (!isPlain(port) && !isWireless) return undefined;
  const wire: Wire = { port: port ?? { type: 'memory' }, path, adapter: undefined, devices: [] };
  if (wires.has(name)) {
    report(
      path,
      `the port of this device would have the name of ports.${name}`,
      'name it in `port`, or rename one of the two',
    );
  }
  // A name that no port can have keeps both in sight.
  wires.set(wires.has(name) ? `${name} (of the device)` : name, wire);
  return wire;
}

function join(wire: Wire, name: string, device: Plain, adapter: AnyAdapter, report: Report): void {
  if (!isPlain(wire.port)) return;
  const path = ['devices', name, 'port'];
  const { type } = wire.port;
  if (typeof type === 'string' && !adapter.endpoints.some((endpoint) => endpoint === type)) {
    const hint = `use a port of type ${adapter.endpoints.join(', ').replace(/, (?=[^,]*$)/, ' or ')}`;
    report(path, `the adapter ${adapter.type} cannot use a port of type ${shown(type)}`, hint);
    return;
  }
  wire.adapter ??= adapter;
  if (wire.adapter !== adapter) {
    const user = `devices.${wire.devices[0]?.name}`;
    const message = `the port is already used with the adapter ${wire.adapter.type} by ${user}`;
    report(path, message, 'one port carries one protocol: use another port');
    return;
  }
  wire.devices.push({ name, value: device });
}

function checkSerialPaths(wires: Map<string, Wire>, report: Report): void {
  const seen = new Map<string, string>();
  for (const [name, wire] of wires) {
    const path = serialPath(wire.port);
    if (path === undefined) continue;
    const other = seen.get(path);
    if (other === undefined) {
      seen.set(path, name);
      continue;
    }
    const hint = 'one wire has one owner: let the devices share one port';
    report([...wire.path, 'path'], `the port ${other} already uses ${path}`, hint);
  }
}

/** Ports that share a listener: a device that dials in must be for one of them only. */
function checkDialIns(wires: Map<string, Wire>, { isBroken, report }: CheckContext): void {
  const seen: { readonly name: string; readonly endpoint: ListenEndpoint }[] = [];
  for (const [name, { port, path }] of wires) {
    if (!isPlain(port) || port.type !== 'listen' || isBroken(path)) continue;
    const endpoint = endpointOf(port as unknown as ParsedPort) as ListenEndpoint;
    const other = seen.find((one) => areConfusable(one.endpoint, endpoint));
    seen.push({ name, endpoint });
    if (other === undefined) continue;
    const message = `a device that dials in could be for this port or for ${other.name}`;
    report(
      [...path, endpoint.registration === undefined ? 'port' : 'registration'],
      message,
      'give both a `registration` of which none begins with the other, or a `from` of their own, or other port numbers',
    );
  }
}

function areConfusable(one: ListenEndpoint, other: ListenEndpoint): boolean {
  if (addressName(one) !== addressName(other)) return false;
  const from = other.from;
  // Networks that contain one another are told apart by nobody; the same text, or none, is what happens.
  if (one.from !== undefined && from !== undefined && !one.from.some((network) => from.includes(network))) return false;
  const [a, b] = [one.registration, other.registration];
  if (a === undefined || b === undefined) return a === b;
  const length = Math.min(a.length, b.length);
  return a.subarray(0, length).equals(b.subarray(0, length));
}

/** The adapter's keys of a port, and what its fields must not say together. */
function checkAdapterRules(wire: Wire, { isBroken, pass, report }: CheckContext): void {
  const { adapter, port, path } = wire;
  if (adapter === undefined || !isPlain(port)) return;
  const options = portOptions(adapter, port);
  for (const issue of options.error?.issues ?? []) pass(issue, [...path, ...(issue.path as Path)]);
  if (!options.success || isBroken(path)) return;
  const endpoint = endpointOf(port as unknown as ParsedPort);
  const tell = (where: Path, issues: readonly ConfigIssue[] = []) => {
    for (const issue of issues) report([...where, ...issue.path], issue.message);
  };
  tell(path, adapter.check?.port?.(options.data, endpoint));
  for (const { name, value } of wire.devices) {
    if (isBroken(['devices', name], 'points')) continue;
    tell(['devices', name], adapter.check?.device?.(partOf(adapter.device, value), options.data, endpoint));
    checkWrites(name, value, adapter.listensOnly?.(options.data), report);
  }
}

/** @param reason - why nothing can be written on the port of this device */
function checkWrites(device: string, { points }: Plain, reason: string | undefined, report: Report): void {
  if (reason === undefined || !isPlain(points)) return;
  for (const [id, point] of Object.entries(points)) {
    if (!isPlain(point) || point.write === undefined || point.write === false) continue;
    const hint = 'remove `write`, or give the device a port that may be written to';
    report(['devices', device, 'points', id, 'write'], `cannot be written: ${reason}`, hint);
  }
}
