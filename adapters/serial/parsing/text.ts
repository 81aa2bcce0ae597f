/** Frames of text: a pattern with named groups, separated columns, columns at fixed places, JSON. */
import type { Pattern } from '../patterns/pattern.js';
import { decode, type Field, type Parser, type TextEncoding } from './fields.js';

/** Levels and entries of a JSON frame that are looked at. */
const MAX_DEPTH = 16;
const MAX_FIELDS = 1_000;

export function regexParser(pattern: Pattern, encoding: TextEncoding): Parser {
  return {
    names: new Set(pattern.names.keys()),
    parse: (content) => pattern.groups(decode(content, encoding)),
  };
}

/** @param columns - names in order; empty: a column that is of no interest. `quote` as in RFC 4180 */
export function csvParser(separator: string, columns: readonly string[], encoding: TextEncoding): Parser {
  return {
    names: new Set(columns.filter((name) => name !== '')),
    parse(content) {
      const cells = splitCsv(decode(content, encoding), separator);
      if (cells === undefined || cells.length < columns.length) return undefined;
      const fields = new Map<string, Field>();
      for (const [index, name] of columns.entries()) {
        const cell = cells[index]!.trim();
        if (name !== '' && cell !== '') fields.set(name, cell);
      }
      return fields;
    },
  };
}

/** @returns undefined when a quote is not closed */
function splitCsv(text: string, separator: string): readonly string[] | undefined {
  if (separator === ' ') return text.trim().split(/\s+/);
  const cells: string[] = [];
  for (let at = 0; ; ) {
    if (text[at] === '"') {
      let cell = '';
      for (at++; ; at++) {
        if (at >= text.length) return undefined;
        if (text[at] !== '"') cell += text[at];
        else if (text[at + 1] === '"') {
          cell += '"';
          at++;
        } else break;
      }
      cells.push(cell);
      at++;
      if (at >= text.length) return cells;
      if (!text.startsWith(separator, at)) return undefined;
      at += separator.length;
      continue;
    }
    const end = text.indexOf(separator, at);
    cells.push(text.slice(at, end < 0 ? undefined : end));
    if (end < 0) return cells;
    at = end + separator.length;
  }
}

export interface Column {
  readonly from: number;
  /** Absent: to the end. */
  readonly length: number | undefined;
}

export function columnsParser(columns: ReadonlyMap<string, Column>, encoding: TextEncoding): Parser {
  const least = Math.max(...[...columns.values()].map(({ from, length = 1 }) => from + length));
  return {
    names: new Set(columns.keys()),
    parse(content) {
      const text = decode(content, encoding);
      if (text.length < least) return undefined;
      return new Map(
        [...columns].map(([name, { from, length }]) => [
          name,
          text.slice(from, length === undefined ? undefined : from + length),
        ]),
      );
    },
  };
}

/** Nested values have paths: `sensor.temperature`, `values.0`. */
export const jsonParser: Parser = {
  names: undefined,
  parse(content) {
    let root: unknown;
    try {
      root = JSON.parse(decode(content, 'utf8'));
    } catch {
      return undefined;
    }
    if (typeof root !== 'object' || root === null) return undefined;
    const fields = new Map<string, Field>();
    flatten(root, '', fields, 0);
    return fields;
  },
};

function flatten(value: object, prefix: string, fields: Map<string, Field>, depth: number): void {
  for (const [key, inner] of Object.entries(value)) {
    if (fields.size >= MAX_FIELDS) return;
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (typeof inner === 'object' && inner !== null) {
      if (depth < MAX_DEPTH) flatten(inner, path, fields, depth + 1);
    } else if (typeof inner === 'string' || typeof inner === 'number' || typeof inner === 'boolean') {
      fields.set(path, inner);
    }
  }
}
