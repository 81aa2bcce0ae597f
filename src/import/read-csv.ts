/** RFC 4180 with what spreadsheets make of it: a byte order mark, semicolons or tabs, any line end. */
import { importError } from './errors.js';
import { Tree } from './tree.js';

const SEPARATORS = [',', ';', '\t'];

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * @returns a list of maps by the names of the first row, in small letters
 * @throws IMPORT_UNREADABLE
 */
export function readCsv(text: string): Tree {
  const first = text.split(/\r?\n/, 1)[0] ?? '';
  const count = (separator: string) => first.split(separator).length;
  const separator = SEPARATORS.toSorted((a, b) => count(b) - count(a))[0]!;
  const [header, ...rows] = rowsOf(text.replace(/^\ufeff/, ''), separator);
  if (header === undefined) throw importError('IMPORT_EMPTY', 'the file has no rows');
  const names = header.cells.map((cell) => cell.trim().toLowerCase());
  return Tree.list(
    1,
    rows
      .filter(({ cells }) => cells.some((cell) => cell.trim() !== ''))
      .map(({ line, cells }) => {
        if (cells.length > names.length && cells.slice(names.length).some((cell) => cell.trim() !== '')) {
          throw importError(
            'IMPORT_UNREADABLE',
            `line ${line} has ${cells.length} cells, the first row ${names.length}`,
          );
        }
        const filled = cells
          .map((cell, index) => [names[index] ?? '', cell.trim()] as const)
          .filter(([, cell]) => cell);
        return Tree.map(line, new Map(filled.map(([name, cell]) => [name, Tree.scalar(line, cell)])));
      }),
  );
}

function* rowsOf(text: string, separator: string): Generator<Row> {
  let line = 1;
  let start = 1;
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const char = text[index]!;
    if (char === '\n') line++;
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[index + 1] === '"') {
        cell += '"';
        index++;
      } else quoted = false;
    } else if (char === '"' && cell.trim() === '') {
      quoted = true;
      cell = '';
    } else if (char === separator) {
      cells.push(cell);
      cell = '';
    } else if (char === '\n') {
      yield { line: start, cells: [...cells, cell.replace(/\r$/, '')] };
      cells = [];
      cell = '';
      start = line;
    } else cell += char;
  }
  if (quoted) throw importError('IMPORT_UNREADABLE', `the quotes that open in line ${start} are never closed`);
  if (cells.length > 0 || cell.trim() !== '') yield { line: start, cells: [...cells, cell] };
}
