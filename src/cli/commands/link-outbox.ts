/** What waits for a link: `hpmq link drain`, `hpmq link forget`, and its lines of `hpmq link show`. */
import type { LinkView } from '../../api/contract.js';
import { formatDuration } from '../../core/duration.js';
import { GatewayError } from '../../core/errors.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { confirmYes } from '../confirm.js';
import { unknown } from '../names.js';
import { bytesText, count, words } from '../text.js';

export function defineOutboxVerbs(command: HpmqCommand, cli: Cli): void {
  command
    .verb('drain <pause|resume> <link>')
    .description('Holds back what has waited for the far side, or lets it go on; new messages pass')
    .withExamples(
      ['link drain pause cloud', 'no backlog over an expensive connection'],
      ['link drain resume cloud', 'now it may go'],
    )
    .action(cli.action((action: string, link: string) => drain(cli, action, link)));
  command
    .verb('forget <link>')
    .description('Gives up what waits for a link that is not configured any more')
    .option('-y, --yes', 'do not ask')
    .withExamples(['link forget old-cloud', 'asks first'], ['link forget old-cloud --yes', 'in scripts'])
    .action(cli.action((link: string, options: { yes?: boolean }) => forget(cli, link, options.yes === true)));
}

async function drain(cli: Cli, action: string, link: string): Promise<undefined> {
  if (action !== 'pause' && action !== 'resume') {
    const { cliError } = await import('../errors.js');
    throw cliError('CLI_USAGE', `"${action}" is neither pause nor resume`);
  }
  const params = { link };
  const view = await about(cli, link, () =>
    action === 'pause'
      ? cli.request('POST /v1/links/{link}/drain/pause', { params })
      : cli.request('POST /v1/links/{link}/drain/resume', { params }),
  );
  if (cli.output.isJson) cli.output.json(view);
  else cli.output.line(`${link}: ${drainText(view)}`);
  return undefined;
}

async function about<T>(cli: Cli, link: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'API_NOT_FOUND') throw error;
    const { items } = await cli.request('GET /v1/links');
    const names = items.map(({ name }) => name);
    throw await unknown('CLI_UNKNOWN_LINK', `there is no link "${link}"`, link, names);
  }
}

async function forget(cli: Cli, link: string, isSure: boolean): Promise<undefined> {
  const { items } = await cli.request('GET /v1/outboxes');
  const found = items.find(({ name }) => name === link);
  if (found === undefined) {
    const names = items.map(({ name }) => name);
    throw await unknown('CLI_UNKNOWN_OUTBOX', `nothing waits for a removed link "${link}"`, link, names);
  }
  await confirmYes(cli, `Give up ${count(found.messages, 'message')} for ${link}?`, isSure);
  const gone = await cli.request('DELETE /v1/outboxes/{link}', { params: { link } });
  if (cli.output.isJson) cli.output.json(gone);
  else cli.output.line(`${link}: ${count(gone.messages, 'message')} given up`);
  return undefined;
}

function drainText({ drain: { order, paused, perSecond, etaMs }, books }: LinkView): string {
  if (books.queued === 0) return 'nothing waits';
  if (paused) return `${count(books.queued, 'message')} held back; new messages pass`;
  const eta = etaMs === null ? 'no end in sight' : `done in ${formatDuration(etaMs)}`;
  return `${count(books.queued, 'message')}, ${words(order).replace('-', ' ')}, ${Math.round(perSecond)}/s, ${eta}`;
}

/** @returns titles and texts */
export function outboxLines(link: LinkView): readonly (readonly [string, string])[] {
  const { queuedBytes, oldestMs, durable, books, losses } = link;
  const age = oldestMs === null ? '' : `, the oldest for ${formatDuration(oldestMs)}`;
  const reasons = (by: Readonly<Record<string, number>>) =>
    Object.entries(by)
      .sort(([, a], [, b]) => b - a)
      .map(([reason, n]) => `${n} ${reason}`)
      .join(', ');
  const dropped = books.dropped + books.expired;
  const by = reasons({ ...books.droppedBy, ...(books.expired > 0 && { expired: books.expired }) });
  return [
    [
      'outbox',
      `${count(books.queued, 'message')} (${bytesText(queuedBytes)})${age}, ${durable ? 'on disk' : 'in memory'}`,
    ],
    ['drain', drainText(link)],
    ['dropped', dropped === 0 ? 'nothing since start' : `${dropped} since start: ${by}`],
    [
      'lost',
      losses.total === 0
        ? 'nothing'
        : `${losses.total}: ${reasons(losses.by)}; ${losses.unreported} not reported upstream yet`,
    ],
    [
      'books',
      `${books.found} found + ${books.received} received = ${books.delivered} delivered + ${books.queued} queued + ${books.expired} expired + ${books.dropped} dropped${books.difference === 0 ? '' : `; ${books.difference} unaccounted for: a defect`}`,
    ],
  ];
}
