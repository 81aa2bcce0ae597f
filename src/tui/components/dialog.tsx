import type { ReactNode } from 'react';
import { age, stateSpan } from '../format.js';
import type { Area } from '../layout.js';
import { dialogPoint, gatewayNow } from '../select.js';
import { type Span, span, wrapSpans } from '../spans.js';
import type { Model, PointRow } from '../state.js';
import { cutStart } from '../text.js';
import { signOf } from '../theme.js';
import { limitsOf, outcomeHint, outcomeText, valueText, type WriteDialog } from '../write.js';
import { useTheme } from './line.js';
import { innerWidth, TextPanel } from './panel.js';

const LABEL = 9;
const CURSOR = '█';

function label(text: string): Span {
  return span(` ${text.padEnd(LABEL)}`, 'muted');
}

/** What the dialog says below the value: a question, a problem, or the outcome. */
function message(dialog: WriteDialog, row: PointRow): Span[] {
  const problem = dialog.problem === undefined ? [] : [span(`✕ ${dialog.problem}`, 'bad', true)];
  if (problem.length > 0 && dialog.stage !== 'name') return problem;
  switch (dialog.stage) {
    case 'edit':
      return [span('⏎ checks the value, nothing is written yet', 'muted')];
    case 'confirm':
      return [span('write this now? ', 'warn', true), span('⏎ writes, esc changes the value', 'muted')];
    case 'name': {
      const question = span(`this point is critical: type ${dialog.point}`, 'warn', true);
      return [...(problem.length === 0 ? [question] : problem), span(' '), span(`${dialog.name}${CURSOR}`, 'focus')];
    }
    case 'sending':
      return [span('◐ writing, waiting for the device', 'warn')];
    case 'done': {
      if (dialog.outcome === undefined) return [];
      const { glyph, tone } = signOf(dialog.outcome.status);
      const hint = outcomeHint(dialog.outcome);
      return [
        span(`${glyph} ${outcomeText(dialog.outcome, row.view)}`, tone, true),
        ...(hint === '' ? [] : [span(' · ', 'muted'), span(hint, 'accent')]),
      ];
    }
  }
}

function value(dialog: WriteDialog, row: PointRow, room: number): Span[] {
  const unit = row.view.unit === undefined ? '' : ` ${row.view.unit}`;
  if (dialog.stage === 'edit')
    return [span(`${cutStart(dialog.text, room - unit.length)}${CURSOR}`, 'focus'), span(unit, 'muted')];
  return [
    span(`${dialog.from ?? row.view.text}${unit}`, 'muted'),
    span(' → ', 'muted'),
    span(valueText(dialog.value ?? null, row.view, dialog.from), 'focus'),
  ];
}

/** The write dialog: now, what may be written, what is going to be written, and what came of it. */
export function Dialog(props: { readonly model: Model; readonly area: Area }): ReactNode {
  const { model, area } = props;
  const { ascii } = useTheme();
  const { dialog } = model;
  const row = dialogPoint(model);
  if (dialog === undefined) return null;
  const width = innerWidth(area.width);
  const title = [span('write ', 'accent'), span(`${dialog.device}/${dialog.point}`, 'focus')];
  const lines: Span[][] = [];
  if (row === undefined) lines.push([span(' the gateway has no such point any more', 'bad')]);
  else {
    const unit = row.view.unit === undefined ? '' : ` ${row.view.unit}`;
    lines.push(
      [label('topic'), span(row.view.topic, 'muted')],
      [
        label('now'),
        span(`${row.view.text}${unit}`, 'plain', true),
        span('  '),
        stateSpan(row.view.quality),
        span(`  ${age(row.view.at, gatewayNow(model))} ago`, 'muted'),
      ],
      [label('range'), span(limitsOf(row.view))],
      [],
      [label(dialog.stage === 'edit' ? 'new' : 'change'), ...value(dialog, row, width - LABEL - 3)],
      [],
      ...wrapSpans(message(dialog, row), Math.max(1, width - 2), ascii).map((line) => [span(' '), ...line]),
    );
  }
  return <TextPanel title={title} width={area.width} height={area.height} focused lines={lines} />;
}
