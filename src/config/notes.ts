/** What is allowed and probably not meant: told by `config check`, never a reason to refuse. */
import type { AnyAdapter } from '../core/adapter.js';
import type { GatewayConfig, ListenerConfig } from '../core/config.js';
import { durationText, planProblems } from '../core/plan-text.js';
import { configuredPlans } from '../core/plan-views.js';
import { linkNotes } from './link-notes.js';
import { isLocal } from './listener-rules.js';

/** A sentence for each listener that lets nobody in or takes passwords in clear, for each rate that a wire cannot keep, for each point that reads the same place as an earlier one, and for routes that go round. */
export function notesOf(
  { gateway, broker, ports, devices, links }: GatewayConfig,
  adapters: readonly AnyAdapter[] = [],
): readonly string[] {
  const notes: string[] = [];
  const { users = [], usersFile, jwt, certificate } = broker.access ?? {};
  if (users.length === 0 && usersFile === undefined && jwt === undefined && certificate === undefined) {
    for (const { name, auth } of broker.listeners) {
      if (!auth.anonymous) notes.push(`nobody can connect to ${name}: there are no users, and anonymous is false`);
    }
  }
  for (const listener of broker.listeners) {
    if (!takesClearPasswords(listener)) continue;
    notes.push(
      `${listener.name} takes passwords and tokens unencrypted from the network: use type ${listener.type === 'ws' ? 'wss' : 'tls'}`,
    );
  }
  for (const plan of configuredPlans(ports, devices, adapters)) {
    for (const problem of planProblems(plan)) {
      notes.push(
        `devices.${plan.device}: ${problem} (assumed latency ${durationText(plan.latencyMs)}; see hpmq device plan)`,
      );
    }
  }
  const seen = new Map<string, string>();
  for (const { name, adapter, port, options, points } of Object.values(devices)) {
    // Without a wire the values are made up: two alike are no mistake.
    if (ports[port]?.endpoint.type === 'memory') continue;
    for (const { id, address } of Object.values(points)) {
      const path = `devices.${name}.points.${id}`;
      const place = JSON.stringify([adapter, port, options, address]);
      const earlier = seen.get(place);
      if (earlier === undefined) seen.set(place, path);
      else notes.push(`${path} reads the same address of the same device as ${earlier}`);
    }
  }
  return [...notes, ...linkNotes(links, gateway.id)];
}

/** SCRAM and certificates tell no secret. Behind a proxy, which may have ended TLS, and with systemd's sockets it is not known. */
function takesClearPasswords({ type, host, systemd, proxyProtocol, auth }: ListenerConfig): boolean {
  if (type !== 'tcp' && type !== 'ws') return false;
  if (systemd !== undefined || proxyProtocol === true || isLocal({ type, host })) return false;
  const methods = auth.methods ?? ['password', 'jwt'];
  return !auth.anonymous && methods.some((method) => method === 'password' || method === 'jwt');
}
