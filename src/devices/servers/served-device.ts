/** A device of the gateway as servers see it: readings, commands, and its place in the queue of its wire. */
import type { Audit } from '../../core/audit.js';
import type { GatewayError } from '../../core/errors.js';
import type { ServedDevice, ServedPoint } from '../../core/server-role.js';
import type { Target } from '../command-topics.js';
import { DEFAULT_DEADLINE_MS } from '../commands.js';
import type { DevicePoint } from '../device-point.js';
import { toEngineering } from '../point.js';

export function servedDevice({ supervisor, commands }: Target, audit: Audit | undefined): ServedDevice {
  const { config } = supervisor;
  const served = (point: DevicePoint): ServedPoint => ({
    id: point.id,
    address: point.config.address,
    sample: () => point.shadow.sample,
    engineering: (raw) => toEngineering(raw, point.config),
    check(value, who) {
      try {
        commands.check(supervisor, point, value);
      } catch (error) {
        const outcome = `refused ${(error as GatewayError).code}`;
        audit?.({ who, action: 'write point', target: `${config.name}.${point.id}`, outcome });
        throw error;
      }
    },
    async write(value, who, signal) {
      const order = { target: supervisor, point, value, withinMs: DEFAULT_DEADLINE_MS, signal, who };
      const { status, error } = await commands.submit(order);
      return { status, error };
    },
  });
  return {
    name: config.name,
    adapter: config.adapter,
    options: config.options,
    points: [...supervisor.points.values()].map(served),
    get unavailable() {
      return supervisor.unavailable;
    },
    async exchange(priority, run, signal) {
      const outcome = await supervisor.lend(priority, run, signal);
      if (outcome.ok) return outcome.value;
      throw outcome.error;
    },
    record(what, who, outcome) {
      audit?.({ who, action: 'write registers', target: `${config.name} ${what}`, outcome });
    },
  };
}
