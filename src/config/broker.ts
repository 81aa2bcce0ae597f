/** The `broker` section: listeners.ts, access.ts and limits.ts in one. */
import { z } from 'zod';
import type { BrokerConfig } from '../core/config.js';
import { auth } from './access.js';
import type { Report } from './issues.js';
import { limits } from './limits.js';
import { isLoopback, listener } from './listeners.js';
import { isPlain } from './merge.js';

export const broker = z.strictObject({
  listeners: z
    .array(listener)
    .prefault([{ type: 'tcp', host: '127.0.0.1', port: 1883 }])
    .describe('where MQTT clients connect'),
  auth: auth.prefault({}),
  limits: limits.prefault({}),
  serverReference: z
    .string()
    .min(1)
    .max(1_024)
    .optional()
    .describe(
      'named to 5.0 clients that are sent away, at the limit of connections and at a stop: "other.example:1883"',
    ),
  moved: z.boolean().default(false).describe('every client is sent to serverReference, for good'),
  responseInformation: z
    .string()
    .min(1)
    .max(1_024)
    .optional()
    .describe('where answers to requests may be sent, for 5.0 clients that ask; %c is the client id: "answers/%c"'),
  payloadFormatCheck: z
    .boolean()
    .default(false)
    .describe('a payload that its publisher says is UTF-8, and is not, is refused'),
});

export function toBrokerConfig(parsed: z.output<typeof broker>): BrokerConfig {
  const { listeners, auth, limits, serverReference, moved, responseInformation, payloadFormatCheck } = parsed;
  const anonymous = auth.anonymous ?? listeners.every((one) => isLoopback(one.host));
  return {
    listeners: listeners.map((one) => ({ ...one, name: `${one.type}:${one.host}:${one.port}`, auth: { anonymous } })),
    limits,
    serverReference,
    moved,
    responseInformation,
    payloadFormatCheck,
  };
}

/** Rules between the keys of `broker` itself; `value` may hold parts that did not parse. */
export function checkReferral(value: unknown, report: Report): void {
  if (!isPlain(value) || value.moved !== true || value.serverReference !== undefined) return;
  report(
    ['broker', 'moved'],
    'clients would be sent away without being told where to',
    'name the other server in `broker.serverReference`, or remove `moved`',
  );
}
