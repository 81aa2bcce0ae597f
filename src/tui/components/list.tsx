/** A list with its detail beside or below it. */
import { Box } from 'ink';
import type { ReactNode } from 'react';
import type { Area, Layout } from '../layout.js';
import { rowsOf, tables } from '../select.js';
import { type Span, span } from '../spans.js';
import type { Model } from '../state.js';
import { cutStart } from '../text.js';
import { Detail } from './detail.js';
import { Dialog } from './dialog.js';
import { KickDialog } from './kick-dialog.js';
import { innerWidth, Panel } from './panel.js';
import { RollbackDialog } from './rollback-dialog.js';
import { Table } from './table.js';

/** What the title of the topics has besides the filter. */
const TITLE_CHROME = 20;

/** `points (214/1032) /temp` */
export function listTitle(model: Model, width: number): Span[] {
  const { filter } = model.lists[model.route.screen];
  const { items, total } = rowsOf(model);
  const table = tables[model.route.screen];
  const isCut = filter !== '' && table.filtersItself !== true;
  const watched =
    model.route.screen === 'topics'
      ? [span(` ${cutStart(model.topicFilter, Math.max(8, width - TITLE_CHROME))}`, 'accent')]
      : [];
  return [
    span(table.noun),
    span(` (${isCut ? `${items.length}/` : ''}${total})`, 'muted'),
    ...watched,
    ...(filter === '' ? [] : [span(` /${filter}`, 'accent')]),
  ];
}

function sortInfo(model: Model): Span[] | undefined {
  const { sort, descending } = model.lists[model.route.screen];
  const column = tables[model.route.screen].columns(model).find(({ id }) => id === sort);
  return column === undefined
    ? undefined
    : [span(`by ${column.title.toLowerCase()} ${descending ? '▾' : '▴'}`, 'muted')];
}

function Pane(props: { readonly model: Model; readonly area: Area }): ReactNode {
  if (props.model.dialog !== undefined) return <Dialog {...props} />;
  if (props.model.rollback !== undefined) return <RollbackDialog {...props} />;
  return props.model.kick === undefined ? <Detail {...props} /> : <KickDialog {...props} />;
}

export function List(props: { readonly model: Model; readonly layout: Layout }): ReactNode {
  const { model, layout } = props;
  const { body, list, pane } = layout;
  return (
    <Box flexDirection={layout.beside ? 'row' : 'column'} width={body.width} height={body.height}>
      {list.height > 0 && (
        <Panel
          title={listTitle(model, list.width)}
          info={sortInfo(model)}
          width={list.width}
          height={list.height}
          focused={
            model.dialog === undefined && model.kick === undefined && model.rollback === undefined && model.pane === 0
          }
        >
          <Table model={model} width={innerWidth(list.width)} rows={layout.listRows} />
        </Panel>
      )}
      {pane !== undefined && <Pane model={model} area={pane} />}
    </Box>
  );
}
