/** The whole frame for a model: no hooks of the terminal, so that it can also be printed once. */
import { Box } from 'ink';
import type { ReactNode } from 'react';
import { layoutOf, MIN_COLUMNS, MIN_ROWS } from '../layout.js';
import { staleSince } from '../select.js';
import { span } from '../spans.js';
import type { Model } from '../state.js';
import type { Theme } from '../theme.js';
import { HintsLine, ProblemLine, StatusLine } from './bars.js';
import { Help } from './help.js';
import { Line, ThemeContext } from './line.js';
import { List } from './list.js';
import { Overview } from './overview.js';
import { Topics } from './topics.js';

function Body(props: { readonly model: Model }): ReactNode {
  const { model } = props;
  const layout = layoutOf(model);
  if (model.help !== undefined) return <Help model={model} area={layout.body} />;
  if (model.route.screen === 'overview') return <Overview model={model} layout={layout} />;
  if (model.route.screen === 'topics') return <Topics model={model} layout={layout} />;
  return <List model={model} layout={layout} />;
}

export interface ViewProps {
  readonly model: Model;
  readonly theme: Theme;
  /** Without a terminal there are no keys to hint at. */
  readonly hints?: boolean;
}

export function View(props: ViewProps): ReactNode {
  const { model } = props;
  const { tooSmall, frame, body, problemRows } = layoutOf(model);
  const { columns, rows } = model.size;
  const theme = { ...props.theme, dimmed: staleSince(model) !== undefined };
  if (tooSmall) {
    const text = `terminal too small: need ${MIN_COLUMNS}×${MIN_ROWS}, have ${columns}×${rows}`;
    return (
      <ThemeContext value={theme}>
        <Box width={frame.width} height={frame.height}>
          <Line spans={[span(text, 'warn')]} width={frame.width} />
        </Box>
      </ThemeContext>
    );
  }
  return (
    <ThemeContext value={theme}>
      <Box flexDirection="column" width={frame.width} height={frame.height}>
        <StatusLine model={model} />
        <Box height={body.height} flexShrink={0}>
          <Body model={model} />
        </Box>
        <ProblemLine model={model} rows={problemRows} />
        {props.hints !== false && <HintsLine model={model} />}
      </Box>
    </ThemeContext>
  );
}
