/** The state of a gateway in one line: for `systemctl status` and whoever has room for no more. */
import type { StatusView } from './api/contract.js';

/** `degraded: 3 devices online, 1 offline, 12 clients; 2 alarms, device:boiler: unit 3 did not answer` */
export function statusLine({ state, devices, clients, alarms }: StatusView): string {
  const counted = Object.entries(devices).filter(([, count]) => count > 0);
  const ofDevices = counted.map(([name, count], index) => `${count} ${index === 0 ? 'devices ' : ''}${name}`);
  const [first] = alarms;
  const ofAlarms =
    first === undefined ? '' : `; ${alarms.length} alarms, the first: ${first.subject}: ${first.error.message}`;
  return `${state}: ${[...ofDevices, `${clients} clients`].join(', ')}${ofAlarms}`;
}
