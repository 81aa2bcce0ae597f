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
  gauge(
    'link_queued_bytes',
    'Of those of QoS 1 and 2, as they are kept',
    ({ links }, set) => {
      for (const { name, queuedBytes } of links) set(queuedBytes, name);
    },
    'link',
  );
  gauge(
    'link_oldest_seconds',
    'Age of the oldest message not yet acknowledged by the far side; 0: none waits',
    ({ links }, set) => {
      for (const { name, oldestMs } of links) set((oldestMs ?? 0) / 1_000, name);
    },
    'link',
  );
  gauge(
    'link_drain_seconds',
    'Until nothing waits for the far side, at the present rates; absent: not known',
    ({ links }, set) => {
      for (const { name, drain } of links) if (drain.etaMs !== null) set(drain.etaMs / 1_000, name);
    },
    'link',
  );
  counter(
    'link_lost_total',
    'Messages of QoS 1 and 2 that will never arrive at the far side, since the link was first configured',
    ({ links }, set) => {
      for (const { name, losses } of links) {
        for (const [reason, count] of Object.entries(losses.by)) set(count, name, reason);
      }
    },
    'link',
    'reason',
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
