/** The only place where text is drawn: every line is cleaned, and exactly as wide as it has room. */
import { Text } from 'ink';
import { createContext, type ReactNode, useContext } from 'react';
import { compose, type Span } from '../spans.js';
import { styleOf, type Theme } from '../theme.js';

export const ThemeContext = createContext<Theme>({ ascii: false, motion: true, screenReader: false, dimmed: false });

export function useTheme(): Theme {
  return useContext(ThemeContext);
}

export function Line(props: { readonly spans: readonly Span[]; readonly width: number }): ReactNode {
  const theme = useTheme();
  if (props.width < 1) return null;
  const spans = compose(props.spans, props.width, theme.ascii);
  return (
    <Text wrap="truncate">
      {spans.map((item, index) => {
        const style = styleOf(theme, item.tone ?? 'plain');
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line have no identity but their place
          <Text key={index} {...style} bold={item.bold === true || style.bold === true}>
            {item.text}
          </Text>
        );
      })}
    </Text>
  );
}

/** Lines one below the other. */
export function Lines(props: { readonly lines: readonly (readonly Span[])[]; readonly width: number }): ReactNode {
  return props.lines.map((spans, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place
    <Line key={index} spans={spans} width={props.width} />
  ));
}
