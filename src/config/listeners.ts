/** `broker.listeners`: where clients connect. */
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import type { Report } from './issues.js';
import { listenerLimits } from './limits.js';
import { isPlain } from './merge.js';
import { host, whole } from './values.js';

export const listener = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('tcp'),
    host: host.default('127.0.0.1').describe('address to listen on; 0.0.0.0 and :: are all interfaces'),
    port: whole(0, 65_535).default(1883).describe('0: any free port'),
    limits: listenerLimits.optional().describe('of this listener, in place of those in broker.limits'),
  }),
]);

/** Only programs on the same machine reach it. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

const ANY = new Set(['0.0.0.0', '::']);

interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

function overlap(a: HostAndPort, b: HostAndPort): boolean {
  return a.port === b.port && a.port !== 0 && (a.host === b.host || ANY.has(a.host) || ANY.has(b.host));
}

/** Rules between listeners and `auth`; `value` may hold parts that did not parse. */
export function checkListeners(value: unknown, report: Report): void {
  if (!isPlain(value) || !Array.isArray(value.listeners)) return;
  const anonymous = isPlain(value.auth) ? value.auth.anonymous : undefined;
  const seen: HostAndPort[] = [];
  for (const [index, one] of value.listeners.entries()) {
    if (!isPlain(one) || typeof one.host !== 'string' || typeof one.port !== 'number') continue;
    const current: HostAndPort = { host: one.host, port: one.port };
    if (!isLoopback(current.host) && anonymous !== true) {
      report(
        ['broker', 'listeners', index, 'host'],
        `${current.host}:${current.port} would be reachable from the network without authentication`,
        'listen on 127.0.0.1, or accept it with `broker.auth.anonymous: true`',
      );
    }
    const other = seen.findIndex((before) => overlap(before, current));
    if (other >= 0) {
      report(
        ['broker', 'listeners', index],
        `${current.host}:${current.port} overlaps with broker.listeners[${other}] (${seen[other]!.host}:${current.port})`,
        'give every listener its own port, or remove one of the two',
      );
    }
    seen.push(current);
  }
}
