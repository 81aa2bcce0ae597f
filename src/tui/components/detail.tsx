import type { ReactNode } from 'react';
import type { Area } from '../layout.js';
import { gatewayNow, selectedItem, tables } from '../select.js';
import { type Span, span, wrapSpans } from '../spans.js';
import type { Model } from '../state.js';
import { useTheme } from './line.js';
import { innerWidth, TextPanel } from './panel.js';

const LABEL = 11;

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
