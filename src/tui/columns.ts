/** Widths of the columns of a table, by the width there is. */
import type { Span } from './spans.js';

export interface CellContext {
  /** The gateway's wall clock now, Unix ms. */
  readonly now: number;
  /** Columns the cell has. */
  readonly width: number;
}

export interface Column<T> {
  readonly id: string;
  readonly title: string;
  /** Columns of the terminal it needs at least, and takes at most; no `max`: never grows. */
  readonly min: number;
  readonly max?: number;
  /** 0: always there; the highest is dropped first. */
  readonly priority: number;
  readonly align?: 'left' | 'right';
  cell(item: T, context: CellContext): Span;
  /** What `s` sorts by, as large as the cell shows; absent: not sortable. null sorts last. */
  sort?(item: T): number | string | null;
  /** The largest first: what a person looks for. */
  readonly descends?: boolean;
}

export const COLUMN_GAP = 2;

export interface PlacedColumn<T> {
  readonly column: Column<T>;
  readonly width: number;
}

/** Drops columns by priority until the rest fits, then gives what is left to those that can grow, from the left. */
export function placeColumns<T>(columns: readonly Column<T>[], width: number): PlacedColumn<T>[] {
  const kept = [...columns];
  const need = () => kept.reduce((sum, column) => sum + column.min, 0) + COLUMN_GAP * (kept.length - 1);
  while (need() > width) {
    let worst = -1;
    for (let i = 0; i < kept.length; i++) {
      const priority = kept[i]!.priority;
      if (priority > 0 && (worst < 0 || priority >= kept[worst]!.priority)) worst = i;
    }
    if (worst < 0) break;
    kept.splice(worst, 1);
  }
  const widths = kept.map((column) => column.min);
  let spare = width - need();
  for (let i = 0; i < kept.length && spare > 0; i++) {
    const more = Math.min(spare, Math.max(0, (kept[i]!.max ?? 0) - widths[i]!));
    widths[i] = widths[i]! + more;
    spare -= more;
  }
  return kept.map((column, i) => ({ column, width: widths[i]! }));
}
