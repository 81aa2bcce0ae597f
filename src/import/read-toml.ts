/** TOML 1.0 with the lines of its parts. Tables and arrays of tables are put where their headers say. */
import { type AST, getStaticTOMLValue, parseTOML } from 'toml-eslint-parser';
import { importError } from './errors.js';
import { type Scalar, Tree } from './tree.js';

/** A tree under construction. */
interface Branch {
  readonly line: number;
  readonly fields: Map<string, Branch | Branch[] | Tree>;
}

/** @throws IMPORT_UNREADABLE */
export function readToml(text: string): Tree {
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(text, { tomlVersion: '1.0' });
  } catch (cause) {
    const { message, lineNumber } = cause as Error & { lineNumber?: number };
    const place = lineNumber === undefined ? '' : ` (line ${lineNumber})`;
    throw importError('IMPORT_UNREADABLE', `the file is not TOML: ${message}${place}`, { cause });
  }
  const root: Branch = { line: 1, fields: new Map() };
  for (const node of program.body[0].body) {
    if (node.type === 'TOMLKeyValue') set(root, node);
    else {
      const table = open(root, node.key.keys.map(keyText), node.loc.start.line, node.kind === 'array');
      for (const pair of node.body) set(table, pair);
    }
  }
  return finish(root);
}

function keyText(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === 'TOMLBare' ? key.name : key.value;
}

/** The table that a header names; a name that is an array of tables means its last one. */
function open(root: Branch, keys: readonly string[], line: number, isArray: boolean): Branch {
  let branch = root;
  for (const [index, key] of keys.entries()) {
    const isLast = index === keys.length - 1;
    const known = branch.fields.get(key);
    if (isLast && isArray) {
      const entry: Branch = { line, fields: new Map() };
      if (Array.isArray(known)) known.push(entry);
      else branch.fields.set(key, [entry]);
      return entry;
    }
    if (Array.isArray(known)) branch = known.at(-1)!;
    else if (known !== undefined && !(known instanceof Tree)) branch = known;
    else {
      const next: Branch = { line, fields: new Map() };
      branch.fields.set(key, next);
      branch = next;
    }
  }
  return branch;
}

function set(branch: Branch, { key, value }: AST.TOMLKeyValue): void {
  const keys = key.keys.map(keyText);
  const line = key.loc.start.line;
  const parent = keys.length === 1 ? branch : open(branch, keys.slice(0, -1), line, false);
  parent.fields.set(keys.at(-1)!, contentOf(value));
}

function contentOf(node: AST.TOMLContentNode): Tree {
  const { line } = node.loc.start;
  if (node.type === 'TOMLArray') return Tree.list(line, node.elements.map(contentOf));
  if (node.type === 'TOMLInlineTable') {
    const table: Branch = { line, fields: new Map() };
    for (const pair of node.body) set(table, pair);
    return finish(table);
  }
  const value = getStaticTOMLValue(node) as unknown;
  return Tree.scalar(line, typeof value === 'object' || typeof value === 'bigint' ? String(value) : (value as Scalar));
}

function finish({ line, fields }: Branch): Tree {
  const finished = [...fields].map(([key, value]): [string, Tree] => [
    key,
    value instanceof Tree
      ? value
      : Array.isArray(value)
        ? Tree.list(value[0]?.line ?? line, value.map(finish))
        : finish(value),
  ]);
  return Tree.map(line, new Map(finished));
}
