/** The state of a gateway in one line: for `systemctl status` and whoever has room for no more. */
import type { StatusView } from './api/contract.js';

/** `degraded: 3 devices online, 1 offline, 12 clients; 1 alarm: device:boiler: unit 3 did not answer` */
export function statusLine({
  state,
  devices,
  clients,
  alarms,
}: Pick<StatusView, 'state' | 'devices' | 'clients' | 'alarms'>): string {
  const states = Object.entries(devices).filter(([, count]) => count > 0);
  const ofDevices = states.map(([name, count], index) =>
    index === 0 ? `${counted(count, 'device')} ${name}` : `${count} ${name}`,
  );
  const [first] = alarms;
  const ofAlarms =
    first === undefined
      ? ''
      : `; ${counted(alarms.length, 'alarm')}${alarms.length > 1 ? ', the first' : ''}: ${first.subject}: ${first.error.message}`;
  return `${state}: ${[...ofDevices, counted(clients, 'client')].join(', ')}${ofAlarms}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
