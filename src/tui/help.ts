/** The help page: all keys that work on the screen below it, from the key table. Pure. */
import type { Context } from './keys/binding.js';
import { bindingsOf, disabledReason, keyLabel, titleOf } from './keys.js';
import { type Span, span, wrapSpans } from './spans.js';
import type { Model } from './state.js';

const KEYS = 12;
const TITLE = 16;

function group(model: Model, title: string, contexts: readonly Context[], width: number): Span[][] {
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
    return wrapSpans(help, Math.max(1, width - 1 - KEYS - TITLE), false).map((line, i) =>
      i === 0 ? [keys, name, ...line] : [indent, ...line],
    );
  });
  return [[span(` ${title}`, 'focus')], ...lines, []];
}

export function helpLines(model: Model, width: number): Span[][] {
  return [
    ...group(model, `on ${model.route.screen}`, [model.route.screen], width),
    ...group(model, 'everywhere', ['global', 'always'], width),
    ...group(model, 'while typing', ['prompt'], width),
  ];
}
