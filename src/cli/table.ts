/** Tables: aligned; on a terminal cut to its width, in a pipe whole. */
import stringWidth from 'string-width';
import { visible } from './text.js';
import type { Tone } from './tone.js';

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly align?: 'right';
  readonly tone?: (row: T) => Tone | undefined;
}

export interface TableOptions {
  /** Width of the terminal; undefined: nothing is cut. */
  readonly width: number | undefined;
  readonly paint: (tone: Tone, text: string) => string;
}

const GAP = '  ';
const MIN_WIDTH = 6;

/** Cuts text to a width in terminal cells. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let result = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const cells = stringWidth(segment);
    if (used + cells > width - 1) break;
    result += segment;
    used += cells;
  }
  return `${result}…`;
}

function pad(text: string, width: number, align: 'right' | undefined): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'right' ? space + text : text + space;
}

/** Takes from the widest column until all fit. */
function fit(widths: number[], total: number): void {
  const gaps = GAP.length * (widths.length - 1);
  for (;;) {
    const over = widths.reduce((sum, width) => sum + width, gaps) - total;
    const widest = Math.max(...widths);
    if (over <= 0 || widest <= MIN_WIDTH) return;
    const next = Math.max(MIN_WIDTH, ...widths.filter((width) => width < widest));
    const at = widths.indexOf(widest);
    widths[at] = Math.max(next === widest ? widest - 1 : Math.min(next, widest - 1), widest - over, MIN_WIDTH);
  }
}

export function tableLines<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  options: TableOptions,
): readonly string[] {
  const cells = rows.map((row) => columns.map((column) => visible(column.value(row))));
  const widths = columns.map((column, i) =>
    Math.max(stringWidth(column.title), ...cells.map((row) => stringWidth(row[i]!))),
  );
  if (options.width !== undefined) fit(widths, options.width);
  const line = (texts: readonly string[], paint: (text: string, i: number) => string) =>
    texts
      .map((text, i) => {
        const last = i === columns.length - 1 && columns[i]!.align === undefined;
        const short = cut(text, widths[i]!);
        return paint(last ? short : pad(short, widths[i]!, columns[i]!.align), i);
      })
      .join(GAP)
      .trimEnd();
  const header = line(
    columns.map(({ title }) => title),
    (text) => options.paint('muted', text),
  );
  return [
    header,
    ...rows.map((row, r) =>
      line(cells[r]!, (text, i) => {
        const tone = columns[i]!.tone?.(row);
        return tone === undefined ? text : options.paint(tone, text);
      }),
    ),
  ];
}
