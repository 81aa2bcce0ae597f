/** The `broker` section: listeners.ts, access.ts and limits.ts in one. */
import { z } from 'zod';
import type { BrokerConfig } from '../core/config.js';
import { auth } from './access.js';
import { limits } from './limits.js';
import { isLoopback, listener } from './listeners.js';
import { duration, say } from './values.js';

const MIN_SYS_INTERVAL = 1_000;

const sysInterval = duration('0ms', '1h').superRefine((ms, context) => {
  if (ms === 0 || ms >= MIN_SYS_INTERVAL) return;
  const hint = 'write a duration from 1s to 1h, or 0s for no $SYS/broker topics';
  context.addIssue({ code: 'custom', message: say(`${ms}ms is out of range`, hint) });
});

export const broker = z.strictObject({
  listeners: z
    .array(listener)
    .prefault([{ type: 'tcp', host: '127.0.0.1', port: 1883 }])
    .describe('where MQTT clients connect'),
  auth: auth.prefault({}),
  limits: limits.prefault({}),
  sysInterval: sysInterval.prefault('10s').describe('time between two looks of $SYS/broker/…; 0s: it is not published'),
});

export function toBrokerConfig(parsed: z.output<typeof broker>): BrokerConfig {
  const { listeners, auth, limits, sysInterval } = parsed;
  const anonymous = auth.anonymous ?? listeners.every((one) => isLoopback(one.host));
  return {
    listeners: listeners.map((one) => ({ ...one, name: `${one.type}:${one.host}:${one.port}`, auth: { anonymous } })),
    limits,
    sysInterval,
  };
}
