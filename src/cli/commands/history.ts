import type { HistoryListView, HistoryView, PeriodView, SampleView, SeriesView } from '../../api/contract.js';
import { formatDuration, parseDuration } from '../../core/duration.js';
import { between } from '../arguments.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { cliError } from '../errors.js';
import { unknown } from '../names.js';
import type { Column } from '../table.js';
import { bytesText, count, dateText, timeText, visible } from '../text.js';

/** Rows of one question. */
const PAGE = 10_000;
const DEFAULT_ROWS = 1_000;
const MAX_ROWS = 10_000_000;

interface ShowOptions {
  readonly last?: number;
  readonly from?: number;
  readonly to?: number;
  readonly every?: number;
  readonly limit?: number;
  readonly csv?: boolean;
}

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(
    ['history list', 'what is recorded, and since when'],
    ['history show boiler.temperature --last 24h --every 15m', 'least, most and mean of each quarter of an hour'],
  );
  command
    .verb('list')
    .description('Lists the points that are recorded')
    .withExamples(
      ['history list', 'with the time of the oldest and the newest sample'],
      ['history list --json', 'for programs'],
    )
    .action(
      cli.action(async () => {
        const all = await cli.request('GET /v1/history');
        if (cli.output.isJson) cli.output.json(all);
        else await list(cli, all);
        return undefined;
      }),
    );
  command
    .verb('show <point> [name]')
    .description('Shows what a point was')
    .option('--last <duration>', 'so long until now; 1h when nothing is said', span)
    .option('--from <time>', 'begin: 2026-03-01, 2026-03-01T08:00, in local time, or with Z in UTC', time)
    .option('--to <time>', 'end, not included', time)
    .option('--every <duration>', 'periods of this length, with least, most and mean, instead of samples', span)
    .option('--limit <n>', `most rows, ${DEFAULT_ROWS} when nothing is said`, between(1, MAX_ROWS, '--limit 5000'))
    .option('--csv', 'comma-separated values (RFC 4180), with times in UTC')
    .withExamples(
      ['history show boiler.temperature', 'every sample of the last hour'],
      ['history show boiler temperature --last 7d --every 1h', 'device and point as two words'],
      [
        'history show boiler.temperature --from 2026-03-01 --to 2026-03-02 --csv --limit 100000',
        'a day for a spreadsheet',
      ],
    )
    .action(
      cli.action((point: string, name: string | undefined, options: ShowOptions) =>
        show(cli, name === undefined ? [point] : [point, name], options),
      ),
    );
}

async function list(cli: Cli, { summary, items }: HistoryListView): Promise<void> {
  if (summary === null) {
    cli.output.note('nothing is recorded: there is no `history` in the configuration');
    return;
  }
  await cli.output.list(seriesColumns, items, 'nothing was recorded yet');
  const { bytes, maxBytes, keep, dropped } = summary;
  const lost = dropped === 0 ? '' : `; ${count(dropped, 'sample')} lost, the disk took nothing`;
  cli.output.note(`${bytesText(bytes)} of ${bytesText(maxBytes)}, kept for ${formatDuration(keep)}${lost}`);
}

const seriesColumns: readonly Column<SeriesView>[] = [
  { title: 'POINT', value: ({ device, point }) => visible(`${device}.${point}`) },
  { title: 'UNIT', value: ({ unit }) => visible(unit ?? '') },
  { title: 'SAMPLES', value: ({ samples }) => String(samples), align: 'right' },
  { title: 'FROM', value: ({ first }) => (first === null ? '–' : dateText(first)) },
  { title: 'TO', value: ({ last }) => (last === null ? '–' : dateText(last)) },
];

async function show(cli: Cli, words: readonly string[], options: ShowOptions): Promise<undefined> {
  const { device, point } = await resolveSeries(cli, words);
  if (options.from !== undefined && options.last !== undefined) {
    throw cliError('CLI_USAGE', '--from and --last exclude each other', { hint: 'write one of both' });
  }
  if (options.from !== undefined && options.to !== undefined && options.from >= options.to) {
    throw cliError('CLI_USAGE', 'the end is not after the begin', { hint: 'write --from before --to' });
  }
  const limit = options.limit ?? DEFAULT_ROWS;
  let rows = 0;
  // By the clock of the gateway, which may not be that of the machine.
  let { from, to } = options;
  let next: number | undefined;
  do {
    const query = queryOf({ from, to, last: options.last, every: options.every, limit: Math.min(PAGE, limit - rows) });
    const view: HistoryView = await cli.request('GET /v1/history/{device}/{point}', {
      params: { device, point },
      query,
    });
    print(cli, view, next === undefined, options.csv ?? false);
    rows += (view.samples ?? view.periods ?? []).length;
    next = view.next;
    [from, to] = [next, view.to];
  } while (next !== undefined && rows < limit);
  if (next !== undefined) cli.output.note(`there is more, from ${new Date(next).toISOString()}: --limit ${limit * 10}`);
  else if (rows === 0 && !cli.output.isJson) cli.output.note('nothing was recorded in this time');
  return undefined;
}

