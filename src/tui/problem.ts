/** The line above the hints: what the last key did, else what is wrong; while something is typed, what may be typed. Pure. */
import { errorSpans } from './format.js';
import { candidates } from './prompt.js';
import { namesOf, problemOf, rowsOf } from './select.js';
import { type Span, span, wrapSpans } from './spans.js';
import type { Model } from './state.js';
import { signOf } from './theme.js';

const NOTICE_MS = 12_000;
const MAX_ROWS = 2;

function promptHelp(model: Model): Span[] {
  const { prompt } = model;
  if (prompt === undefined) return [];
  if (prompt.kind === 'subscribe')
    return [span('a Topic Filter, such as plant/+/temperature, plant/# or $SYS/#', 'muted')];
  if (prompt.kind === 'filter') {
    const { problem, items, total } = rowsOf(model);
    if (problem !== undefined) return [span(`✕ ${problem}`, 'bad')];
    return [span(`${items.length} of ${total}`), span(' · word  !without  re:expression', 'muted')];
  }
  const found = candidates(prompt.text, namesOf(model));
  return found.length === 0
    ? [span('screen, then a device or a Topic Filter, then /filter', 'muted')]
    : [span(found.join('  '), 'accent')];
}

export function problemSpans(model: Model): Span[] {
  if (model.prompt !== undefined) return promptHelp(model);
  const { notice, connection } = model;
  if (notice !== undefined && model.now - notice.at < NOTICE_MS) {
    const { glyph } = signOf(notice.tone === 'ok' ? 'good' : notice.tone);
    const hint = notice.hint === '' ? [] : [span(' · ', 'muted'), span(notice.hint, 'accent')];
    return [span(`${glyph} ${notice.text}`, notice.tone), ...hint];
  }
  if (connection.state === 'lost' && connection.error !== undefined)
    return [span('✕ ', 'bad'), ...errorSpans(connection.error)];
  const problem = problemOf(model);
  return problem === undefined ? [] : [span('✕ ', 'bad'), ...errorSpans(problem)];
}

/** Columns of the line without its margins. */
export function problemWidth(model: Model): number {
  return Math.max(1, model.size.columns - 2);
}

/** A message that is longer than the terminal is wide gets a second row: it would be read nowhere else. */
export function problemRows(model: Model): number {
  return Math.min(MAX_ROWS, Math.max(1, wrapSpans(problemSpans(model), problemWidth(model), false).length));
}
