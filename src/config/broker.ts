/** The `broker` section: listeners.ts, access.ts and limits.ts in one. */
import { z } from 'zod';
import type { BrokerConfig } from '../core/config.js';
import { auth } from './access.js';
import type { ConfigInputs } from './io.js';
import { limits } from './limits.js';
import { isLocal } from './listener-rules.js';
import { listenerSchema, toListenerConfig } from './listeners.js';

export function brokerSchema(inputs: ConfigInputs) {
  return z.strictObject({
    listeners: z
      .array(listenerSchema(inputs))
      .prefault([{ type: 'tcp', host: '127.0.0.1', port: 1883 }])
      .describe('where MQTT clients connect'),
    auth: auth.prefault({}),
    limits: limits.prefault({}),
  });
}

export type ParsedBroker = z.output<ReturnType<typeof brokerSchema>>;

export function toBrokerConfig(parsed: ParsedBroker): BrokerConfig {
  const { listeners, auth, limits } = parsed;
  const anonymous = auth.anonymous ?? listeners.every(isLocal);
  const names = new Set<string>();
  return {
    listeners: listeners.map((one) => {
      const listener = toListenerConfig(one);
      return { ...listener, name: uniqueName(listener.name, names), auth: { anonymous } };
    }),
    limits,
  };
}

/** Two listeners on any free port are `tcp:127.0.0.1:0` both. */
function uniqueName(name: string, taken: Set<string>): string {
  let unique = name;
  for (let count = 2; taken.has(unique); count++) unique = `${name}#${count}`;
  taken.add(unique);
  return unique;
}
