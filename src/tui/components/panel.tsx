import { Box } from 'ink';
import type { ReactNode } from 'react';
import { compose, type Span, span, spansWidth } from '../spans.js';
import { styleOf } from '../theme.js';
import { Line, Lines, useTheme } from './line.js';

export interface PanelProps {
  readonly title: readonly Span[];
  /** At the right end of the title line. */
  readonly info?: readonly Span[] | undefined;
  readonly width: number;
  readonly height: number;
  readonly focused?: boolean | undefined;
  readonly children?: ReactNode;
}

/** Columns inside a panel of this width. */
export function innerWidth(width: number): number {
  return Math.max(0, width - 2);
}

/** A frame with its title in the border. Without borders for a screen reader. */
export function Panel(props: PanelProps): ReactNode {
  const theme = useTheme();
  const { width, height } = props;
  if (width < 4 || height < 1) return null;
  const tone = props.focused === true ? 'accent' : 'muted';
  const style = styleOf(theme, tone);
  const info = props.info ?? [];
  const infoWidth = info.length === 0 ? 0 : spansWidth(info, theme.ascii) + 2;
  const titleRoom = Math.max(0, width - 4 - infoWidth - (infoWidth > 0 ? 1 : 0));
  const titleWidth = Math.min(titleRoom, spansWidth(props.title, theme.ascii) + 2);
  const title = compose([span(' '), ...props.title, span(' ')], titleWidth, theme.ascii);
  const dashes = Math.max(0, width - 3 - titleWidth - infoWidth - (infoWidth > 0 ? 1 : 0));
  const top: Span[] = [
    span(`${theme.screenReader ? '' : '┌─'}`, tone),
    ...title,
    span(theme.screenReader ? ' ' : '─'.repeat(dashes), tone),
    ...(infoWidth > 0 ? [span(' '), ...info, span(' '), span(theme.screenReader ? '' : '─', tone)] : []),
    span(theme.screenReader ? '' : '┐', tone),
  ];
  const border = theme.screenReader
    ? {}
    : {
        borderStyle: theme.ascii ? ('classic' as const) : ('single' as const),
        borderTop: false,
        ...(style.color === undefined ? {} : { borderColor: style.color }),
        borderDimColor: style.dimColor === true,
      };
  return (
    <Box flexDirection="column" width={width} height={height} flexShrink={0}>
      <Line spans={top} width={width} />
      <Box flexDirection="column" width={width} height={height - 1} flexShrink={0} {...border}>
        {props.children}
      </Box>
    </Box>
  );
}

/** A panel of lines; those that do not fit are not drawn. */
export function TextPanel(props: Omit<PanelProps, 'children'> & { readonly lines: readonly Span[][] }): ReactNode {
  const { lines, ...panel } = props;
  return (
    <Panel {...panel}>
      <Lines lines={lines.slice(0, Math.max(0, props.height - 2))} width={innerWidth(props.width)} />
    </Panel>
  );
}
