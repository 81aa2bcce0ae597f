import type { ReactNode } from 'react';
import { COLUMN_GAP, type PlacedColumn, placeColumns } from '../columns.js';
import { scrollTo } from '../layout.js';
import { cursorOf, gatewayNow, type Item, rowsOf, tables } from '../select.js';
import { type Span, span } from '../spans.js';
import type { Model } from '../state.js';
import { clean, fit } from '../text.js';
import { Line, useTheme } from './line.js';

/** Columns the cursor mark takes, and those that stay free at the right. */
const MARK = 2;
const MARGIN = 1;
const gap = span(' '.repeat(COLUMN_GAP));

function joined(cells: readonly Span[]): Span[] {
  return cells.flatMap((cell, i) => (i === 0 ? [cell] : [gap, cell]));
}

/** The rows of the list that fit, under their header. Only what is visible becomes elements. */
export function Table(props: { readonly model: Model; readonly width: number; readonly rows: number }): ReactNode {
  const { model, width, rows: height } = props;
  const { ascii } = useTheme();
  const table = tables[model.route.screen];
  const list = model.lists[model.route.screen];
  const { items } = rowsOf(model);
  const cursor = cursorOf(model);
  const now = gatewayNow(model);
  const placed = placeColumns(table.columns(model), width - MARK - MARGIN);

  const heading = ({ column, width: room }: PlacedColumn<Item>): Span => {
    const isSorted = list.sort === column.id;
    const mark = isSorted ? (list.descending ? ' ▾' : ' ▴') : '';
    const title = `${column.title}${mark}`;
    // A header as wide as its column has no room for the mark: its last letter gives way.
    const text = title.length > room && isSorted ? `${column.title.slice(0, room - 1)}${mark.trim()}` : title;
    return span(fit(clean(text, ascii), room, column.align, ascii), isSorted ? 'accent' : 'muted');
  };

  const row = (item: Item, isSelected: boolean): Span[] => {
    const cells = placed.map(({ column, width: room }, i) => {
      const cell = column.cell(item, { now, width: room });
      const text = fit(clean(cell.text, ascii), room, column.align, ascii);
      return isSelected && i === 0 ? span(text, 'focus') : { ...cell, text, bold: cell.bold === true || isSelected };
    });
    return [span(isSelected ? '▸ ' : '  ', 'focus'), ...joined(cells)];
  };

  const top = scrollTo(list.top, Math.max(0, cursor), height, items.length);
  return (
    <>
      <Line spans={[span(' '.repeat(MARK)), ...joined(placed.map(heading))]} width={width} />
      {items.slice(top, top + height).map((item, i) => (
        <Line key={table.key(item)} spans={row(item, top + i === cursor)} width={width} />
      ))}
      {items.length === 0 && <Line spans={[span(`  ${emptyText(model)}`, 'muted')]} width={width} />}
    </>
  );
}

function emptyText(model: Model): string {
  if (!model.data.loaded) return 'waiting for the gateway';
  const { filter } = model.lists[model.route.screen];
  if (filter !== '' && rowsOf(model).total > 0) return `nothing matches ${filter} · esc shows all`;
  if (model.route.screen === 'clients' && model.data.clients === undefined) return 'waiting for the gateway';
  return tables[model.route.screen].empty;
}
