import type { LinkView } from '../../api/contract.js';
import { durationText } from '../../core/plan-text.js';
import type { Cli } from '../cli.js';
import { ageText, linkColumns } from '../columns.js';
import type { HpmqCommand } from '../command.js';
import { unknown } from '../names.js';
import { bytesText, count, dateText, visible } from '../text.js';
import { defineOutboxVerbs, outboxLines } from './link-outbox.js';

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(
    ['link list', 'all links, whether they deliver, and what waits'],
    ['link show cloud', 'one link with its endpoints, what waits for it, and its last outages'],
  );
  command
    .verb('list')
    .description('Lists the links, whether they deliver, and what waits')
    .withExamples(['link list', 'all links'], ['link list --json', 'for programs'])
    .action(
      cli.action(async () => {
        const { items } = await cli.request('GET /v1/links');
        await cli.output.list(linkColumns(Date.now()), items, 'there are no links in the configuration');
        return undefined;
      }),
    );
  command
    .verb('show <link>')
    .description('Shows one link: state, endpoints, what waits, what was lost, last outages')
    .withExamples(['link show cloud', 'where it is connected, round trips, and why it was lost'])
    .action(
      cli.action(async (name: string) => {
        const { items } = await cli.request('GET /v1/links');
        const link = items.find((one) => one.name === name);
        if (link === undefined) {
          const names = items.map((one) => one.name);
          throw await unknown('CLI_UNKNOWN_LINK', `there is no link "${name}"`, name, names);
        }
        if (cli.output.isJson) cli.output.json(link);
        else for (const line of linkLines(link, Date.now())) cli.output.line(line);
        return undefined;
      }),
    );
  defineOutboxVerbs(command, cli);
}

function linkLines(link: LinkView, now: number): readonly string[] {
  const row = (title: string, text: string) => `${title.padEnd(11)} ${visible(text)}`;
  const { error, endpoint, rttMs, provenAt } = link;
  return [
    row('link', link.name),
    row('to', link.url),
    row('state', `${link.state} for ${ageText(link.since, now)}`),
    ...(error === undefined ? [] : [row('problem', `${error.message} (${error.code})`), row('hint', error.hint)]),
    ...(link.nextTryAt === undefined ? [] : [row('next try', `in ${ageText(now, link.nextTryAt)}`)]),
    row('endpoint', endpoint ?? 'none'),
    row('heartbeat', `${link.heartbeat}${provenAt === null ? '' : `, ${ageText(provenAt, now)} ago`}`),
    ...(rttMs.p50 === null
      ? []
      : [row('round trip', `${durationText(rttMs.p50)} (p50), ${durationText(rttMs.p99 ?? rttMs.p50)} (p99)`)]),
    row('out', `${link.out}, ${Math.round(link.outPerSecond * 10) / 10}/s`),
    row('in', `${link.in}, ${Math.round(link.inPerSecond * 10) / 10}/s`),
    ...outboxLines(link).map(([title, text]) => row(title, text)),
    ...link.routes.map((route, index) => row(index === 0 ? 'routes' : '', routeText(route))),
    row('connected', link.connects === 1 ? 'once' : `${link.connects} times`),
    ...link.endpoints.map((one, index) => row(index === 0 ? 'endpoints' : '', endpointText(one))),
    ...link.certificates.map(({ side, subject, notAfter }) =>
      row(`${side === 'own' ? 'our' : 'their'} cert.`, `${subject}, until ${dateText(notAfter)}`),
    ),
    ...link.history.toReversed().map((one, index) => row(index === 0 ? 'outages' : '', outageText(one, now))),
  ];
}

function endpointText({ endpoint, state, isCurrent, isHeld, rttMs, connects }: LinkView['endpoints'][number]): string {
  const parts = [isCurrent ? 'in use' : state, ...(isHeld ? ['tried last'] : [])];
  if (rttMs !== null) parts.push(durationText(rttMs));
  return `${endpoint} · ${parts.join(', ')} · ${connects === 1 ? 'once' : `${connects} times`}`;
}

function routeText({ direction, filters, ...ways }: LinkView['routes'][number]): string {
  const parts = (['out', 'in'] as const).flatMap((way) => {
    const figures = ways[way];
    if (figures === null) return [];
    const { messages, bytes, dropped, refused } = figures;
    const lost = [dropped > 0 && `${dropped} dropped`, refused > 0 && `${refused} refused`].filter(
      (text) => text !== false,
    );
    return [[`${way} ${messages} (${bytesText(bytes)})`, ...lost].join(', ')];
  });
  return `${direction} ${filters.join(' ')} · ${parts.join(' · ')}`;
}

function outageText(
  { at, endpoint, code, message, failures, endedAt }: LinkView['history'][number],
  now: number,
): string {
  const lasted = endedAt === null ? `${ageText(at, now)} so far` : durationText(endedAt - at);
  const where = endpoint === null ? '' : ` ${endpoint}:`;
  return `${dateText(at)} for ${lasted}${failures > 0 ? `, ${count(failures, 'attempt')} failed` : ''}:${where} ${message} (${code})`;
}
