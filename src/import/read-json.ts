/** JSON with the lines of its parts: it is YAML to the parser, which keeps positions. */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { importError } from './errors.js';
import { type Scalar, Tree } from './tree.js';

/** @throws IMPORT_UNREADABLE */
export function readJson(text: string): Tree {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw importError('IMPORT_UNREADABLE', `the file is not JSON: ${(cause as Error).message}`, { cause });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, schema: 'json', logLevel: 'silent' });
  return treeOf(document.contents, lines);
}

function treeOf(node: unknown, lines: LineCounter): Tree {
  const line = lines.linePos((node as Node | null)?.range?.[0] ?? 0).line;
  if (isMap(node)) {
    return Tree.map(
      line,
      new Map(node.items.map(({ key, value }) => [String(isScalar(key) ? key.value : key), treeOf(value, lines)])),
    );
  }
  if (isSeq(node))
    return Tree.list(
      line,
      node.items.map((item) => treeOf(item, lines)),
    );
  return Tree.scalar(line, isScalar(node) ? (node.value as Scalar) : null);
}
