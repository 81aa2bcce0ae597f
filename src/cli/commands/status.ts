import type { AlarmView, StatusView } from '../../api/contract.js';
import { formatDuration } from '../../core/duration.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import type { Output } from '../output.js';
import { bytesText, count, rateText, visible } from '../text.js';
import type { Tone } from '../tone.js';

const STATE_TONES: Readonly<Record<string, Tone>> = { up: 'ok', starting: 'warn', degraded: 'warn', stopping: 'warn' };
/** Alarms shown; the rest are counted. */
const MAX_ALARMS = 5;

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(['status', 'health in ten lines'], ['status --json', 'the same, and more, for programs']).action(
    cli.action(async () => {
      const status = await cli.request('GET /v1/status');
      if (cli.output.isJson) cli.output.json(status);
      else print(status, cli.output);
      return undefined;
    }),
  );
}

function print(status: StatusView, output: Output): void {
  const { messages, devices, points, alarms } = status;
  const row = (title: string, text: string) => output.line(`${title.padEnd(10)} ${text}`);
  const state = output.paint(STATE_TONES[status.state] ?? 'muted', status.state);
  const up = formatDuration(status.now - status.startedAt);
  row(
    status.gateway,
    `${state}, up ${up}, version ${status.version}, pid ${status.pid}, ${bytesText(status.rssBytes)}`,
  );
  row('listeners', status.listeners.join(', ') || 'none');
  row(
    'messages',
    `in ${rateText(messages.receivedPerSecond)} (${messages.received}), out ${rateText(messages.deliveredPerSecond)} (${messages.delivered}), dropped ${messages.dropped}`,
  );
  row(
    'clients',
    `${status.clients} connected, ${count(status.subscriptions, 'subscription')}, ${count(status.retained, 'retained message')}`,
  );
  row(
    'devices',
    `${devices.online} online, ${devices.degraded} degraded, ${devices.offline} offline, ${devices.paused} paused${devices.starting > 0 ? `, ${devices.starting} starting` : ''}`,
  );
  row('points', `${points.good} good, ${points.stale} stale, ${points.bad} bad`);
  for (const service of status.services.filter((one) => one.state !== 'up')) {
    row(
      'service',
      visible(`${service.name} ${service.state}${service.reason === undefined ? '' : `: ${service.reason}`}`),
    );
  }
  for (const alarm of alarms.slice(0, MAX_ALARMS)) row('alarm', alarmText(alarm, status.now, output));
  if (alarms.length > MAX_ALARMS) row('', `and ${count(alarms.length - MAX_ALARMS, 'more alarm')}: hpmq status --json`);
}

function alarmText({ severity, subject, since, error }: AlarmView, now: number, output: Output): string {
  const word = output.paint(severity === 'error' ? 'bad' : 'warn', severity);
  return `${word} ${visible(`${subject} for ${formatDuration(now - since)}: ${error.message} (${error.code}); ${error.hint}`)}`;
}
