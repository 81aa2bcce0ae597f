/** Devices that were found, as a configuration. */
import { stringify } from 'yaml';
import type { FoundDevice } from '../core/adapter.js';

export function configurationYaml(adapter: string, portType: string, found: readonly FoundDevice[]): string {
  const devices = found.map(({ host, port, points }, index) => [
    `${adapter}-${index + 1}`,
    {
      adapter,
      port: { type: portType, host, port },
      points: Object.fromEntries(
        points.map(({ name, note, address }) => [
          name,
          note === '' ? address : { ...address, description: note.slice(0, 500) },
        ]),
      ),
    },
  ]);
  return stringify({ devices: Object.fromEntries(devices) }, { lineWidth: 110 }).trimEnd();
}
