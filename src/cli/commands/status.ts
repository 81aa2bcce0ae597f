import type { AlarmView, ListenerView, ServiceView, StatusView } from '../../api/contract.js';
import { formatDuration } from '../../core/duration.js';
import { EXIT } from '../../core/exit.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { ledgerLines } from '../ledger.js';
import type { Output } from '../output.js';
import { bytesText, count, rateText, visible, words } from '../text.js';
import type { Tone } from '../tone.js';

const STATE_TONES: Readonly<Record<string, Tone>> = { up: 'ok', starting: 'warn', degraded: 'warn', stopping: 'warn' };
/** Health fits a small screen; what is left of the problems is counted. */
const MAX_LINES = 10;

export function define(command: HpmqCommand, cli: Cli): void {
  command
    .option('--ledger', 'the books: what came in, and what became of every copy of it')
    .withExamples(
      ['status', 'health in ten lines'],
      ['status --ledger', 'has anything been lost, and why'],
      ['status --json', 'the same, and more, for programs'],
    )
    .action(cli.action(({ ledger = false }: { ledger?: boolean }) => (ledger ? showLedger(cli) : showStatus(cli))));
}

async function showStatus(cli: Cli): Promise<undefined> {
  const status = await cli.request('GET /v1/status');
  if (cli.output.isJson) cli.output.json(status);
  else print(status, cli.output);
  return undefined;
}

/** Exit code 1: the books do not balance, a message was lost without a trace. */
async function showLedger(cli: Cli): Promise<number> {
  const ledger = await cli.request('GET /v1/ledger');
  const isBalanced = ledger.messages.difference === 0 && ledger.copies.difference === 0;
  if (cli.output.isJson) cli.output.json(ledger);
  else for (const line of ledgerLines(ledger)) cli.output.line(line);
  return isBalanced ? EXIT.OK : EXIT.NO;
}

function print(status: StatusView, output: Output): void {
  const lines = [...healthLines(status, output)];
  const problems = [
    ...status.alarms.map((alarm) => row('alarm', alarmText(alarm, status.now, output))),
    ...status.services.filter((one) => one.state !== 'up').map((one) => row('service', serviceText(one))),
  ];
  const room = MAX_LINES - lines.length;
  const shown = problems.length > room ? problems.slice(0, room - 1) : problems;
  for (const line of [...lines, ...shown]) output.line(line);
  const left = problems.length - shown.length;
  if (left > 0) output.line(row('', `and ${count(left, 'more problem')}: hpmq status --json`));
}

const row = (title: string, text: string): string => `${title.padEnd(10)} ${text}`;

function* healthLines(status: StatusView, output: Output): Generator<string> {
  const { messages, devices, points } = status;
  const state = output.paint(STATE_TONES[status.state] ?? 'muted', status.state);
  const up = formatDuration(status.now - status.startedAt);
  yield row(
    status.gateway,
    `${state}, up ${up}, version ${status.version}, pid ${status.pid}, ${bytesText(status.rssBytes)}`,
  );
  yield row('listeners', visible(status.mqtt.listeners.map(listenerText).join(', ') || 'none'));
  yield row(
    'messages',
    `in ${rateText(messages.receivedPerSecond)} (${messages.received}), out ${rateText(messages.deliveredPerSecond)} (${messages.delivered}), dropped ${messages.dropped}`,
  );
  yield row(
    'clients',
    `${status.clients} connected, ${count(status.subscriptions, 'subscription')}, ${count(status.retained, 'retained message')}`,
  );
  yield* storeLine(status);
  yield* refusalLine(status);
  yield row(
    'devices',
    `${devices.online} online, ${devices.degraded} degraded, ${devices.offline} offline, ${devices.paused} paused${devices.starting > 0 ? `, ${devices.starting} starting` : ''}`,
  );
  yield row('points', `${points.good} good, ${points.stale} stale, ${points.bad} bad`);
}

function listenerText({ type, name, addresses, connections }: ListenerView): string {
  // Addresses of types other than tcp say their type themselves.
  const where = addresses.length === 0 ? `${name} (down)` : addresses.join(' ');
  return `${type === 'tcp' ? 'tcp ' : ''}${where} (${connections})`;
}

function* storeLine({ store }: StatusView): Generator<string> {
  if (store === undefined) return;
  yield row(
    'store',
    `${count(store.messages, 'message')} wait on disk (${bytesText(store.bytes)}), ${rateText(store.commitsPerSecond)} commits, ${bytesText(store.freeBytes)} free`,
  );
}

/** Who was turned away since the start; nothing when nobody was. */
function* refusalLine({ mqtt }: StatusView): Generator<string> {
  const { refused, limits, ended, handshakesFailed } = mqtt;
  const reasons = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .map(([reason, n]) => `${n} ${words(reason)}`);
  const parts = [
    ...(Object.keys(refused).length > 0 ? [`${sum(refused)} before CONNACK (${reasons(refused).join(', ')})`] : []),
    ...(Object.keys(limits).length > 0 ? [`${sum(limits)} by limits (${reasons(limits).join(', ')})`] : []),
    ...(Object.keys(ended).length > 0 ? [`${sum(ended)} later (${reasons(ended).join(', ')})`] : []),
    ...(handshakesFailed > 0 ? [count(handshakesFailed, 'handshake')] : []),
  ];
  if (parts.length > 0) yield row('refused', parts.join(', '));
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);

function serviceText({ name, state, reason }: ServiceView): string {
  return visible(`${name} ${state}${reason === undefined ? '' : `: ${reason}`}`);
}

function alarmText({ severity, subject, since, error }: AlarmView, now: number, output: Output): string {
  const word = output.paint(severity === 'error' ? 'bad' : 'warn', severity);
  return `${word} ${visible(`${subject} for ${formatDuration(now - since)}: ${error.message} (${error.code}); ${error.hint}`)}`;
}
