/** The `broker` section: listeners.ts, access.ts and limits.ts in one. */
import { z } from 'zod';
import type { BrokerConfig } from '../core/config.js';
import { authSchema, toAccessConfig, toAuthConfig } from './access.js';
import type { ConfigInputs } from './io.js';
import type { Report } from './issues.js';
import { limits } from './limits.js';
import { isLocal } from './listener-rules.js';
import { listenerSchema, toListenerConfig } from './listeners.js';
import { isPlain } from './merge.js';
import { duration, say } from './values.js';

const MIN_SYS_INTERVAL = 1_000;

const sysInterval = duration('0ms', '1h').superRefine((ms, context) => {
  if (ms === 0 || ms >= MIN_SYS_INTERVAL) return;
  const hint = 'write a duration from 1s to 1h, or 0s for no $SYS/broker topics';
  context.addIssue({ code: 'custom', message: say(`${ms}ms is out of range`, hint) });
});

export function brokerSchema(inputs: ConfigInputs) {
  return z.strictObject({
    listeners: z
      .array(listenerSchema(inputs))
      .prefault([{ type: 'tcp', host: '127.0.0.1', port: 1883 }])
      .describe('where MQTT clients connect'),
    auth: authSchema(inputs).prefault({}).describe('who may connect, and do what'),
    limits: limits.prefault({}).describe('what clients may make the broker do and keep'),
    sysInterval: sysInterval
      .prefault('10s')
      .describe('time between two looks of $SYS/broker/…; 0s: it is not published'),
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
}

export type ParsedBroker = z.output<ReturnType<typeof brokerSchema>>;

export function toBrokerConfig(parsed: ParsedBroker): BrokerConfig {
  const { listeners, auth, limits, sysInterval, serverReference, moved, responseInformation, payloadFormatCheck } =
    parsed;
  const areLocal = listeners.every(isLocal);
  const names = new Set<string>();
  return {
    listeners: listeners.map((one) => {
      const listener = toListenerConfig(one);
      return { ...listener, name: uniqueName(listener.name, names), auth: toAuthConfig(auth, one.auth, areLocal) };
    }),
    access: toAccessConfig(auth),
    limits,
    sysInterval,
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

/** Two listeners on any free port are `tcp:127.0.0.1:0` both. */
function uniqueName(name: string, taken: Set<string>): string {
  let unique = name;
  for (let count = 2; taken.has(unique); count++) unique = `${name}#${count}`;
  taken.add(unique);
  return unique;
}
