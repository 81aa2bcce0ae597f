/** The columns of lists, and the small texts in them: the same words as in the terminal interface. */
import { formatDuration } from '../core/duration.js';
import { percentText } from '../core/plan-text.js';
import type { ClientView, DeviceView, FunctionView, LinkView, PointView, PortView, ServerView } from '../core/views.js';
import type { Column } from './table.js';
import { bytesText, timeText, visible } from './text.js';
import type { Tone } from './tone.js';

const UNKNOWN = '—';

export const ageText = (at: number | null, now: number): string => (at === null ? UNKNOWN : formatDuration(now - at));

/** Below ten with a digit after the point: a device on the same network answers within less than one. */
const msText = (ms: number | null): string =>
  ms === null ? UNKNOWN : String(ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms));

const DEVICE_TONES: Readonly<Record<string, Tone>> = {
  online: 'ok',
  degraded: 'warn',
  offline: 'bad',
  paused: 'muted',
};
const QUALITY_TONES: Readonly<Record<string, Tone>> = { good: 'ok', stale: 'warn', bad: 'bad' };

export function deviceColumns(now: number): readonly Column<DeviceView>[] {
  return [
    { title: 'DEVICE', value: (device) => device.name },
    { title: 'ADAPTER', value: (device) => device.adapter },
    { title: 'STATE', value: (device) => device.state, tone: (device) => DEVICE_TONES[device.state] },
    { title: 'SINCE', value: (device) => ageText(device.since, now), align: 'right' },
    { title: 'POINTS', value: (device) => String(device.points), align: 'right' },
    { title: 'BAD', value: (device) => String(device.badPoints), align: 'right' },
    { title: 'P50 MS', value: (device) => msText(device.exchangeMs.p50), align: 'right' },
    { title: 'P95 MS', value: (device) => msText(device.exchangeMs.p95), align: 'right' },
    { title: 'ERR/MIN', value: (device) => String(device.errorsPerMinute), align: 'right' },
    { title: 'ENDPOINT', value: (device) => `${device.endpoint} ${device.address}` },
  ];
}

const PORT_TONES: Readonly<Record<string, Tone>> = { up: 'ok', degraded: 'warn', down: 'bad' };

export function portColumns(now: number): readonly Column<PortView>[] {
  return [
    { title: 'PORT', value: (port) => port.name },
    { title: 'STATE', value: (port) => port.state, tone: (port) => PORT_TONES[port.state] },
    { title: 'SINCE', value: (port) => ageText(port.since, now), align: 'right' },
    { title: 'DEVICES', value: (port) => String(port.devices.length), align: 'right' },
    { title: 'BUSY', value: (port) => percentText(port.busyShare), align: 'right' },
    {
      title: 'ASKED',
      value: (port) => percentText(port.load),
      align: 'right',
      tone: (port) => (port.load > 1 ? 'warn' : undefined),
    },
    { title: 'P50 MS', value: (port) => msText(port.exchangeMs.p50), align: 'right' },
    { title: 'P99 MS', value: (port) => msText(port.exchangeMs.p99), align: 'right' },
    { title: 'TIMEOUTS', value: (port) => String(port.timeouts), align: 'right' },
    { title: 'CRC', value: (port) => String(port.crcErrors), align: 'right' },
    { title: 'ERR/MIN', value: (port) => String(port.errorsPerMinute), align: 'right' },
    { title: 'ENDPOINT', value: (port) => port.endpoint },
  ];
}

export function pointColumns(now: number): readonly Column<PointView>[] {
  return [
    { title: 'POINT', value: (point) => `${point.device}.${point.point}` },
    { title: 'VALUE', value: (point) => point.text, align: 'right' },
    { title: 'UNIT', value: (point) => point.unit ?? '' },
    { title: 'QUALITY', value: (point) => point.quality, tone: (point) => QUALITY_TONES[point.quality] },
    { title: 'AGE', value: (point) => ageText(point.at, now), align: 'right' },
    { title: 'WRITE', value: (point) => (point.writable ? 'yes' : 'no') },
    { title: 'TOPIC', value: (point) => point.topic },
  ];
}

const LINK_TONES: Readonly<Record<string, Tone>> = { up: 'ok', connecting: 'warn', degraded: 'warn', down: 'bad' };

export function linkColumns(now: number): readonly Column<LinkView>[] {
  return [
    { title: 'LINK', value: (link) => link.name },
    { title: 'STATE', value: (link) => link.state, tone: (link) => LINK_TONES[link.state] },
    { title: 'SINCE', value: (link) => ageText(link.since, now), align: 'right' },
    { title: 'QUEUED', value: (link) => String(link.queued), align: 'right' },
    {
      title: 'OLDEST',
      value: (link) => (link.oldestMs === null ? UNKNOWN : formatDuration(link.oldestMs)),
      align: 'right',
    },
    {
      title: 'DONE IN',
      value: ({ drain: { paused, etaMs } }) =>
        paused ? 'paused' : etaMs === null || etaMs === 0 ? UNKNOWN : formatDuration(etaMs),
      align: 'right',
    },
    { title: 'P50 MS', value: (link) => msText(link.rttMs.p50), align: 'right' },
    { title: 'P99 MS', value: (link) => msText(link.rttMs.p99), align: 'right' },
    { title: 'OUT/S', value: (link) => String(Math.round(link.outPerSecond)), align: 'right' },
    { title: 'IN/S', value: (link) => String(Math.round(link.inPerSecond)), align: 'right' },
    { title: 'DROPPED', value: (link) => String(link.dropped), align: 'right' },
    { title: 'HEARTBEAT', value: (link) => link.heartbeat },
    { title: 'ENDPOINT', value: (link) => link.endpoint ?? link.url },
  ];
}

