import type { PeriodView } from '../../api/contract.js';
import { formatDuration } from '../../core/duration.js';
import type { Column } from '../columns.js';
import { absolute, age, errorSpans, sparkline, stateSpan, UNKNOWN } from '../format.js';
import { span } from '../spans.js';
import type { Data, Model, PointRow } from '../state.js';
import type { Tone } from '../theme.js';
import { limitsOf } from '../write.js';
import type { DetailRow, TableSpec } from './table.js';

const DAY = 86_400_000;
/** A quarter of an hour each. */
const DAY_COLUMNS = 96;

const qualityRank = { bad: 0, stale: 1, good: 2 } as const;
const valueTone: Readonly<Record<PointRow['view']['quality'], Tone>> = { good: 'plain', stale: 'warn', bad: 'muted' };

/** A sample that is three periods late deserves a look. */
function ageTone({ view }: PointRow, now: number): Tone {
  if (view.at === null) return 'muted';
  return now - view.at > Math.max(3 * view.every, 2_000) ? 'warn' : 'muted';
}

function columns(model: Model): readonly Column<PointRow>[] {
  const ofOneDevice = model.route.argument !== undefined;
  return [
    {
      id: 'point',
      title: 'POINT',
      min: 16,
      max: 22,
      priority: 0,
      cell: ({ key, view }) => span(ofOneDevice ? view.point : key),
      sort: ({ key }) => key.toLowerCase(),
    },
    {
      id: 'value',
      title: 'VALUE',
      min: 10,
      max: 12,
      priority: 0,
      align: 'right',
      cell: ({ view }) => span(view.text, valueTone[view.quality], view.quality === 'good'),
      sort: ({ view }) =>
        view.value === null ? null : typeof view.value === 'boolean' ? Number(view.value) : view.value,
    },
    { id: 'unit', title: 'UNIT', min: 5, priority: 1, cell: ({ view }) => span(view.unit ?? '', 'muted') },
    {
      id: 'quality',
      title: 'QUALITY',
      min: 7,
      priority: 0,
      cell: ({ view }) => stateSpan(view.quality),
      sort: ({ view }) => qualityRank[view.quality],
    },
    {
      id: 'age',
      title: 'AGE',
      min: 7,
      priority: 0,
      align: 'right',
      cell: (row, { now }) => span(age(row.view.at, now), ageTone(row, now)),
      descends: true,
      sort: ({ view }) => (view.at === null ? null : -view.at),
    },
    {
      id: 'trend',
      title: 'TREND',
      min: 12,
      max: 30,
      priority: 2,
      cell: ({ history }, { width }) => span(sparkline(history, width), 'accent'),
    },
    { id: 'topic', title: 'TOPIC', min: 24, max: 60, priority: 3, cell: ({ view }) => span(view.topic, 'muted') },
  ];
}

/** What it was in the last day, where it is recorded: a column of the line for so many periods as it takes. */
function dayOf({ key }: PointRow, data: Data, now: number, width: number, unit: string): readonly DetailRow[] {
  if (data.pointDay?.key !== key) return [];
  const { view } = data.pointDay;
  const periods = view.periods ?? [];
  const known = periods.filter(({ count }) => count > 0);
  if (known.length === 0) return [{ label: 'last 24h', spans: [span('no good number', 'muted')] }];
  const least = Math.min(...known.map(({ min }) => min!));
  const most = Math.max(...known.map(({ max }) => max!));
  return [
    {
      label: 'last 24h',
      spans: [span(sparkline(columnsOf(periods, now, Math.min(width, DAY_COLUMNS)), width), 'accent')],
    },
    { label: '', spans: [span(`${rounded(least)} to ${rounded(most)}${unit}`, 'muted')] },
  ];
}

/** Means of the parts of the last day that a column stands for; null: nothing was recorded. */
function columnsOf(periods: readonly PeriodView[], now: number, columns: number): (number | null)[] {
  const sums = Array.from({ length: columns }, () => ({ sum: 0, count: 0 }));
  for (const { at, mean, count } of periods) {
    const column = Math.floor(((at - (now - DAY)) / DAY) * columns);
    const one = sums[Math.max(0, column)];
    if (one === undefined || mean === null) continue;
    one.sum += mean * count;
    one.count += count;
  }
  return sums.map(({ sum, count }) => (count === 0 ? null : sum / count));
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** Smallest and largest of the samples seen. */
function spanOf(history: readonly (number | null)[], unit: string): string {
  const known = history.filter((sample) => sample !== null);
  if (known.length < 2) return UNKNOWN;
  return `${Math.min(...known)} to ${Math.max(...known)}${unit} in ${known.length} samples`;
}

export const pointTable: TableSpec<PointRow> = {
  noun: 'points',
  empty: 'no points · a device has them under points: in the configuration',
  columns,
  inputs: (model, data) => [data.points, model.route.argument],
  items(model, data) {
    const device = model.route.argument;
    const rows = [...data.points.values()];
    return device === undefined ? rows : rows.filter(({ view }) => view.device === device);
  },
  key: ({ key }) => key,
  text: ({ key, view }) => [key, view.topic, view.quality, view.unit, view.error?.code].join(' '),
  problem: ({ view }) => view.error,
  detail(row, { now, data, width }) {
    const { view, history } = row;
    const unit = view.unit === undefined ? '' : ` ${view.unit}`;
    return [
      { label: 'value', spans: [span(`${view.text}${unit}`, valueTone[view.quality], true)] },
      { label: 'quality', spans: [stateSpan(view.quality)] },
      ...(view.error === undefined ? [] : [{ label: 'error', spans: errorSpans(view.error) }]),
      {
        label: 'sampled',
        spans:
          view.at === null
            ? [span('never', 'muted')]
            : [span(`${age(view.at, now)} ago`), span(` ${absolute(view.at)}`, 'muted')],
      },
      { label: 'every', spans: [span(formatDuration(view.every))] },
      { label: 'topic', spans: [span(view.topic)] },
      {
        label: 'write',
        spans: view.writable
          ? [span(limitsOf(view)), ...(view.write?.critical === true ? [span(' · critical', 'warn', true)] : [])]
          : [span(`read-only${view.readOnlyReason === undefined ? '' : `: ${view.readOnlyReason}`}`, 'muted')],
      },
      { label: 'trend', spans: [span(sparkline(history, width), 'accent')] },
      { label: 'seen', spans: [span(spanOf(history, unit), 'muted')] },
      ...dayOf(row, data, now, width, unit),
    ];
  },
};
