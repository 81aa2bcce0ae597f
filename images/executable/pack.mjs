/**
 * All parts in one file, each with its code cache behind it, those that are used together side by side: what is mapped of an
 * executable is what was read, and some pages around. (Node reads the head of every asset at each start: many assets would bring in all.)
 */
import { readFileSync } from 'node:fs';

/** V8 copies a code cache that does not begin at a multiple of this. */
const ALIGNMENT = 8;

/**
 * @param parts - name → text
 * @param caches - name → file; may be empty
 * @returns the file, and where things are: name → start and length of the text, and of its code cache
 */
export function packParts(parts, caches) {
  const pieces = [];
  const index = {};
  let length = 0;
  const append = (bytes) => {
    const padding = (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;
    pieces.push(Buffer.alloc(padding), bytes);
    length += padding + bytes.length;
    return [length - bytes.length, bytes.length];
  };
  for (const name of inOrderOfUse(parts)) {
    index[name] = append(Buffer.from(parts.get(name), 'latin1'));
    if (caches.has(name)) index[name].push(...append(readFileSync(caches.get(name))));
  }
  return { packed: Buffer.concat(pieces), index: JSON.stringify(index) };
}

/** Depth first from the program on, then from the threads. */
function inOrderOfUse(parts) {
  const ordered = new Set();
  const visit = (name) => {
    if (ordered.has(name)) return;
    ordered.add(name);
    for (const [, used] of parts.get(name).matchAll(/\brequire\("\.\/([\w-]+)\.js"\)/g)) visit(used);
  };
  visit('program');
  for (const name of parts.keys()) visit(name);
  return ordered;
}
