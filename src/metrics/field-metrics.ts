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
  for (const [name, help, field] of [
    ['link_route_messages_total', 'Messages that a route of a link carried', 'messages'],
    ['link_route_bytes_total', 'Payloads of these, bytes', 'bytes'],
    ['link_route_dropped_total', 'Messages that a route of a link did not take', 'dropped'],
    ['link_route_refused_total', 'Messages too large or of no such form for a route of a link', 'refused'],
  ] as const) {
    counter(
      name,
      help,
      ({ links }, set) => {
        for (const link of links) {
          for (const [index, route] of link.routes.entries()) {
            for (const way of ['out', 'in'] as const) {
              const figures = route[way];
              if (figures !== null) set(figures[field], link.name, `${index}`, way);
            }
          }
        }
      },
      'link',
      'route',
      'direction',
    );
  }
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
  gauge(
    'link_round_trip_seconds',
    'Round trip of the last heartbeats over the far side',
    ({ links }, set) => {
      for (const { name, rttMs } of links) {
        if (rttMs.p50 !== null) set(rttMs.p50 / 1_000, name, '0.5');
        if (rttMs.p99 !== null) set(rttMs.p99 / 1_000, name, '0.99');
      }
    },
    'link',
    'quantile',
  );
  counter(
    'link_connects_total',
    'Connections to the far side',
    ({ links }, set) => {
      for (const { name, connects } of links) set(connects, name);
    },
    'link',
  );
  gauge(
    'link_endpoint_up',
    '1: the link uses this endpoint; 0: it does not',
    ({ links }, set) => {
      for (const { name, endpoints } of links) {
        for (const { endpoint, isCurrent } of endpoints) set(Number(isCurrent), name, endpoint);
      }
    },
    'link',
    'endpoint',
  );
  gauge(
    'link_certificate_end_seconds',
    'When the certificate ends, Unix time; side: own or far',
    ({ links }, set) => {
      for (const { name, certificates } of links) {
        for (const { side, notAfter } of certificates) set(notAfter / 1_000, name, side);
      }
    },
    'link',
    'side',
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
