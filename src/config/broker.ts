/** The `broker` section: listeners.ts, access.ts and limits.ts in one. */
import { z } from 'zod';
import type { BrokerConfig } from '../core/config.js';
import { auth } from './access.js';
import { limits } from './limits.js';
import { isLoopback, listener } from './listeners.js';

export const broker = z.strictObject({
  listeners: z
    .array(listener)
    .prefault([{ type: 'tcp', host: '127.0.0.1', port: 1883 }])
    .describe('where MQTT clients connect'),
  auth: auth.prefault({}),
  limits: limits.prefault({}),
});

export function toBrokerConfig(parsed: z.output<typeof broker>): BrokerConfig {
  const { listeners, auth, limits } = parsed;
  const anonymous = auth.anonymous ?? listeners.every((one) => isLoopback(one.host));
  return {
    listeners: listeners.map((one) => ({ ...one, name: `${one.type}:${one.host}:${one.port}`, auth: { anonymous } })),
    limits,
  };
}
