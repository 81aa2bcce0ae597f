import type { ReactNode } from 'react';
import type { Context } from '../keys/binding.js';
import { bindingsOf, disabledReason, keyLabel, titleOf } from '../keys.js';
import type { Area } from '../layout.js';
import { type Span, span } from '../spans.js';
import type { Model } from '../state.js';
import { wrapSpans } from './detail.js';
import { innerWidth, TextPanel } from './panel.js';

const KEYS = 10;
const TITLE = 15;

function group(model: Model, title: string, contexts: readonly Context[], room: number): Span[][] {
  const lines = bindingsOf(contexts).flatMap((binding): Span[][] => {
    const reason = disabledReason(binding, model);
    const tone = reason === undefined ? 'plain' : 'muted';
    const keys = span(
      ` ${binding.keys.map(keyLabel).join(' ').padEnd(KEYS)}`,
      reason === undefined ? 'accent' : 'muted',
    );
    const help = [span(binding.help, tone), ...(reason === undefined ? [] : [span(` (now: ${reason})`, 'warn')])];
    const name = span(titleOf(binding, model).padEnd(TITLE), tone, reason === undefined);
    const indent = span(' '.repeat(1 + KEYS + TITLE));
    return wrapSpans(help, room - 1 - KEYS - TITLE, false).map((line, i) =>
      i === 0 ? [keys, name, ...line] : [indent, ...line],
    );
  });
  return [[span(` ${title}`, 'focus')], ...lines, []];
}

/** All keys of the screen below, from the key table. */
export function helpLines(model: Model, room: number): Span[][] {
  return [
    ...group(model, `on ${model.route.screen}`, [model.route.screen], room),
    ...group(model, 'everywhere', ['global', 'always'], room),
    ...group(model, 'while typing', ['prompt'], room),
  ];
}

export function Help(props: { readonly model: Model; readonly area: Area }): ReactNode {
  const { model, area } = props;
  const lines = helpLines(model, innerWidth(area.width) - 1);
  const rows = Math.max(1, area.height - 2);
  const top = Math.min(model.help?.top ?? 0, Math.max(0, lines.length - rows));
  const more = top + rows < lines.length ? [span('↓ more with j', 'muted')] : undefined;
  return (
    <TextPanel
      title={[span('keys')]}
      info={more}
      width={area.width}
      height={area.height}
      focused
      lines={lines.slice(top)}
    />
  );
}
