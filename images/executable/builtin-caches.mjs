/**
 * Node brings code caches of its own modules, which V8 rejects, without a word, in a process that was started with other options
 * than those that Node was built with: everything that Node is made of would be compiled from its source at each start. V8 compares
 * a hash of all options, those included that say nothing about code, as ours do. That hash becomes ours.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/** V8's SerializedCodeData: what begins each code cache, as 32-bit numbers: magic number, version, source, options. */
const MAGIC_AND_VERSION = 8;
const OPTIONS = 12;

/** Node 24 has some 390; fewer than this, and they are not what we take them for. */
const EXPECTED = 300;

/**
 * @param file - a Node, changed in place
 * @param cache - a code cache that this Node made with the options in question
 */
export function acceptBuiltinCaches(file, cache) {
  const node = readFileSync(file);
  const made = readFileSync(cache);
  const start = made.subarray(0, MAGIC_AND_VERSION);
  const before = new Set();
  let found = 0;
  for (let at = node.indexOf(start); at >= 0; at = node.indexOf(start, at + 1)) {
    before.add(node.readUInt32LE(at + OPTIONS));
    made.copy(node, at + OPTIONS, OPTIONS, OPTIONS + 4);
    found++;
  }
  if (found < EXPECTED || before.size !== 1)
    throw new Error(`${file} has ${found} code caches for ${before.size} sets of options: this Node is another one`);
  writeFileSync(file, node);
}
