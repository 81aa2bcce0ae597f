/** XML with the lines of its elements: children by name, several of one name as a list. Attributes are read as children. */
import sax from 'sax';
import { importError } from './errors.js';
import { Tree } from './tree.js';

interface Element {
  readonly name: string;
  readonly line: number;
  text: string;
  readonly children: Element[];
}

/** Deeper ones are an attack. */
const MAX_DEPTH = 64;

/** @throws IMPORT_UNREADABLE */
export function readXml(text: string): Tree {
  const root: Element = { name: '', line: 1, text: '', children: [] };
  const open: Element[] = [root];
  const parser = sax.parser(true, { trim: false, position: true });
  const fail = (message: string): never => {
    throw importError('IMPORT_UNREADABLE', `the file is not XML: ${message} (line ${parser.line + 1})`);
  };
  parser.onerror = (error) => fail(error.message.split('\n')[0] ?? '');
  parser.onopentag = ({ name, attributes }) => {
    const line = parser.line + 1;
    const element: Element = { name, line, text: '', children: [] };
    for (const [key, value] of Object.entries(attributes)) {
      element.children.push({ name: key, line, text: String(value), children: [] });
    }
    if (open.length > MAX_DEPTH) fail('its elements are nested too deeply');
    open.at(-1)!.children.push(element);
    open.push(element);
  };
  parser.onclosetag = () => {
    open.pop();
  };
  parser.ontext = parser.oncdata = (part) => {
    open.at(-1)!.text += part;
  };
  parser.write(text).close();
  return treeOf(root);
}

function treeOf({ line, text, children }: Element): Tree {
  if (children.length === 0) return Tree.scalar(line, text.trim());
  const fields = new Map<string, Element[]>();
  for (const child of children) fields.set(child.name, [...(fields.get(child.name) ?? []), child]);
  const trees = [...fields].map(([name, all]): [string, Tree] => [
    name,
    all.length === 1 ? treeOf(all[0]!) : Tree.list(all[0]!.line, all.map(treeOf)),
  ]);
  return Tree.map(line, new Map(trees));
}
