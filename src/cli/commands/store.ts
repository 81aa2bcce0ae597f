import type { StoreView } from '../../api/contract.js';
import { formatDuration } from '../../core/duration.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { bytesText, count, rateText, visible, words } from '../text.js';

/** Sessions that are listed; --json has more. */
const LISTED = 20;

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(['store stat', 'what is kept on disk, for whom, and what that costs']);
  command
    .verb('stat')
    .description('Shows size, waiting messages, commits and what a power cut could lose')
    .withExamples(['store stat', 'for people'], ['store stat --json', 'the same, and up to a hundred sessions'])
    .action(
      cli.action(async () => {
        const store = await cli.request('GET /v1/store');
        if (cli.output.isJson) cli.output.json(store);
        else for (const line of lines(store, Date.now())) cli.output.line(line);
        return undefined;
      }),
    );
}

const row = (title: string, text: string): string => `${title.padEnd(10)} ${text}`;

function* lines(store: StoreView, now: number): Generator<string> {
  const { state, reason, hint, queues } = store;
  yield row('state', visible(`${state}${reason === undefined ? '' : `: ${reason}; ${hint ?? ''}`}`));
  if (store.setAside !== null) yield row('damaged', visible(`set aside at start: ${store.setAside}`));
  yield row(
    'durability',
    store.lossWindow === 0
      ? `${store.durability}: what was acknowledged is on disk`
      : `${store.durability}: a power cut loses at most what was acknowledged in the last ${formatDuration(store.lossWindow)}`,
  );
  yield row(
    'disk',
    `${bytesText(store.fileBytes)}, ${bytesText(store.logBytes)} of that the log; ${bytesText(store.freeBytes)} of ${bytesText(store.diskBytes)} free`,
  );
  yield row(
    'messages',
    `${count(store.messages, 'message')} wait (${bytesText(store.bytes)} of ${bytesText(store.maxBytes)}, then ${words(store.overflow).replace('-', ' ')})`,
  );
  yield row('sessions', `${count(store.sessions, 'session')}, ${count(store.retained, 'retained message')}`);
  const { p50, p99 } = store.commitMs;
  const took = p50 === null || p99 === null ? '' : `, ${ms(p50)} each, 99 % within ${ms(p99)}`;
  yield row(
    'commits',
    `${rateText(store.commitsPerSecond)} (${store.commits}, ${store.failedCommits} failed)${took}, ${store.changesPerCommit.toFixed(1)} changes in one`,
  );
  yield row('written', `${bytesText(store.writtenLastDay)} in a day, ${bytesText(store.writtenBytes)} since start`);
  const dropped = Object.entries(store.droppedBy).sort(([, a], [, b]) => b - a);
  if (dropped.length > 0) yield row('dropped', dropped.map(([reason, n]) => `${n} ${words(reason)}`).join(', '));
  for (const { clientId, connected, messages, bytes, oldestAt } of queues.slice(0, LISTED)) {
    const age = oldestAt === null ? '' : `, oldest ${formatDuration(Math.max(0, now - oldestAt))} ago`;
    const text = `${count(messages, 'message')} (${bytesText(bytes)})${age}, ${connected ? 'connected' : 'away'}`;
    yield row('queue', visible(`${clientId}: ${text}`));
  }
  for (const { link, configured, messages, bytes, oldestAt } of store.outboxes) {
    if (messages === 0) continue;
    const age = oldestAt === null ? '' : `, oldest ${formatDuration(Math.max(0, now - oldestAt))} ago`;
    const text = `${count(messages, 'message')} (${bytesText(bytes)})${age}`;
    const rest = configured ? '' : `; the link is not configured any more: hpmq link forget ${link}`;
    yield row('outbox', visible(`${link}: ${text}${rest}`));
  }
  if (queues.length > LISTED)
    yield row('', `and ${count(queues.length - LISTED, 'more session')}: hpmq store stat --json`);
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
