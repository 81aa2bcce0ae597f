/** The `broker` section. */
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import type { BrokerConfig, ListenerConfig } from '../core/config.js';
import type { Report } from './issues.js';
import { isPlain } from './merge.js';
import { duration, host, size, whole } from './values.js';

const listener = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('tcp'),
    host: host.default('127.0.0.1').describe('address to listen on; 0.0.0.0 and :: are all interfaces'),
    port: whole(0, 65_535).default(1883).describe('0: any free port'),
  }),
]);

const limits = z.strictObject({
  connections: whole(1, 1_000_000).default(1_000).describe('clients connected at a time'),
  packetBytes: size('1KB', '256MB').prefault('1MB').describe('largest control packet accepted'),
  queuedMessages: whole(1, 1_000_000).default(1_000).describe('messages queued for one session; the oldest goes first'),
  receiveMaximum: whole(1, 65_535).default(100).describe('QoS 1 and 2 messages in flight per direction'),
  retainedMessages: whole(1, 10_000_000).default(100_000).describe('retained messages in all'),
  subscriptions: whole(1, 100_000).default(1_000).describe('subscriptions per session'),
  sessionExpiry: duration('0ms', '49710d').prefault('7d').describe('longest Session Expiry Interval granted'),
  connectTimeout: duration('100ms', '10m').prefault('10s').describe('time from accept to CONNECT'),
  drainTimeout: duration('1s', '1h')
    .prefault('30s')
    .describe('a receiver that takes nothing for so long is disconnected'),
});

export const broker = z.strictObject({
  listeners: z
    .array(listener)
    .prefault([{ type: 'tcp', host: '127.0.0.1', port: 1883 }])
    .describe('where MQTT clients connect'),
  auth: z
    .strictObject({
      anonymous: z
        .boolean()
        .optional()
        .describe('clients need no credentials; true when absent and all listeners are on the loopback interface'),
    })
    .prefault({}),
  limits: limits.prefault({}),
});

/** Only programs on the same machine reach it. */
function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

export function toBrokerConfig(parsed: z.output<typeof broker>): BrokerConfig {
  const { listeners, auth } = parsed;
  return {
    listeners,
    auth: { anonymous: auth.anonymous ?? listeners.every((one) => isLoopback(one.host)) },
    limits: parsed.limits,
  };
}

const ANY = new Set(['0.0.0.0', '::']);

function overlap(a: ListenerConfig, b: ListenerConfig): boolean {
  return a.port === b.port && a.port !== 0 && (a.host === b.host || ANY.has(a.host) || ANY.has(b.host));
}

/** Rules between listeners and `auth`; `value` may hold parts that did not parse. */
export function checkBroker(value: unknown, report: Report): void {
  if (!isPlain(value) || !Array.isArray(value.listeners)) return;
  const anonymous = isPlain(value.auth) ? value.auth.anonymous : undefined;
  const seen: ListenerConfig[] = [];
  for (const [index, one] of value.listeners.entries()) {
    if (!isPlain(one) || typeof one.host !== 'string' || typeof one.port !== 'number') continue;
    const current: ListenerConfig = { type: 'tcp', host: one.host, port: one.port };
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
