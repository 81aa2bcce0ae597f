import type { ReactNode } from 'react';
import type { Area } from '../layout.js';
import { gatewayNow, selectedItem, tables } from '../select.js';
import { type Span, span } from '../spans.js';
import type { Model } from '../state.js';
import { clean, wrap } from '../text.js';
import { useTheme } from './line.js';
import { innerWidth, TextPanel } from './panel.js';

const LABEL = 11;

/** Wraps spans to lines of `width` columns; a line keeps the tone of the span it begins in. */
export function wrapSpans(spans: readonly Span[], width: number, ascii: boolean): Span[][] {
  const text = spans.map((item) => clean(item.text, ascii)).join('');
  const lines: Span[][] = [];
  const ends: { readonly end: number; readonly span: Span }[] = [];
  let length = 0;
  for (const item of spans) {
    length += clean(item.text, ascii).length;
    ends.push({ end: length, span: item });
  }
  let from = 0;
  for (const line of wrap(text, width)) {
    const pieces: Span[] = [];
    let at = text.indexOf(line, from);
    if (at < 0) at = from;
    const end = at + line.length;
    while (at < end) {
      const owner = ends.find((candidate) => candidate.end > at);
      const until = Math.min(end, owner?.end ?? end);
      pieces.push({ ...(owner?.span ?? {}), text: text.slice(at, until) });
      at = until;
    }
    lines.push(pieces);
    from = end;
  }
  return lines;
}

/** Everything about the selected row. */
export function Detail(props: { readonly model: Model; readonly area: Area }): ReactNode {
  const { model, area } = props;
  const { ascii } = useTheme();
  const table = tables[model.route.screen];
  const item = selectedItem(model);
  const width = innerWidth(area.width);
  const room = Math.max(1, width - LABEL - 2);
  const lines: Span[][] = [];
  if (item !== undefined) {
    for (const { label, spans } of table.detail?.(item, { now: gatewayNow(model), width: room }) ?? []) {
      wrapSpans(spans, room, ascii).forEach((value, i) => {
        lines.push([span(` ${(i === 0 ? label : '').slice(0, LABEL - 1).padEnd(LABEL)}`, 'muted'), ...value]);
      });
    }
  }
  const title = item === undefined ? 'nothing selected' : table.key(item);
  return (
    <TextPanel
      title={[span(model.route.screen === 'logs' ? 'line' : title)]}
      width={area.width}
      height={area.height}
      lines={lines}
    />
  );
}
