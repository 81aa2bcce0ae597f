/** What is allowed and probably not meant: told by `config check`, never a reason to refuse. */
import type { GatewayConfig } from '../core/config.js';

/** Points that read the same place of the same device, one sentence for each that repeats an earlier one; listeners that let nobody in. */
export function notesOf({ broker, ports, devices }: GatewayConfig): readonly string[] {
  const notes: string[] = [];
  const { users = [], usersFile, jwt, certificate } = broker.access ?? {};
  if (users.length === 0 && usersFile === undefined && jwt === undefined && certificate === undefined) {
    for (const { name, auth } of broker.listeners) {
      if (!auth.anonymous) notes.push(`nobody can connect to ${name}: there are no users, and anonymous is false`);
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
  return notes;
}
