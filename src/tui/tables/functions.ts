import type { FunctionLogLine, FunctionView } from '../../api/contract.js';
import { absolute, age, bytes, compact, errorSpans, rate, stateSpan, timeOfDay, UNKNOWN } from '../format.js';
import { type Span, span } from '../spans.js';
import type { Tone } from '../theme.js';
import type { TableSpec } from './table.js';

const stateRank = { down: 0, open: 1, 'half-open': 2, paused: 3, up: 4 } as const;

const tones: Readonly<Record<FunctionLogLine['level'], Tone>> = {
  debug: 'muted',
  info: 'plain',
  warn: 'warn',
  error: 'bad',
};

/** Calls that were made and had no answer. */
function failed({ failures }: FunctionView): number {
  return Object.entries(failures).reduce(
    (sum, [cause, n]) => sum + (cause === 'open' || cause === 'down' || cause === 'paused' ? 0 : n),
    0,
  );
}

const milliseconds = (ms: number | null): string =>
  ms === null ? UNKNOWN : ms < 10 ? String(Math.round(ms * 1_000) / 1_000) : String(Math.round(ms));

function failureText({ failures }: FunctionView): string {
  return Object.entries(failures)
    .sort(([, a], [, b]) => b - a)
    .map(([cause, n]) => `${n} ${cause}`)
    .join(', ');
}

function fateText({ passed, dropped, deadLetters, rateLimited }: FunctionView): string {
  return [
    ...(passed > 0 ? [`${passed} passed as they came`] : []),
    ...(dropped > 0 ? [`${dropped} dropped`] : []),
    ...(deadLetters > 0 ? [`${deadLetters} dead letters`] : []),
    ...(rateLimited > 0 ? [`${rateLimited} over the rate`] : []),
  ].join(', ');
}

function versionSpans({
  digest,
  source,
  deployedAt,
  current,
  failed: hasFailed,
}: FunctionView['versions'][number]): Span[] {
  const text = `${digest.slice(0, 19)} ${source}`;
  return [
    span(current ? `▸ ${text}` : `  ${text}`, current ? 'plain' : 'muted'),
    span(` ${absolute(deployedAt)}`, 'muted'),
    ...(hasFailed ? [span(' failed', 'bad')] : []),
  ];
}

export const functionTable: TableSpec<FunctionView> = {
  noun: 'functions',
  empty: 'no functions · add one under functions: in the configuration',
  columns: () => [
    {
      id: 'function',
      title: 'FUNCTION',
      min: 10,
      max: 20,
      priority: 0,
      cell: (one) => span(one.name),
      sort: (one) => one.name.toLowerCase(),
    },
    {
      id: 'state',
      title: 'STATE',
      min: 11,
      priority: 0,
      cell: (one) => stateSpan(one.state),
      sort: (one) => stateRank[one.state],
    },
    {
      id: 'calls',
      title: 'CALLS',
      min: 7,
      priority: 1,
      align: 'right',
      cell: (one) => span(rate(one.callsPerSecond)),
      descends: true,
      sort: (one) => one.callsPerSecond,
    },
    {
      id: 'p95',
      title: 'P95 MS',
      min: 6,
      priority: 1,
      align: 'right',
      cell: (one) => span(milliseconds(one.ms.p95)),
      descends: true,
      sort: (one) => one.ms.p95,
    },
    {
      id: 'memory',
      title: 'MEMORY',
      min: 7,
      priority: 3,
      align: 'right',
      cell: (one) => span(bytes(one.memory), one.memory > one.memoryLimit * 0.9 ? 'warn' : 'plain'),
      descends: true,
      sort: (one) => one.memory,
    },
    {
      id: 'failed',
      title: 'FAILED',
      min: 6,
      priority: 1,
      align: 'right',
      cell: (one) => span(compact(failed(one)), failed(one) > 0 ? 'warn' : 'plain'),
      descends: true,
      sort: failed,
    },
    {
      id: 'since',
      title: 'SINCE',
      min: 7,
      priority: 4,
      align: 'right',
      cell: (one, { now }) => span(age(one.since, now), 'muted'),
      sort: (one) => -one.since,
    },
    {
      id: 'triggers',
      title: 'CALLED BY',
      min: 16,
      max: 60,
      priority: 2,
      cell: (one) => span(one.triggers.join(', '), 'muted'),
    },
  ],
  inputs: (_model, data) => [data.functions],
  items: (_model, data) => [...data.functions.values()],
  key: (one) => one.name,
  text: (one) => [one.name, one.state, ...one.triggers, one.error?.code].join(' '),
  problem: (one) => one.error,
  detail: (one, { now, data }) => [
    { label: 'state', spans: [stateSpan(one.state), span(` for ${age(one.since, now)}`, 'muted')] },
    ...(one.error === undefined ? [] : [{ label: 'error', spans: errorSpans(one.error) }]),
    { label: 'source', spans: [span(one.source)] },
    ...one.triggers.map((trigger, index) => ({ label: index === 0 ? 'called by' : '', spans: [span(trigger)] })),
    {
      label: 'module',
      spans: [span(one.abi === null ? 'none' : `${one.abi}, ${one.isolate}`), span(` ${one.hooks.join(' ')}`, 'muted')],
    },
    { label: 'on error', spans: [span(one.onError)] },
    ...one.versions.map((version, index) => ({ label: index === 0 ? 'versions' : '', spans: versionSpans(version) })),
    {
      label: 'calls',
      spans: [span(`${rate(one.callsPerSecond)}, ${one.calls} in all, ${one.messagesOut} messages out`)],
    },
    {
      label: 'takes',
      spans: [span(`${milliseconds(one.ms.p50)} ms (p50), ${milliseconds(one.ms.p95)} ms (p95)`)],
    },
    { label: 'memory', spans: [span(`${bytes(one.memory)} of ${bytes(one.memoryLimit)}`)] },
    ...(one.waiting === 0 ? [] : [{ label: 'waiting', spans: [span(String(one.waiting), 'warn')] }]),
    ...(one.kv === undefined
      ? []
      : [{ label: 'keeps', spans: [span(`${one.kv.keys} keys, ${bytes(one.kv.bytes)} of ${bytes(one.kv.quota)}`)] }]),
    {
      label: 'failed',
      spans: [span(failureText(one) || 'never', failed(one) > 0 ? 'warn' : 'plain')],
    },
    ...(fateText(one) === '' ? [] : [{ label: 'messages', spans: [span(fateText(one))] }]),
    ...(one.lastFailure === undefined
      ? []
      : [
          {
            label: 'last',
            spans: [
              span(`${one.lastFailure.cause}: ${one.lastFailure.message}`, 'bad'),
              span(`, ${age(one.lastFailure.at, now)} ago`, 'muted'),
            ],
          },
        ]),
    ...(data.functionLines?.name === one.name ? data.functionLines.lines.toReversed() : []).map(
      ({ at, level, text }, index) => ({
        label: index === 0 ? 'log' : '',
        spans: [span(`${timeOfDay(at)} `, 'muted'), span(text, tones[level])],
      }),
    ),
  ],
};
