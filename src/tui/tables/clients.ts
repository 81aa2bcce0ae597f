import type { ClientView, TrafficView } from '../../api/contract.js';
import { formatDuration } from '../../core/duration.js';
import { absolute, age, bytes, compact, stateSpan, UNKNOWN } from '../format.js';
import { span } from '../spans.js';
import type { TableSpec } from './table.js';

/** `queueFull` → `queue full` */
const words = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function byQos(traffic: TrafficView): string {
  const [none, one, two] = traffic.messages;
  return `QoS 0/1/2 ${compact(none)}/${compact(one)}/${compact(two)}  ${bytes(traffic.bytes.reduce((a, b) => a + b, 0))}`;
}

function sessionText({ connected, expiresAt, sessionExpiry }: ClientView, now: number): string {
  if (expiresAt !== null) return `ends in ${age(now, expiresAt)}`;
  if (sessionExpiry === null) return 'never expires';
  if (!connected) return 'ends';
  return sessionExpiry === 0 ? 'ends with the connection' : `kept ${formatDuration(sessionExpiry)} after it`;
}

const stateOf = (client: ClientView) => (client.connected ? 'connected' : 'disconnected');

export const clientTable: TableSpec<ClientView> = {
  noun: 'clients',
  empty: 'no MQTT client has a session',
  columns: () => [
    {
      id: 'client',
      title: 'CLIENT',
      min: 16,
      max: 32,
      priority: 0,
      cell: (client) => span(client.clientId),
      sort: (client) => client.clientId.toLowerCase(),
    },
    {
      id: 'state',
      title: 'STATE',
      min: 14,
      priority: 0,
      cell: (client) => stateSpan(stateOf(client)),
      sort: (client) => Number(!client.connected),
    },
    { id: 'version', title: 'MQTT', min: 5, priority: 4, cell: (client) => span(client.protocol, 'muted') },
    {
      id: 'user',
      title: 'USER',
      min: 8,
      max: 16,
      priority: 5,
      cell: ({ user }) => (user === null ? span(UNKNOWN, 'muted') : span(user)),
      sort: ({ user }) => user,
    },
    {
      id: 'subscriptions',
      title: 'SUBS',
      min: 5,
      priority: 1,
      align: 'right',
      cell: (client) => span(compact(client.subscriptions)),
      descends: true,
      sort: (client) => client.subscriptions,
    },
    {
      id: 'inflight',
      title: 'INFL',
      min: 4,
      priority: 3,
      align: 'right',
      cell: (client) => span(compact(client.inflight)),
      descends: true,
      sort: (client) => client.inflight,
    },
    {
      id: 'queued',
      title: 'QUEUE',
      min: 5,
      priority: 2,
      align: 'right',
      cell: (client) => span(compact(client.queued), client.queued > 0 ? 'warn' : 'plain'),
      descends: true,
      sort: (client) => client.queued,
    },
    {
      id: 'dropped',
      title: 'DROPS',
      min: 5,
      priority: 2,
      align: 'right',
      cell: (client) => span(compact(client.dropped), client.dropped > 0 ? 'bad' : 'plain'),
      descends: true,
      sort: (client) => client.dropped,
    },
    {
      id: 'in',
      title: 'IN',
      min: 6,
      priority: 5,
      align: 'right',
      cell: (client) => span(compact(client.received)),
      descends: true,
      sort: (client) => client.received,
    },
    {
      id: 'out',
      title: 'OUT',
      min: 6,
      priority: 5,
      align: 'right',
      cell: (client) => span(compact(client.sent)),
      descends: true,
      sort: (client) => client.sent,
    },
    { id: 'transport', title: 'VIA', min: 4, priority: 7, cell: (client) => span(client.transport, 'muted') },
    { id: 'address', title: 'ADDRESS', min: 16, max: 30, priority: 6, cell: (client) => span(client.address, 'muted') },
    {
      id: 'since',
      title: 'SINCE',
      min: 7,
      priority: 7,
      align: 'right',
      cell: (client, { now }) => span(age(client.since, now), 'muted'),
      sort: (client) => -client.since,
    },
  ],
  inputs: (_model, data) => [data.clients],
  items: (_model, data) => data.clients ?? [],
  key: (client) => client.clientId,
  text: (client) =>
    [client.clientId, stateOf(client), client.protocol, client.address, client.user ?? '', client.transport].join(' '),
  detail: (client, { now }) => [
    { label: 'state', spans: [stateSpan(stateOf(client)), span(` for ${age(client.since, now)}`, 'muted')] },
    { label: 'since', spans: [span(absolute(client.since))] },
    { label: 'seen', spans: [span(`${age(client.lastPacketAt, now)} ago`)] },
    { label: 'user', spans: [client.user === null ? span('anonymous', 'muted') : span(client.user)] },
    { label: 'address', spans: [span(client.address), span(` by ${client.listener}`, 'muted')] },
    {
      label: 'protocol',
      spans: [span(`MQTT ${client.protocol} over ${client.transport}, keep alive ${client.keepAlive / 1_000} s`)],
    },
    ...(client.tls === undefined
      ? []
      : [{ label: 'tls', spans: [span(`${client.tls.version} ${client.tls.cipher}`)] }]),
    { label: 'session', spans: [span(sessionText(client, now))] },
    { label: 'subs', spans: [span(String(client.subscriptions))] },
    { label: 'inflight', spans: [span(`${client.inflight} to it, ${client.inflightIn} from it`)] },
    {
      label: 'queued',
      spans: [
        span(String(client.queued), client.queued > 0 ? 'warn' : 'plain'),
        span(`  ${bytes(client.queuedBytes)}`, 'muted'),
      ],
    },
    { label: 'received', spans: [span(String(client.received)), span(`  ${byQos(client.in)}`, 'muted')] },
    { label: 'sent', spans: [span(String(client.sent)), span(`  ${byQos(client.out)}`, 'muted')] },
    {
      label: 'dropped',
      spans: [
        span(String(client.dropped), client.dropped > 0 ? 'bad' : 'plain'),
        ...Object.entries(client.droppedBy).map(([reason, n]) => span(`  ${n} ${words(reason)}`, 'muted')),
      ],
    },
    { label: 'expired', spans: [span(String(client.expired), client.expired > 0 ? 'warn' : 'plain')] },
    { label: 'refused', spans: [span(String(client.refused), client.refused > 0 ? 'warn' : 'plain')] },
  ],
};
