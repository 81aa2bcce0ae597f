/** The only place where text is drawn: every line is cleaned, and exactly as wide as it has room. */
import { Text } from 'ink';
import { createContext, memo, type ReactNode, useContext } from 'react';
import { compose, type Span } from '../spans.js';
import { styleOf, type Theme } from '../theme.js';

export const ThemeContext = createContext<Theme>({ ascii: false, motion: true, screenReader: false, dimmed: false });

export function useTheme(): Theme {
  return useContext(ThemeContext);
}

export function Line(props: { readonly spans: readonly Span[]; readonly width: number }): ReactNode {
  const theme = useTheme();
  return props.width < 1 ? null : <Pieces spans={compose(props.spans, props.width, theme.ascii)} theme={theme} />;
}

interface PiecesProps {
  readonly spans: readonly Span[];
  readonly theme: Theme;
}

const isSameSpan = (a: Span, b: Span | undefined) => a.text === b?.text && a.tone === b.tone && a.bold === b.bold;

/** Most lines are the same in the next frame: they are neither laid out nor measured again. */
const Pieces = memo(
  ({ spans, theme }: PiecesProps): ReactNode => (
    <Text wrap="truncate">
      {spans.map((item, index) => {
        const style = styleOf(theme, item.tone ?? 'plain');
        // Dimmed and bold at once looks like neither.
        const bold = !theme.dimmed && (item.bold === true || style.bold === true);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line have no identity but their place
          <Text key={index} {...style} bold={bold}>
            {item.text}
          </Text>
        );
      })}
    </Text>
  ),
  (before, after) =>
    before.theme.dimmed === after.theme.dimmed &&
    before.spans.length === after.spans.length &&
    before.spans.every((item, i) => isSameSpan(item, after.spans[i])),
);

/** Lines one below the other. */
export function Lines(props: { readonly lines: readonly (readonly Span[])[]; readonly width: number }): ReactNode {
  return props.lines.map((spans, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place
    <Line key={index} spans={spans} width={props.width} />
  ));
}
