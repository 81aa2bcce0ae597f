/** A line of the screen before it is drawn: pieces of text, each with a tone. */
import { clean, cut, widthOf } from './text.js';
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
    line.push({ ...item, text });
    left -= widthOf(text);
  }
  if (left > 0) line.push({ text: ' '.repeat(left) });
  return line;
}

/** `left` at the left edge, `right` at the right edge; when both do not fit, the left one is cut. */
export function spread(left: readonly Span[], right: readonly Span[], width: number, ascii = false): Span[] {
  const rightWidth = Math.min(width, spansWidth(right, ascii));
  return [...compose(left, width - rightWidth, ascii), ...compose(right, rightWidth, ascii)];
}
