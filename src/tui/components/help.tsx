import type { ReactNode } from 'react';
import { helpLines } from '../help.js';
import type { Area } from '../layout.js';
import { span } from '../spans.js';
import type { Model } from '../state.js';
import { innerWidth, TextPanel } from './panel.js';

export function Help(props: { readonly model: Model; readonly area: Area }): ReactNode {
  const { model, area } = props;
  const lines = helpLines(model, innerWidth(area.width));
  const rows = Math.max(1, area.height - 2);
  const top = Math.min(model.help?.top ?? 0, Math.max(0, lines.length - rows));
  const more = top + rows < lines.length ? [span('↓ more with j', 'muted')] : undefined;
  return <TextPanel title={[span('keys')]} info={more} {...area} focused lines={lines.slice(top)} />;
}