function queryOf(all: Readonly<Record<string, number | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

/** Unlike names.ts: what is recorded may not be in the configuration any more. */
async function resolveSeries(cli: Cli, words: readonly string[]): Promise<SeriesView> {
  const { summary, items } = await cli.request('GET /v1/history');
  if (summary === null) {
    throw cliError('CLI_UNKNOWN_SERIES', 'nothing is recorded', {
      hint: 'add `history: { points: ["*"] }` to the configuration, and restart the gateway',
    });
  }
  const name = words.join('.');
  const found = items.find(({ device, point }) =>
    words.length === 2
      ? device === words[0] && point === words[1]
      : `${device}.${point}` === name || `${device}/${point}` === name,
  );
  if (found !== undefined) return found;
  const names = items.map(({ device, point }) => `${device}.${point}`);
  throw await unknown('CLI_UNKNOWN_SERIES', `nothing is recorded of "${name}"`, name, names);
}

function print(cli: Cli, view: HistoryView, isFirst: boolean, isCsv: boolean): void {
  const { output } = cli;
  const unit = view.unit === undefined ? '' : ` ${view.unit}`;
  if (output.isJson) {
    for (const row of view.samples ?? view.periods ?? []) output.jsonLine(row);
  } else if (isCsv) {
    if (isFirst) output.line(view.samples === undefined ? 'time,count,min,max,mean,last,others' : 'time,value,quality');
    for (const row of view.samples ?? []) output.line(csv([new Date(row.at).toISOString(), row.value, row.quality]));
    for (const { at, count: n, min, max, mean, last, others } of view.periods ?? []) {
      output.line(csv([new Date(at).toISOString(), n, min, max, mean, last, others]));
    }
  } else {
    for (const row of view.samples ?? []) output.line(sampleLine(row, unit));
    for (const row of view.periods ?? []) output.line(periodLine(row, unit));
  }
}

function sampleLine({ at, value, quality, timeQuality }: SampleView, unit: string): string {
  const text = value === null ? '–' : `${value}${unit}`;
  const doubts = [...(quality === 'good' ? [] : [quality]), ...(timeQuality === undefined ? [] : ['time not known'])];
  const doubt = doubts.length === 0 ? '' : `  (${doubts.join(', ')})`;
  return visible(`${dateText(at).slice(0, 10)} ${timeText(at)}  ${text}${doubt}`);
}

function periodLine({ at, count: n, min, max, mean, others }: PeriodView, unit: string): string {
  const figures = n === 0 ? 'no good number' : `${figure(min)} … ${figure(max)}${unit}, mean ${figure(mean)}, of ${n}`;
  return visible(`${dateText(at)}  ${figures}${others === 0 ? '' : `, ${others} not good`}`);
}

function figure(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(6)));
}

/** RFC 4180 §2: what has a comma, a quote or a line end is quoted. */
function csv(cells: readonly (string | number | boolean | null)[]): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return cells.map((one) => cell(one === null ? '' : String(one))).join(',');
}

function span(text: string): number {
  const value = parseDuration(text);
  if (value !== undefined && value >= 100) return value;
  throw cliError('CLI_USAGE', `"${text}" is no duration from 100ms`, { hint: 'write 30s, 15m, 1h or 7d' });
}

function time(text: string): number {
  const isWhole = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text);
  // A date alone would be UTC, and a time local.
  const value = isWhole ? Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T')) : Number.NaN;
  if (Number.isFinite(value) && value >= 0) return value;
  throw cliError('CLI_USAGE', `"${text}" is no time`, {
    hint: 'write 2026-03-01, 2026-03-01T08:00 or 2026-03-01T08:00Z',
  });
}
