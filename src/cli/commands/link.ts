import type { LinkView } from '../../api/contract.js';
import type { Cli } from '../cli.js';
import { ageText, linkColumns } from '../columns.js';
import type { HpmqCommand } from '../command.js';
import { unknown } from '../names.js';
import { visible } from '../text.js';
import { defineOutboxVerbs, outboxLines } from './link-outbox.js';

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(
    ['link list', 'all links, whether they deliver, and what waits'],
    ['link show cloud', 'one link, what waits for it and what was lost'],
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
    .description('Shows one link: state, what waits, what was lost')
    .withExamples(['link show cloud', 'all about one link'])
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
  const { error } = link;
  return [
    row('link', link.name),
    row('to', link.url),
    row('state', `${link.state} for ${ageText(link.since, now)}`),
    ...(error === undefined ? [] : [row('problem', `${error.message} (${error.code})`), row('hint', error.hint)]),
    ...(link.nextTryAt === undefined ? [] : [row('next try', `in ${ageText(now, link.nextTryAt)}`)]),
    row('out', `${link.out}, ${Math.round(link.outPerSecond * 10) / 10}/s`),
    row('in', `${link.in}, ${Math.round(link.inPerSecond * 10) / 10}/s`),
    ...outboxLines(link).map(([title, text]) => row(title, text)),
  ];
}
