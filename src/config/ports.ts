/** The `ports` section: wires, each with one owner. The adapter of the devices on it may add keys of its own. */
import { z } from 'zod';
import type { AnyAdapter } from '../core/adapter.js';
import type { PortConfig } from '../core/config.js';
import type { Endpoint } from '../core/transport.js';
import { describeIssue } from './issues.js';
import { isPlain, type Plain, partOf, portKeys } from './merge.js';
import { duration, host, whole } from './values.js';

const common = {
  timeout: duration('1ms', '10m').prefault('1s').describe('one exchange must be done within this time'),
  pause: duration('0ms', '1m').prefault('0ms').describe('rest between two exchanges'),
};

export const endpoints = {
  serial: {
    type: z.literal('serial'),
    path: z.string().min(1).describe('device file; /dev/serial/by-id/… survives re-plugging'),
    baudRate: whole(50, 4_000_000).describe('bits per second, such as 9600 or 19200'),
    dataBits: z.literal([5, 6, 7, 8]).default(8),
    parity: z.enum(['none', 'even', 'odd']).describe('Modbus RTU: even unless the device says otherwise'),
    stopBits: z.literal([1, 2]).default(1),
  },
  tcp: {
    type: z.literal('tcp'),
    host: host.describe('IP address or host name'),
    port: whole(1, 65_535).describe('TCP port; Modbus uses 502'),
  },
  memory: { type: z.literal('memory').describe('no wire: the adapter makes its values itself') },
};

/** The keys of the gateway: no adapter may take one. */
const commonKeys = new Set([endpoints.serial, endpoints.tcp, endpoints.memory, common].flatMap(Object.keys));

/** One port, as it stands in `ports` or inside a device. */
export function portSchema(adapters: readonly AnyAdapter[]) {
  const own = portKeys(adapters.map((adapter) => adapter.port));
  for (const key of Object.keys(own)) {
    if (commonKeys.has(key)) throw new TypeError(`the key "${key}" belongs to the gateway, not to an adapter`);
  }
  return z.discriminatedUnion('type', [
    z.strictObject({ ...endpoints.serial, ...common, ...own }),
    z.strictObject({ ...endpoints.tcp, ...common, ...own }),
    z.strictObject({ ...endpoints.memory, ...common, ...own }),
  ]);
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
    case 'serial': {
      const { type, path, baudRate, dataBits, parity, stopBits } = port;
      return { type, path, baudRate, dataBits, parity, stopBits };
    }
    case 'tcp':
      return { type: 'tcp', host: port.host, port: port.port };
    case 'memory':
      return { type: 'memory' };
  }
}

/** @param adapter - of the devices on it; undefined when no device uses the port */
export function toPortConfig(name: string, port: ParsedPort, adapter: AnyAdapter | undefined): PortConfig {
  const { timeout, pause } = port;
  const options = adapter === undefined ? {} : partOf(adapter.port, portOptions(adapter, port).data ?? {});
  return { name, endpoint: endpointOf(port), timeout, pause, options };
}

/** The serial path of a port, parsed or not. */
export function serialPath(port: unknown): string | undefined {
  return isPlain(port) && port.type === 'serial' && typeof port.path === 'string' ? port.path : undefined;
}
