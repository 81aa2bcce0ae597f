/** The `servers` section: the gateway as a device of other masters, in the words of the adapter that serves them. */
import { z } from 'zod';
import type { AnyAdapter } from '../core/adapter.js';
import type { ServerConfig } from '../core/config.js';
import type { AnyServerRole } from '../core/server-role.js';
import type { Endpoint } from '../core/transport.js';
import { choices } from './choices.js';
import { checkLine, endpointShapes } from './endpoints.js';
import { type ConfigInputs, processInputs } from './io.js';
import type { Path, Report } from './issues.js';
import { isLoopback } from './listener-rules.js';
import { isPlain, merged, type Plain, partOf } from './merge.js';
import { endpointOf, type ParsedPort, serialPath } from './ports.js';
import { duration, host, name, network, say, shown, whole } from './values.js';

interface Serving {
  readonly type: string;
  readonly title: string;
  readonly role: AnyServerRole;
}

function serving(adapters: readonly AnyAdapter[]): readonly Serving[] {
  return adapters.flatMap(({ type, title, server }) => (server === undefined ? [] : [{ type, title, role: server }]));
}

const listen = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('tcp').describe('masters connect'),
    host: host.default('127.0.0.1').describe('address to listen on'),
    port: whole(0, 65_535).default(502).describe('0: any free port'),
  }),
  z.strictObject({
    type: z.literal('udp').describe('datagrams'),
    host: host.default('127.0.0.1').describe('address to listen on'),
    port: whole(0, 65_535).default(5683).describe('0: any free port'),
  }),
  z.strictObject(endpointShapes(processInputs()).serial).superRefine(checkLine),
]);

function serverSchema({ type, title, role }: Serving) {
  return merged(role.schema, {
    type: z.literal(type).describe(title),
    listen: listen.describe('where masters connect: tcp, udp, or a serial line of its own, as their protocol has it'),
    allow: z
      .array(network)
      .min(1)
      .optional()
      .describe('addresses and networks (10.1.0.0/16) of the masters; needed unless it listens on this machine alone'),
    maxConnections: whole(1, 1_000)
      .default(16)
      .describe('masters at a time; more are refused (udp: the one that was silent for longest is forgotten)'),
    idleTimeout: duration('0s', '7d')
      .prefault('10m')
      .describe('a master that is silent for so long is disconnected; 0s: never'),
  });
}

export function serversSchema(adapters: readonly AnyAdapter[]) {
  const [first, ...others] = serving(adapters).map(serverSchema);
  if (first === undefined) return z.record(name, z.never({ error: say('no adapter can serve', 'remove it') }));
  return z.record(name, z.discriminatedUnion('type', [first, ...others]));
}

export interface ParsedServer {
  readonly type: string;
  readonly listen: z.output<typeof listen>;
  readonly allow?: readonly string[] | undefined;
  readonly maxConnections: number;
  readonly idleTimeout: number;
}

function endpoint(place: ParsedServer['listen']): Endpoint {
  return place.type === 'tcp' || place.type === 'udp' ? place : endpointOf(place as unknown as ParsedPort);
}

export function toServerConfig(
  serverName: string,
  server: ParsedServer,
  adapters: readonly AnyAdapter[],
): ServerConfig {
  const role = serving(adapters).find(({ type }) => type === server.type)!.role;
  return {
    name: serverName,
    type: server.type,
    listen: endpoint(server.listen) as ServerConfig['listen'],
    allow: server.allow,
    maxConnections: server.maxConnections,
    idleTimeout: server.idleTimeout,
    options: partOf(role.schema, server as unknown as Plain),
  };
}

export interface ServerCheckContext {
  readonly adapters: readonly AnyAdapter[];
  readonly report: Report;
  /** Was something found below this path already? Then the value there is not as its schema says. */
  isBroken(path: Path): boolean;
  readonly unjudged: ConfigInputs['unjudged'];
}

/** Rules between servers, ports and devices. `value` is the document as far as it parsed. */
export function checkServers(value: Plain, context: ServerCheckContext): void {
  const { adapters, report, isBroken } = context;
  const lines = new Map<string, string>();
  for (const [portName, port] of Object.entries(isPlain(value.ports) ? value.ports : {})) {
    const path = serialPath(port);
    if (path !== undefined) lines.set(path, `the port ${portName}`);
  }
  for (const [serverName, server] of Object.entries(isPlain(value.servers) ? value.servers : {})) {
    const path: Path = ['servers', serverName];
    if (!isPlain(server) || isBroken(path)) continue;
    const parsed = server as unknown as ParsedServer;
    const one = serving(adapters).find(({ type }) => type === parsed.type);
    if (one === undefined) continue;
    checkPlace(parsed, path, lines, report);
    if (parsed.listen.type === 'serial') lines.set(parsed.listen.path, `the server ${serverName}`);
    const options = partOf(one.role.schema, server);
    if (!one.role.endpoints.includes(parsed.listen.type)) {
      report(
        [...path, 'listen', 'type'],
        `${one.type} is not served over ${parsed.listen.type}`,
        `use a listen of type ${one.role.endpoints.join(' or ')}`,
      );
      continue;
    }
    for (const issue of one.role.check?.(options, endpoint(parsed.listen)) ?? [])
      report([...path, ...issue.path], issue.message);
    for (const reference of one.role.references(options)) {
      checkReference(value, one.type, path, reference, context);
    }
  }
}

function checkPlace(
  { listen: place, allow }: ParsedServer,
  path: Path,
  lines: ReadonlyMap<string, string>,
  report: Report,
): void {
  if (place.type === 'serial') {
    const other = lines.get(place.path);
    if (other !== undefined) {
      report([...path, 'listen', 'path'], `${other} already uses ${place.path}`, 'masters need a line of their own');
    }
    if (allow !== undefined) report([...path, 'allow'], 'a serial line has no addresses', 'remove it');
  } else if (allow === undefined && !isLoopback(place.host)) {
    report(
      [...path, 'listen', 'host'],
      `masters can reach it at ${place.host} from the network, where anybody could be one`,
      'say who may in `allow: [10.0.0.0/8]`, or listen on 127.0.0.1',
    );
  }
}

function checkReference(
  value: Plain,
  type: string,
  path: Path,
  reference: ReturnType<AnyServerRole['references']>[number],
  { report, isBroken, unjudged }: ServerCheckContext,
): void {
  const at = [...path, ...reference.path];
  if (isBroken(['devices', reference.device]) || unjudged?.has(reference.device)) return;
  const devices = isPlain(value.devices) ? value.devices : {};
  const device = devices[reference.device];
  if (!isPlain(device)) {
    report(
      at,
      `there is no device ${shown(reference.device)}`,
      choices('devices', reference.device, Object.keys(devices)),
    );
    return;
  }
  if (reference.point === undefined) {
    if (device.adapter === type) return;
    report(
      at,
      `${reference.device} is a device of ${shown(device.adapter)}, not of ${type}`,
      'serve its points instead',
    );
    return;
  }
  const points = isPlain(device.points) ? device.points : {};
  const point = points[reference.point];
  if (point === undefined) {
    report(
      at,
      `${reference.device} has no point ${shown(reference.point)}`,
      choices('points', reference.point, Object.keys(points)),
    );
  } else if (reference.isWritten && isPlain(point) && point.write === false) {
    report(
      at,
      `${reference.device}.${reference.point} cannot be written`,
      'give the point a `write`, or serve it without',
    );
  }
}
