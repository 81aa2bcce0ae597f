/** The `ports` section: wires, each with one owner. The adapter of the devices on it may add keys of its own. */
import { z } from 'zod';
import type { AnyAdapter } from '../core/adapter.js';
import type { PortConfig } from '../core/config.js';
import type { Endpoint } from '../core/transport.js';
import { checkClientTls, checkLine, endpointShapes } from './endpoints.js';
import { type ConfigInputs, processInputs } from './io.js';
import { describeIssue } from './issues.js';
import { isPlain, type Plain, partOf, portKeys } from './merge.js';
import { duration, say } from './values.js';

/** Of a port and an adapter that do not say. */
const DEFAULT_TIMEOUT_MS = 1_000;

const common = {
  timeout: duration('1ms', '10m')
    .optional()
    .describe('one exchange must be done within this time; 1s when absent, 20s for CoAP, which repeats itself'),
  pause: duration('0ms', '1m').prefault('0ms').describe('rest between two exchanges'),
};

const closing = {
  idleTimeout: duration('0s', '1d')
    .prefault('0s')
    .describe('without an exchange for so long the connection is closed, and opened for the next one; 0s: never'),
  closeAfterCycle: z
    .boolean()
    .default(false)
    .describe('closed as soon as no read or command waits: for devices with one socket, so that other masters get it'),
};

type Shapes = ReturnType<typeof endpointShapes>;

/** The names alone: which keys belong to which kind of wire. */
const shapes: Shapes = endpointShapes(processInputs());

/** The keys of the gateway: no adapter may take one. */
const commonKeys = new Set([...Object.values(shapes), common, closing].flatMap(Object.keys));

/** One port, as it stands in `ports` or inside a device. */
export function portSchema(adapters: readonly AnyAdapter[], inputs: ConfigInputs) {
  const own = portKeys(adapters.map((adapter) => adapter.port));
  for (const key of Object.keys(own)) {
    if (commonKeys.has(key)) throw new TypeError(`the key "${key}" belongs to the gateway, not to an adapter`);
  }
  const { serial, tcp, tls, udp, dtls, listen, rfc2217, memory } = endpointShapes(inputs);
  return z.discriminatedUnion('type', [
    z.strictObject({ ...serial, ...common, ...own }).superRefine(checkLine),
    z.strictObject({ ...tcp, ...common, ...closing, ...own }).superRefine(checkClosing),
    z
      .strictObject({ ...tls, ...common, ...closing, ...own })
      .superRefine(checkClientTls)
      .superRefine(checkClosing),
    z.strictObject({ ...udp, ...common, ...own }),
    z.strictObject({ ...dtls, ...common, ...own }),
    z.strictObject({ ...listen, ...common, ...own }),
    z.strictObject({ ...rfc2217, ...common, ...own }).superRefine(checkLine),
    z.strictObject({ ...memory, ...common, ...own }),
  ]);
}

/** One of both, or none. */
function checkClosing(
  port: { idleTimeout: number; closeAfterCycle: boolean },
  context: { addIssue(issue: { code: 'custom'; path: string[]; message: string }): unknown },
) {
  if (!port.closeAfterCycle || port.idleTimeout === 0) return;
  const message = say('with closeAfterCycle the connection is closed before it is ever idle', 'remove one of both');
  context.addIssue({ code: 'custom', path: ['idleTimeout'], message });
}

export type ParsedPort = z.output<ReturnType<typeof portSchema>>;

/** Checks the keys of a port that are its adapter's, all others set aside. */
export function portOptions(adapter: AnyAdapter, port: Plain) {
  const own = Object.fromEntries(
    Object.entries(port).filter(([key, value]) => !commonKeys.has(key) && value !== undefined),
  );
  return (adapter.port as z.ZodObject).strict().safeParse(own, { error: describeIssue, reportInput: true });
}

export function endpointOf(port: ParsedPort): Endpoint {
  switch (port.type) {
    case 'serial':
      return keysOf(shapes.serial, port);
    case 'tcp':
      return keysOf(shapes.tcp, port);
    case 'tls':
      return keysOf(shapes.tls, port);
    case 'udp':
      return keysOf(shapes.udp, port);
    case 'dtls':
      return keysOf(shapes.dtls, port);
    case 'listen':
      return keysOf(shapes.listen, port);
    case 'rfc2217':
      return keysOf(shapes.rfc2217, port);
    case 'memory':
      return { type: 'memory' };
  }
}

/** The keys of a shape that are set. */
function keysOf<S extends z.ZodRawShape>(shape: S, port: z.output<z.ZodObject<S>>): z.output<z.ZodObject<S>> {
  const keys = Object.entries(port).filter(([key, value]) => key in shape && value !== undefined);
  return Object.fromEntries(keys) as z.output<z.ZodObject<S>>;
}

/** @param adapter - of the devices on it; undefined when no device uses the port */
export function toPortConfig(name: string, port: ParsedPort, adapter: AnyAdapter | undefined): PortConfig {
  const { timeout = adapter?.timeout ?? DEFAULT_TIMEOUT_MS, pause } = port;
  const options = adapter === undefined ? {} : partOf(adapter.port, portOptions(adapter, port).data ?? {});
  const endpoint = endpointOf(port);
  const parallel = 'parallel' in endpoint && endpoint.parallel !== undefined ? { parallel: endpoint.parallel } : {};
  return { name, endpoint, timeout, pause, ...parallel, ...closeAfterOf(port), options };
}

function closeAfterOf(port: ParsedPort): { closeAfter?: number } {
  if (!('idleTimeout' in port)) return {};
  if (port.closeAfterCycle) return { closeAfter: 0 };
  return port.idleTimeout === 0 ? {} : { closeAfter: port.idleTimeout };
}

/** The serial path of a port, parsed or not. */
export function serialPath(port: unknown): string | undefined {
  return isPlain(port) && port.type === 'serial' && typeof port.path === 'string' ? port.path : undefined;
}
