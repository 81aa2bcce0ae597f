/** Everything about the selected row, as lines. Pure. */
import { gatewayNow, selectedItem, shownData, tables } from './select.js';
import { type Span, span, wrapSpans } from './spans.js';
import type { Model } from './state.js';

const LABEL = 11;

export function detailLines(model: Model, width: number, ascii: boolean): Span[][] {
  const item = selectedItem(model);
  const room = Math.max(1, width - LABEL - 2);
  const rows =
    item === undefined
      ? []
      : (tables[model.route.screen].detail?.(item, { now: gatewayNow(model), data: shownData(model), width: room }) ??
        []);
  return rows.flatMap(({ label, spans }) =>
    wrapSpans(spans, room, ascii).map((value, i) => [
      span(` ${(i === 0 ? label : '').slice(0, LABEL - 1).padEnd(LABEL)}`, 'muted'),
      ...value,
    ]),
  );
}
