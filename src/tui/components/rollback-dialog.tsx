import type { ReactNode } from 'react';
import type { FunctionVersionView } from '../../api/contract.js';
import { absolute } from '../format.js';
import type { Area } from '../layout.js';
import { type Span, span, wrapSpans } from '../spans.js';
import type { Model } from '../state.js';
import { useTheme } from './line.js';
import { innerWidth, TextPanel } from './panel.js';

/** Asks before a function goes back to its version before. */
export function RollbackDialog(props: { readonly model: Model; readonly area: Area }): ReactNode {
  const { model, area } = props;
  const { ascii } = useTheme();
  const { rollback } = model;
  if (rollback === undefined) return null;
  const versions = model.data.functions.get(rollback.name)?.versions ?? [];
  const at = versions.findIndex(({ current }) => current);
  const target = versions.slice(at + 1).find(({ failed }) => !failed);
  const room = Math.max(1, innerWidth(area.width) - 2);
  const say = (...spans: readonly Span[]) => wrapSpans(spans, room, ascii).map((line) => [span(' '), ...line]);
  const lines = [
    ...(versions[at] === undefined ? [] : say(span('now    ', 'muted'), ...versionSpans(versions[at]))),
    ...(target === undefined ? [] : say(span('then   ', 'muted'), ...versionSpans(target))),
    [],
    ...say(span('calls under way end on the version that runs; what it keeps stays', 'plain')),
    [],
    ...(rollback.isSending
      ? say(span('◐ waiting for the gateway', 'warn'))
      : say(span('roll back now? ', 'warn', true), span('⏎ does, esc does not', 'muted'))),
  ];
  const title = [span('roll back ', 'accent'), span(rollback.name, 'focus')];
  return <TextPanel title={title} width={area.width} height={area.height} focused lines={lines} />;
}

function versionSpans({ digest, source, deployedAt }: FunctionVersionView): readonly Span[] {
  return [span(digest.slice(0, 19)), span(` ${source}, ${absolute(deployedAt)}`, 'muted')];
}
