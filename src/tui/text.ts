/** Text that is safe to draw, and its width in terminal columns. */
import stringWidth from 'string-width';

/** Controls, format characters (bidirectional, zero width), lone surrogates, unassigned and separator code points. */
const UNSAFE = /\p{Cc}|\p{Cf}|\p{Cs}|\p{Co}|\p{Cn}|\p{Zl}|\p{Zp}|\p{Default_Ignorable_Code_Point}/gu;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** Characters that are one column wide each, whatever stands beside them: ASCII, Latin-1, and the glyphs of the screens. */
const SINGLE_COLUMN =
  /^[\x20-\x7e\xa1-\xa8\xaa-\xac\xaf-\xff\u2013\u2014\u2026\u2192\u2190\u2191\u2193\u23ce\u2500-\u257f\u2580-\u259f\u25b4\u25b8\u25be\u25cb\u25cf\u25d0\u2715]*$/;
const NOT_ASCII = /[^\x20-\x7e]/gu;

/** What the ASCII set shows for each glyph of ours, and for the usual characters of units. */
const asciiGlyphs: Readonly<Record<string, string>> = {
  '●': '*',
  '◐': '~',
  '○': 'o',
  '✕': 'x',
  '▸': '>',
  '▾': 'v',
  '▴': '^',
  '—': '-',
  '–': '-',
  '…': '~',
  '·': '.',
  '→': '->',
  '│': '|',
  '─': '-',
  '┌': '+',
  '┐': '+',
  '⏎': 'enter',
  '↑': 'up',
  '↓': 'down',
  '←': 'left',
  '█': '_',
  '▁': '_',
  '▂': '.',
  '▃': ':',
  '▄': '-',
  '▅': '=',
  '▆': '+',
  '▇': '#',
  '°': '',
  µ: 'u',
  μ: 'u',
  Ω: 'Ohm',
  '²': '2',
  '³': '3',
  '‰': '0/00',
};

/**
 * Makes text from anywhere safe to draw: nothing that moves the cursor, changes colours, reorders or hides text remains.
 * Idempotent.
 *
 * @param ascii - also replaces everything outside printable ASCII
 */
export function clean(text: string, ascii = false): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  const safe = text.replace(UNSAFE, (c) => (c === '\t' || c === '\n' || c === '\r' ? ' ' : '·'));
  return ascii ? safe.replace(NOT_ASCII, (c) => asciiGlyphs[c] ?? '?') : safe;
}

/** Columns of cleaned text. */
export function widthOf(text: string): number {
  return SINGLE_COLUMN.test(text) ? text.length : stringWidth(text);
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The longest beginning of cleaned text that fits into `width` columns. */
export function headOf(text: string, width: number): string {
  if (width <= 0) return '';
  if (SINGLE_COLUMN.test(text)) return text.slice(0, width);
  let used = 0;
  let end = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    used += widthOf(segment);
    if (used > width) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}

/** Cuts cleaned text to `width` columns, with an ellipsis where something is missing. */
export function cut(text: string, width: number, ascii = false): string {
  // A payload can be long: what lies far behind the edge need not be measured.
  const near = text.length > width * 8 + 64 ? text.slice(0, width * 8 + 64) : text;
  if (near === text && widthOf(text) <= width) return text;
  return width < 1 ? '' : `${headOf(near, width - 1)}${ascii ? '~' : '…'}`;
}

/** Cuts text at its beginning, where its end tells more: a topic, a path. */
export function cutStart(text: string, width: number, ascii = false): string {
  const safe = clean(text, ascii);
  if (widthOf(safe) <= width) return safe;
  const units = [...graphemes.segment(safe)].map(({ segment }) => segment);
  let used = 1;
  let from = units.length;
  while (from > 0 && used + widthOf(units[from - 1]!) <= width) used += widthOf(units[--from]!);
  return width < 1 ? '' : `${ascii ? '~' : '…'}${units.slice(from).join('')}`;
}

/** Cuts or pads cleaned text to exactly `width` columns. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left', ascii = false): string {
  const short = cut(text, width, ascii);
  const rest = ' '.repeat(Math.max(0, width - widthOf(short)));
  return align === 'right' ? rest + short : short + rest;
}

/** Breaks cleaned text into lines of at most `width` columns, between words where it can. */
export function wrap(text: string, width: number): string[] {
  if (width < 1) return [];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    let rest = word;
    if (line !== '' && widthOf(line) + 1 + widthOf(rest) <= width) {
      line += ` ${rest}`;
      continue;
    }
    if (line !== '') lines.push(line);
    while (widthOf(rest) > width) {
      const head = headOf(rest, width) || rest.slice(0, 1);
      lines.push(head);
      rest = rest.slice(head.length);
    }
    line = rest;
  }
  lines.push(line);
  return lines;
}