const SERVER_TONES: Readonly<Record<string, Tone>> = { up: 'ok', down: 'bad' };

export function serverColumns(now: number): readonly Column<ServerView>[] {
  return [
    { title: 'SERVER', value: (server) => server.name },
    { title: 'TYPE', value: (server) => server.type },
    { title: 'STATE', value: (server) => server.state, tone: (server) => SERVER_TONES[server.state] },
    { title: 'SINCE', value: (server) => ageText(server.since, now), align: 'right' },
    {
      title: 'MASTERS',
      value: (server) => (server.masters === null ? UNKNOWN : String(server.masters)),
      align: 'right',
    },
    { title: 'REQUESTS', value: (server) => String(server.requests), align: 'right' },
    { title: 'EXCEPTIONS', value: (server) => exceptionsText(server.exceptions), align: 'right' },
    { title: 'DROPPED', value: (server) => String(server.dropped), align: 'right' },
    { title: 'REFUSED', value: (server) => String(server.refused), align: 'right' },
    { title: 'ENDPOINT', value: (server) => server.endpoint },
  ];
}

/** `2×14 11×3`: code and how often. */
function exceptionsText(exceptions: ServerView['exceptions']): string {
  const all = Object.entries(exceptions);
  return all.length === 0 ? '0' : all.map(([code, count]) => `${code}×${count}`).join(' ');
}

export function clientColumns(now: number): readonly Column<ClientView>[] {
  return [
    { title: 'CLIENT', value: (client) => client.clientId },
    {
      title: 'STATE',
      value: (client) => (client.connected ? 'connected' : 'away'),
      tone: (client) => (client.connected ? 'ok' : 'muted'),
    },
    { title: 'SINCE', value: (client) => ageText(client.since, now), align: 'right' },
    { title: 'MQTT', value: (client) => client.protocol },
    { title: 'USER', value: (client) => client.user ?? UNKNOWN },
    { title: 'SUBS', value: (client) => String(client.subscriptions), align: 'right' },
    { title: 'INFL', value: (client) => String(client.inflight), align: 'right' },
    { title: 'QUEUE', value: (client) => String(client.queued), align: 'right' },
    {
      title: 'DROPS',
      value: (client) => String(client.dropped),
      align: 'right',
      tone: (client) => (client.dropped > 0 ? 'bad' : undefined),
    },
    { title: 'IN', value: (client) => String(client.received), align: 'right' },
    { title: 'OUT', value: (client) => String(client.sent), align: 'right' },
    { title: 'VIA', value: (client) => client.transport },
    { title: 'ADDRESS', value: (client) => client.address },
  ];
}

export function valueText(point: Pick<PointView, 'text' | 'unit'>): string {
  return visible(point.unit === undefined ? point.text : `${point.text} ${point.unit}`);
}

/** One change of a point: time of the sample, point, value, quality, and what is wrong. */
export function changeLine(point: PointView): string {
  const problem = point.error === undefined ? '' : `  ${point.error.code} ${point.error.message}`;
  const time = point.at === null ? ' '.repeat(12) : timeText(point.at);
  return `${time}  ${point.device}.${point.point}  ${valueText(point)}  ${point.quality}${visible(problem)}`;
}

const FUNCTION_TONES: Readonly<Record<string, Tone>> = {
  up: 'ok',
  'half-open': 'warn',
  open: 'bad',
  down: 'bad',
  paused: 'muted',
};

/** Calls that were made and had no answer. */
export function failuresOf({ failures }: FunctionView): number {
  return Object.entries(failures).reduce(
    (sum, [cause, n]) => sum + (cause === 'open' || cause === 'down' || cause === 'paused' ? 0 : n),
    0,
  );
}

export function functionColumns(now: number): readonly Column<FunctionView>[] {
  return [
    { title: 'FUNCTION', value: (one) => one.name },
    { title: 'STATE', value: (one) => one.state, tone: (one) => FUNCTION_TONES[one.state] },
    { title: 'SINCE', value: (one) => ageText(one.since, now), align: 'right' },
    { title: 'CALLS/S', value: (one) => String(Math.round(one.callsPerSecond * 10) / 10), align: 'right' },
    {
      title: 'P95 MS',
      value: (one) => (one.ms.p95 === null ? UNKNOWN : String(Math.round(one.ms.p95 * 1_000) / 1_000)),
      align: 'right',
    },
    { title: 'MEMORY', value: (one) => bytesText(one.memory), align: 'right' },
    {
      title: 'FAILED',
      value: (one) => String(failuresOf(one)),
      align: 'right',
      tone: (one) => (failuresOf(one) > 0 ? 'warn' : undefined),
    },
    { title: 'CALLED BY', value: (one) => visible(one.triggers.join(', ')) },
  ];
}
