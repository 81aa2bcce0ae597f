import type { LinkMeshView, LinkView } from '../../api/contract.js';
import { formatDuration } from '../../core/duration.js';
import { absolute, age, bytes, compact, errorSpans, rate, stateSpan, UNKNOWN } from '../format.js';
import { span } from '../spans.js';
import type { TableSpec } from './table.js';

function meshText({ duplicates, hops, origins }: LinkMeshView): string {
  const ways = `${duplicates} messages came by several ways, over ${hops} gateways at most`;
  return `${ways}; ${origins} gateways known, counted anew with each start`;
}

const stateRank = { down: 0, degraded: 1, connecting: 2, up: 3 } as const;

/** `12 MB on disk, live-first, 420/s, done in 3m` */
function outboxText({ queuedBytes, durable, drain }: LinkView): string {
  const parts = [`${bytes(queuedBytes)} ${durable ? 'on disk' : 'in memory'}`, drain.order];
  if (drain.paused) parts.push('held back');
  else if (drain.etaMs !== null && drain.etaMs > 0) {
    parts.push(rate(drain.perSecond), `done in ${formatDuration(drain.etaMs)}`);
  }
  return parts.join(', ');
}

function lossText({ losses: { by, unreported } }: LinkView): string {
  const reasons = Object.entries(by).map(([reason, count]) => `${count} ${reason}`);
  return `${reasons.join(', ')}${unreported > 0 ? `; ${unreported} not reported yet` : ''}`;
}

export const linkTable: TableSpec<LinkView> = {
  noun: 'links',
  empty: 'no links · add one under links: in the configuration',
  columns: () => [
    {
      id: 'link',
      title: 'LINK',
      min: 10,
      max: 20,
      priority: 0,
      cell: (link) => span(link.name),
      sort: (link) => link.name.toLowerCase(),
    },
    {
      id: 'state',
      title: 'STATE',
      min: 12,
      priority: 0,
      cell: (link) => stateSpan(link.state),
      sort: (link) => stateRank[link.state],
    },
    {
      id: 'since',
      title: 'SINCE',
      min: 7,
      priority: 3,
      align: 'right',
      cell: (link, { now }) => span(age(link.since, now), 'muted'),
      sort: (link) => -link.since,
    },
    {
      id: 'queued',
      title: 'QUEUED',
      min: 6,
      priority: 1,
      align: 'right',
      cell: (link) => span(compact(link.queued), link.queued > 0 ? 'warn' : 'plain'),
      descends: true,
      sort: (link) => link.queued,
    },
    {
      id: 'oldest',
      title: 'OLDEST',
      min: 7,
      priority: 4,
      align: 'right',
      cell: (link) => span(link.oldestMs === null ? UNKNOWN : formatDuration(link.oldestMs)),
      descends: true,
      sort: (link) => link.oldestMs,
    },
    {
      id: 'in',
      title: 'IN',
      min: 7,
      priority: 1,
      align: 'right',
      cell: (link) => span(rate(link.inPerSecond)),
      descends: true,
      sort: (link) => link.inPerSecond,
    },
    {
      id: 'out',
      title: 'OUT',
      min: 7,
      priority: 1,
      align: 'right',
      cell: (link) => span(rate(link.outPerSecond)),
      descends: true,
      sort: (link) => link.outPerSecond,
    },
    {
      id: 'dropped',
      title: 'DROPS',
      min: 5,
      priority: 2,
      align: 'right',
      cell: (link) => span(compact(link.dropped), link.dropped > 0 ? 'bad' : 'plain'),
      descends: true,
      sort: (link) => link.dropped,
    },
    { id: 'type', title: 'KIND', min: 5, priority: 5, cell: (link) => span(link.type, 'muted') },
    { id: 'url', title: 'URL', min: 20, max: 50, priority: 6, cell: (link) => span(link.url, 'muted') },
  ],
  inputs: (_model, data) => [data.links],
  items: (_model, data) => [...data.links.values()],
  key: (link) => link.name,
  text: (link) => [link.name, link.state, link.type, link.url, link.error?.code].join(' '),
  problem: (link) => link.error,
  detail: (link, { now }) => [
    { label: 'state', spans: [stateSpan(link.state), span(` for ${age(link.since, now)}`, 'muted')] },
    ...(link.error === undefined ? [] : [{ label: 'error', spans: errorSpans(link.error) }]),
    { label: 'since', spans: [span(absolute(link.since))] },
    { label: 'url', spans: [span(link.url)] },
    {
      label: 'queued',
      spans: [
        span(String(link.queued), link.queued > 0 ? 'warn' : 'plain'),
        ...(link.oldestMs === null ? [] : [span(`, the oldest for ${formatDuration(link.oldestMs)}`, 'muted')]),
      ],
    },
    { label: 'outbox', spans: [span(outboxText(link), link.drain.paused ? 'warn' : 'plain')] },
    ...(link.losses.total === 0
      ? []
      : [
          {
            label: 'lost',
            spans: [span(String(link.losses.total), 'bad'), span(` ${lossText(link)}`, 'muted')],
          },
        ]),
    { label: 'in', spans: [span(`${rate(link.inPerSecond)}, ${link.in} in all`)] },
    { label: 'out', spans: [span(`${rate(link.outPerSecond)}, ${link.out} in all`)] },
    { label: 'dropped', spans: [span(String(link.dropped), link.dropped > 0 ? 'bad' : 'plain')] },
    ...(link.mesh === undefined ? [] : [{ label: 'mesh', spans: [span(meshText(link.mesh))] }]),
    ...(link.nextTryAt === undefined
      ? []
      : [{ label: 'next try', spans: [span(`in ${age(now, link.nextTryAt)}`, 'warn')] }]),
  ],
};
