import type { DeviceView } from '../../api/contract.js';
import { durationText, needText, percentText, summaryText } from '../../core/plan-text.js';
import { absolute, age, compact, errorSpans, milliseconds, plural, stateSpan } from '../format.js';
import { span } from '../spans.js';
import type { TableSpec } from './table.js';

const stateRank = { offline: 0, degraded: 1, starting: 2, paused: 3, online: 4 } as const;

/** `2 × exception 2, 1 × wrong checksum` */
function refusalText({ exceptions, crcErrors }: DeviceView): string {
  const parts = Object.entries(exceptions).map(([code, times]) => `${times} × exception ${code}`);
  if (crcErrors > 0) parts.push(`${crcErrors} × wrong checksum`);
  return parts.join(', ');
}

export const deviceTable: TableSpec<DeviceView> = {
  noun: 'devices',
  empty: 'no devices · add one under devices: in the configuration',
  columns: () => [
    {
      id: 'device',
      title: 'DEVICE',
      min: 12,
      max: 24,
      priority: 0,
      cell: (device) => span(device.name),
      sort: (device) => device.name.toLowerCase(),
    },
    {
      id: 'state',
      title: 'STATE',
      min: 11,
      priority: 0,
      cell: (device) => stateSpan(device.state),
      sort: (device) => stateRank[device.state],
    },
    {
      id: 'since',
      title: 'SINCE',
      min: 7,
      priority: 2,
      align: 'right',
      cell: (device, { now }) => span(age(device.since, now), 'muted'),
      sort: (device) => -device.since,
    },
    {
      id: 'points',
      title: 'GOOD',
      min: 7,
      priority: 1,
      align: 'right',
      cell: (device) =>
        span(`${device.points - device.badPoints}/${device.points}`, device.badPoints > 0 ? 'bad' : 'plain'),
      sort: (device) => (device.points === 0 ? null : 1 - device.badPoints / device.points),
    },
    {
      id: 'p50',
      title: 'MS P50',
      min: 6,
      priority: 4,
      align: 'right',
      cell: (device) => span(milliseconds(device.exchangeMs.p50)),
      sort: (device) => device.exchangeMs.p50,
    },
    {
      id: 'p95',
      title: 'P95',
      min: 5,
      priority: 4,
      align: 'right',
      cell: (device) => span(milliseconds(device.exchangeMs.p95)),
      sort: (device) => device.exchangeMs.p95,
    },
    {
      id: 'errors',
      title: 'ERR/MIN',
      min: 7,
      priority: 3,
      align: 'right',
      cell: (device) => span(compact(device.errorsPerMinute), device.errorsPerMinute > 0 ? 'bad' : 'plain'),
      descends: true,
      sort: (device) => device.errorsPerMinute,
    },
    { id: 'adapter', title: 'ADAPTER', min: 9, max: 12, priority: 6, cell: (device) => span(device.adapter, 'muted') },
    { id: 'port', title: 'PORT', min: 8, max: 12, priority: 5, cell: (device) => span(device.port, 'muted') },
    { id: 'address', title: 'ADDRESS', min: 8, max: 12, priority: 7, cell: (device) => span(device.address, 'muted') },
    {
      id: 'endpoint',
      title: 'ENDPOINT',
      min: 14,
      max: 40,
      priority: 8,
      cell: (device) => span(device.endpoint, 'muted'),
    },
  ],
  inputs: (_model, data) => [data.devices],
  items: (_model, data) => [...data.devices.values()],
  key: (device) => device.name,
  text: (device) =>
    [device.name, device.state, device.adapter, device.port, device.endpoint, device.address, device.error?.code].join(
      ' ',
    ),
  problem: (device) => device.error,
  detail: (device, { now }) => [
    { label: 'state', spans: [stateSpan(device.state), span(` for ${age(device.since, now)}`, 'muted')] },
    ...(device.error === undefined ? [] : [{ label: 'error', spans: errorSpans(device.error) }]),
    { label: 'since', spans: [span(absolute(device.since))] },
    { label: 'adapter', spans: [span(device.adapter)] },
    { label: 'wire', spans: [span(`${device.port} `), span(device.endpoint, 'muted')] },
    { label: 'address', spans: [span(device.address)] },
    { label: 'points', spans: [span(`${device.points - device.badPoints} good of ${device.points}`)] },
    {
      label: 'exchange',
      spans: [
        span(
          `p50 ${milliseconds(device.exchangeMs.p50)} ms  p95 ${milliseconds(device.exchangeMs.p95)} ms  p99 ${milliseconds(device.exchangeMs.p99)} ms`,
        ),
      ],
    },
    {
      label: 'requests',
      spans: [
        span(`${compact(device.requests)}, `),
        span(`${plural(device.timeouts, 'timeout')}, ${plural(device.errors, 'error')}`),
      ],
    },
    { label: 'latency', spans: [span(device.latencyMs === null ? '—' : durationText(device.latencyMs))] },
    ...(Object.keys(device.exceptions).length + device.crcErrors === 0
      ? []
      : [{ label: 'refused', spans: [span(refusalText(device), 'warn')] }]),
    { label: 'plan', spans: [span(summaryText(device.plan), device.plan.load > 1 ? 'warn' : 'plain')] },
    ...device.plan.tooFast.map((group) => ({ label: 'too fast', spans: [span(needText(group), 'warn')] })),
    ...(device.plan.absent === 0
      ? []
      : [
          { label: 'absent', spans: [span(`${plural(device.plan.absent, 'point')} the device does not have`, 'warn')] },
        ]),
    { label: 'busy', spans: [span(`${percentText(device.busyShare)} of the port's last minute`)] },
    { label: 'overruns', spans: [span(String(device.overruns), device.overruns > 0 ? 'warn' : 'plain')] },
    ...(device.nextTryAt === undefined
      ? []
      : [{ label: 'next try', spans: [span(`in ${age(now, device.nextTryAt)}`, 'warn')] }]),
  ],
};
