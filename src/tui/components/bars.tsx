/** The lines above and below every screen: status, last problem, hints or what is being typed. */
import type { ReactNode } from 'react';
import { formatDuration } from '../../core/duration.js';
import { age, rate } from '../format.js';
import { bindingsOf, contextsOf, disabledReason, keyLabel, titleOf } from '../keys.js';
import { problemSpans, problemWidth } from '../problem.js';
import { gatewayNow, shownData, staleSince } from '../select.js';
import { type Span, span, spansWidth, spread, wrapSpans } from '../spans.js';
import type { Model } from '../state.js';
import { cutStart } from '../text.js';
import { type Sign, signOf } from '../theme.js';
import { Line, Lines, ThemeContext, useTheme } from './line.js';

const CURSOR = '█';
/** Columns of the prompt line that are not its text. */
const PROMPT_CHROME = 5;
const GAP = span('  ');

function joined(parts: readonly (readonly Span[])[]): Span[] {
  return parts.flatMap((part, i) => (i === 0 ? part : [GAP, ...part]));
}

function linkParts(model: Model): Span[][] {
  const now = gatewayNow(model);
  return [...shownData(model).links.values()].map((link) => {
    const { glyph, tone }: Sign = signOf(link.state);
    const since = link.state === 'up' ? '' : ` ${age(link.since, now)}`;
    return [
      span(`${glyph} `, tone),
      span(link.name),
      span(` ${link.state}${since}`, link.state === 'up' ? 'muted' : tone),
    ];
  });
}

/** All links in few words, for a narrow line: how many of them are up. */
function linkSummary(model: Model): Span[][] {
  const links = [...shownData(model).links.values()];
  if (links.length === 0) return [];
  const up = links.filter((link) => link.state === 'up').length;
  const { glyph, tone } = signOf(up === links.length ? 'up' : up > 0 ? 'degraded' : 'down');
  const count = up === links.length ? `${up}` : `${up} of ${links.length}`;
  return [[span(`${glyph} `, tone), span(`${count} ${links.length === 1 ? 'link' : 'links'} up`)]];
}

/** The right half of the status line: as much as fits, the least pressing goes first. */
function gauges(model: Model, room: number, ascii: boolean): Span[] {
  const stale = staleSince(model);
  if (stale !== undefined) {
    const what = model.connection.state === 'lost' ? 'connection lost' : 'no news for';
    const text = `○ ${what} ${formatDuration(model.now - stale)}${model.connection.state === 'lost' ? ' ago, retrying' : ''}`;
    return [span(text, 'bad', true)];
  }
  const { status } = shownData(model);
  if (status === undefined) return [span('◐ connecting', 'warn')];
  const frozen =
    model.frozen === undefined ? [] : [[span(`frozen ${formatDuration(model.now - model.frozen.at)}`, 'warn', true)]];
  const up = [span('up ', 'muted'), span(age(status.startedAt, gatewayNow(model)))];
  const traffic = [
    span('in ', 'muted'),
    span(rate(status.messages.receivedPerSecond)),
    span('  out ', 'muted'),
    span(rate(status.messages.deliveredPerSecond)),
  ];
  const all = linkParts(model);
  const few = linkSummary(model);
  const choices = [
    [...frozen, up, traffic, ...all],
    [...frozen, up, traffic, ...few],
    [...frozen, traffic, ...few],
    [...frozen, ...few],
    frozen,
  ];
  return choices.map(joined).find((spans) => spansWidth(spans, ascii) <= room) ?? [];
}

