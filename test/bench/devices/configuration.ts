/** Configurations of a run as YAML (JSON is YAML), and the control API of the gateway that runs them. */
import { createClient } from '../../../src/api/client.js';
import type { ApiClient } from '../../../src/api/contract.js';

export interface Wire {
  readonly name: string;
  /** As in `ports`. */
  readonly port: Readonly<Record<string, unknown>>;
  /** Unit id → addresses of its holding registers. */
  readonly units: Readonly<Record<number, readonly number[]>>;
  /** `1s`. */
  readonly every: string;
  /** More keys of each point. */
  readonly point?: Readonly<Record<string, unknown>>;
}

export const deviceName = (wire: Pick<Wire, 'name'>, unit: number | string): string => `${wire.name}-${unit}`;

export function yamlOf(wires: readonly Wire[], more: Readonly<Record<string, unknown>> = {}): string {
  const devices = wires.flatMap((wire) =>
    Object.entries(wire.units).map(([unit, addresses]) => [
      deviceName(wire, unit),
      {
        adapter: 'modbus',
        port: wire.name,
        unit: Number(unit),
        every: wire.every,
        points: Object.fromEntries(
          addresses.map((address) => [`r${address}`, { address: `holding:${address}`, ...wire.point }]),
        ),
      },
    ]),
  );
  return JSON.stringify({
    gateway: { id: 'bus' },
    broker: { listeners: [{ type: 'tcp', port: 0 }] },
    ports: Object.fromEntries(wires.map(({ name, port }) => [name, port])),
    devices: Object.fromEntries(devices),
    log: { level: 'info' },
    ...more,
  });
}

export function api(socket: string): ApiClient {
  return createClient({ socket });
}

/** Waits until all these devices are online. */
export async function online(client: ApiClient, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { items } = await client.request('GET /v1/devices');
    const waiting = items.filter(({ state }) => state !== 'online' && state !== 'degraded');
    if (waiting.length === 0) return;
    if (performance.now() > deadline) throw new Error(`still ${waiting.map(({ name, state }) => `${name} ${state}`)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
