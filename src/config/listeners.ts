/** `broker.listeners`: where clients connect. The schema of a listener: common keys, plus those of its type. */
import { z } from 'zod';
import type { ListenerConfig } from '../core/config.js';
import { listenerAuth } from './access.js';
import { type ConfigInputs, socketPath } from './io.js';
import { listenerLimits } from './limits.js';
import { checkTls, tlsKeys, toTlsConfig } from './tls.js';
import { duration, host, name, network, say, shown, whole } from './values.js';

/** The keys of every listener. */
const common = {
  auth: listenerAuth.optional().describe('who is let in here'),
  limits: listenerLimits.optional().describe('of this listener, in place of those in broker.limits'),
  name: name.optional().describe('for logs and figures, unique; type and address when absent'),
  proxyProtocol: z
    .boolean()
    .default(false)
    .describe('every connection begins with a PROXY protocol header (v1, v2), and none without is served'),
  proxies: z
    .array(network)
    .min(1)
    .optional()
    .describe('addresses and networks (10.1.0.0/16) of the proxies; nobody else is served; this machine when absent'),
  handshakeTimeout: duration('100ms', '1m')
    .prefault('10s')
    .describe('PROXY header, TLS and WebSocket handshake are done within this time'),
  handshakes: whole(1, 100_000).default(256).describe('handshakes at a time; more of them wait in line'),
};

const systemd = z
  .string()
  .regex(/^[\x21-\x39\x3b-\x7e]{1,255}$/, {
    error: (issue) =>
      say(
        `${shown(issue.input)} cannot be the name of a socket`,
        'write what FileDescriptorName= of the .socket unit says (without it: the name of the unit)',
      ),
  })
  .optional()
  .describe('takes the sockets with this name over from systemd; host and port, or path, are then not used');

function address(port: number) {
  return {
    host: host.default('127.0.0.1').describe('address to listen on; 0.0.0.0 and :: are all interfaces'),
    port: whole(0, 65_535).default(port).describe('0: any free port'),
    systemd,
  };
}

const origin = z.string().regex(/^(\*|null|[a-z][a-z0-9+.-]*:\/\/[^/\s?#@]+)$/i, {
  error: (issue) =>
    say(
      `${shown(issue.input)} is not an origin`,
      "write scheme, host and port, such as https://panel.example.com, or '*'",
    ),
});

const webSocketKeys = {
  path: z
    .string()
    .regex(/^\/[^\s?#]*$/, {
      error: (issue) => say(`${shown(issue.input)} is not a path`, 'write a path that begins with /, such as /mqtt'),
    })
    .default('/mqtt')
    .describe('of the HTTP request'),
  origins: z
    .array(origin)
    .optional()
    .describe(
      "web pages that may connect, '*' for all; when absent those of the host that they connect to, without credentials only if it is an address, localhost, or named as this machine",
    ),
};

const mode = z
  .string({ error: () => say('is not a mode', "write it in quotes, such as '0660'") })
  .regex(/^0?[0-7]{3}$/, {
    error: (issue) => say(`${shown(issue.input)} is not a mode`, "write three octal digits, such as '0660'"),
  });

function tlsRules(value: Parameters<typeof checkTls>[0], context: z.RefinementCtx): void {
  checkTls(value, (path, message, hint) =>
    context.addIssue({ code: 'custom', path: [...path], message: say(message, hint) }),
  );
}

export function listenerSchema(inputs: ConfigInputs) {
  return z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('tcp').describe('plain MQTT'), ...address(1_883), ...common }),
    z
      .strictObject({
        type: z.literal('tls').describe('MQTT in TLS'),
        ...address(8_883),
        ...tlsKeys(inputs, ['mqtt']),
        ...common,
      })
      .superRefine(tlsRules),
    z.strictObject({
      type: z.literal('ws').describe('MQTT in WebSocket'),
      ...address(8_083),
      ...webSocketKeys,
      ...common,
    }),
    z
      .strictObject({
        type: z.literal('wss').describe('MQTT in WebSocket in TLS'),
        ...address(8_084),
        ...webSocketKeys,
        ...tlsKeys(inputs, ['http/1.1']),
        ...common,
      })
      .superRefine(tlsRules),
    z.strictObject({
      type: z.literal('unix').describe('a socket file, for programs of this machine'),
      path: socketPath(inputs).describe('of the socket'),
      mode: mode.default('0660').describe('who may connect: permission bits of the socket'),
      systemd,
      ...common,
    }),
  ]);
}

export type ParsedListener = z.output<ReturnType<typeof listenerSchema>>;

export function listenerName(one: ParsedListener): string {
  if (one.name !== undefined) return one.name;
  if (one.systemd !== undefined) return `${one.type}:${one.systemd}`;
  return one.type === 'unix' ? `unix:${one.path}` : `${one.type}:${one.host}:${one.port}`;
}

/** Without `auth`, which broker.ts adds. */
export function toListenerConfig(one: ParsedListener): Omit<ListenerConfig, 'auth'> {
  const handshakes = { timeout: one.handshakeTimeout, atOnce: one.handshakes };
  return {
    name: listenerName(one),
    type: one.type,
    ...(one.type === 'unix'
      ? { host: '', port: 0, unix: { path: one.path, mode: Number.parseInt(one.mode, 8) } }
      : { host: one.host, port: one.port }),
    ...(one.limits !== undefined && { limits: one.limits }),
    ...(one.systemd !== undefined && { systemd: one.systemd }),
    ...(one.proxyProtocol && { proxyProtocol: true, proxies: one.proxies }),
    ...((one.type === 'tls' || one.type === 'wss') && { tls: toTlsConfig(one) }),
    ...((one.type === 'ws' || one.type === 'wss') && { webSocket: { path: one.path, origins: one.origins } }),
    handshakes,
  };
}
