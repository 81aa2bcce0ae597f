/** A line of the screen before it is drawn: pieces of text, each with a tone. */
import { clean, cut, widthOf, wrap } from './text.js';
import type { Tone } from './theme.js';

export interface Span {
  readonly text: string;
  readonly tone?: Tone | undefined;
  readonly bold?: boolean | undefined;
}

export const span = (text: string, tone: Tone = 'plain', bold = false): Span => ({ text, tone, bold });

export function spansWidth(spans: readonly Span[], ascii = false): number {
  let width = 0;
  for (const { text } of spans) width += widthOf(clean(text, ascii));
  return width;
}

/** Cleans the spans and makes them exactly `width` columns wide together: cut with an ellipsis, or padded. */
export function compose(spans: readonly Span[], width: number, ascii = false): Span[] {
  const line: Span[] = [];
  let left = width;
  for (const item of spans) {
    if (left === 0) break;
    const text = cut(clean(item.text, ascii), left, ascii);
    if (text === '') continue;
    append(line, { ...item, text });
    left -= widthOf(text);
  }
  if (left > 0) append(line, { text: ' '.repeat(left) });
  return line;
}

/** Pieces that look the same become one: every piece costs the terminal library an element. A space has no colour. */
function append(line: Span[], item: Span): void {
  const last = line.at(-1);
  const isSame =
    last !== undefined &&
    (/^ *$/.test(item.text) ||
      ((last.tone ?? 'plain') === (item.tone ?? 'plain') && (last.bold ?? false) === (item.bold ?? false)));
  if (isSame) line[line.length - 1] = { ...last, text: last.text + item.text };
  else line.push(item);
}

/** `left` at the left edge, `right` at the right edge; when both do not fit, the left one is cut. */
export function spread(left: readonly Span[], right: readonly Span[], width: number, ascii = false): Span[] {
  const rightWidth = Math.min(width, spansWidth(right, ascii));
  return [...compose(left, width - rightWidth, ascii), ...compose(right, rightWidth, ascii)];
}

/** Wraps spans to lines of `width` columns; a line keeps the tone of the span it begins in. */
export function wrapSpans(spans: readonly Span[], width: number, ascii: boolean): Span[][] {
  const text = spans.map((item) => clean(item.text, ascii)).join('');
  const lines: Span[][] = [];
  const ends: { readonly end: number; readonly span: Span }[] = [];
  let length = 0;
  for (const item of spans) {
    length += clean(item.text, ascii).length;
    ends.push({ end: length, span: item });
  }
  let from = 0;
  for (const line of wrap(text, width)) {
    const pieces: Span[] = [];
    let at = text.indexOf(line, from);
    if (at < 0) at = from;
    const end = at + line.length;
    while (at < end) {
      const owner = ends.find((candidate) => candidate.end > at);
      const until = Math.min(end, owner?.end ?? end);
      pieces.push({ ...(owner?.span ?? {}), text: text.slice(at, until) });
      at = until;
    }
    lines.push(pieces);
    from = end;
  }
  return lines;
}
