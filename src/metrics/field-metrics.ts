/** Devices and points as a whole, and links; wires.ts has devices and ports one by one. */
import { type Definitions, each } from './definitions.js';

export function defineField({ counter, gauge }: Definitions): void {
  gauge('devices', 'Devices by state', ({ status }, set) => each(status.devices, set), 'state');
  gauge('points', 'Points by quality', ({ status }, set) => each(status.points, set), 'quality');
  gauge(
    'link_up',
    '1: the link is up; 0: it is not',
    ({ links }, set) => {
      for (const { name, state } of links) set(Number(state === 'up'), name);
    },
    'link',
  );
  counter(
    'link_duplicates_total',
    'Messages of peers that came by several ways, and were delivered once',
    ({ links }, set) => {
      for (const { name, mesh } of links) if (mesh !== undefined) set(mesh.duplicates, name);
    },
    'link',
  );
  counter(
    'link_messages_total',
    'Messages over the link',
    ({ links }, set) => {
      for (const link of links) {
        set(link.in, link.name, 'in');
        set(link.out, link.name, 'out');
      }
    },
    'link',
    'direction',
  );
  gauge(
    'link_queued_messages',
    'Messages not yet acknowledged by the far side',
    ({ links }, set) => {
      for (const { name, queued } of links) set(queued, name);
    },
    'link',
  );
  counter(
    'link_dropped_total',
    'Messages that the queue of the link could not keep',
    ({ links }, set) => {
      for (const { name, dropped } of links) set(dropped, name);
    },
    'link',
  );
}
