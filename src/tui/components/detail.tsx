import type { ReactNode } from 'react';
import { detailLines } from '../detail.js';
import type { Area } from '../layout.js';
import { selectedItem, tables } from '../select.js';
import { span } from '../spans.js';
import type { Model } from '../state.js';
import { useTheme } from './line.js';
import { innerWidth, TextPanel } from './panel.js';

/** Everything about the selected row; what does not fit is scrolled to. */
export function Detail(props: { readonly model: Model; readonly area: Area }): ReactNode {
  const { model, area } = props;
  const { ascii } = useTheme();
  const item = selectedItem(model);
  const title = item === undefined ? 'nothing selected' : tables[model.route.screen].key(item);
  const lines = detailLines(model, innerWidth(area.width), ascii);
  const page = Math.max(1, area.height - 2);
  const top = Math.min(model.detailTop, Math.max(0, lines.length - page));
  const below = lines.length - top - page;
  const more = below > 0 ? [span(`↓ ${below} more with ${model.pane === 1 ? 'j' : 'tab j'}`, 'muted')] : undefined;
  return (
    <TextPanel
      title={[span(model.route.screen === 'logs' ? 'line' : title)]}
      info={more}
      width={area.width}
      height={area.height}
      focused={model.pane === 1}
      lines={lines.slice(top)}
    />
  );
}