export function StatusLine(props: { readonly model: Model }): ReactNode {
  const { model } = props;
  const theme = useTheme();
  const { columns } = model.size;
  const { route } = model;
  const gateway = shownData(model).status?.gateway ?? model.settings.target;
  const left: Span[] = [
    span(' hpmq ', 'focus'),
    span(gateway, 'plain', true),
    span(' ▸ ', 'muted'),
    span(route.screen, 'accent'),
    ...(route.argument === undefined ? [] : [span(' ▸ ', 'muted'), span(route.argument)]),
    ...(model.settings.readOnly ? [span('  read-only', 'warn')] : []),
  ];
  const isBeat = theme.motion && model.connection.state === 'live' && Math.floor(model.now / 1_000) % 2 === 0;
  const beat = span(isBeat ? ' ·' : '  ', 'ok');
  const room = columns - Math.min(spansWidth(left, theme.ascii), Math.floor(columns * 0.7)) - 4;
  const right = [...gauges(model, room, theme.ascii), beat];
  // This line says how things are: it is not dimmed with the data.
  return (
    <ThemeContext value={{ ...theme, dimmed: false }}>
      <Line spans={spread(left, right, columns, theme.ascii)} width={columns} />
    </ThemeContext>
  );
}

export function ProblemLine(props: { readonly model: Model; readonly rows: number }): ReactNode {
  const { model, rows } = props;
  const theme = useTheme();
  const all = wrapSpans(problemSpans(model), problemWidth(model), theme.ascii);
  // What has no room is in the last line, and cut there with an ellipsis.
  const rest = all.slice(rows - 1).flatMap((line) => [...line, span(' ')]);
  const lines = [...all.slice(0, rows - 1), rest];
  return (
    <ThemeContext value={{ ...theme, dimmed: false }}>
      <Lines lines={lines.map((line) => [span(' '), ...line])} width={model.size.columns} />
    </ThemeContext>
  );
}

function hint(keys: string, title: string, disabled: boolean): Span[] {
  return [span(keys, disabled ? 'muted' : 'accent'), span(` ${title}`, disabled ? 'muted' : 'plain')];
}

/** Hints of the focused view at the left, those of all views at the right; as many as fit. */
function hintSpans(model: Model, ascii: boolean): Span[] {
  const shown = bindingsOf(contextsOf(model))
    .filter((binding) => binding.hint !== undefined)
    .sort((a, b) => (a.hint ?? 0) - (b.hint ?? 0));
  const parts = (isGlobal: boolean) =>
    shown
      .filter((binding) => (binding.hint ?? 0) > 100 === isGlobal)
      // Two keys for the same end need one hint.
      .filter((binding, i, all) => i === 0 || titleOf(all[i - 1]!, model) !== titleOf(binding, model))
      .map((binding) =>
        hint(keyLabel(binding.keys[0]!), titleOf(binding, model), disabledReason(binding, model) !== undefined),
      );
  const own = parts(false);
  const everywhere = parts(true);
  const line = (left: Span[][], right: Span[][]) => {
    const separator = left.length > 0 && right.length > 0 ? [span(' │ ', 'muted')] : [];
    const spaced = (list: Span[][]) => list.flatMap((part, i) => (i === 0 ? part : [span('  '), ...part]));
    return [span(' '), ...spaced(left), ...separator, ...spaced(right)];
  };
  for (let count = own.length; count > 0; count--) {
    const spans = line(own.slice(0, count), everywhere);
    if (spansWidth(spans, ascii) <= model.size.columns) return spans;
  }
  return line([], everywhere);
}

const promptMarks = { command: ':', filter: '/', subscribe: '+ ' } as const;

export function HintsLine(props: { readonly model: Model }): ReactNode {
  const { model } = props;
  const { columns } = model.size;
  const theme = useTheme();
  const spans =
    model.prompt === undefined
      ? hintSpans(model, theme.ascii)
      : [
          span(` ${promptMarks[model.prompt.kind]}`, 'accent', true),
          span(cutStart(model.prompt.text, columns - PROMPT_CHROME, theme.ascii)),
          span(CURSOR, 'focus'),
        ];
  return (
    <ThemeContext value={{ ...theme, dimmed: false }}>
      <Line spans={spans} width={model.size.columns} />
    </ThemeContext>
  );
}
