/** V8's compiled form of the parts, so that starting does not compile them. It belongs to one Node on one architecture. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Arguments: folder, names. */
const generator = `
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');
const [folder, ...names] = process.argv.slice(1);
for (const name of names) {
  const script = new Script(readFileSync(join(folder, name + '.cjs'), 'latin1'), { filename: 'hpmq/' + name });
  writeFileSync(join(folder, name + '.cache'), script.createCachedData());
}
`;

/**
 * Lets the target's Node write NAME.cache beside each NAME.cjs. Another architecture's Node runs only where the machine has qemu-user and binfmt.
 *
 * @param flags - those that the executable gives to V8: it rejects a cache that was made with others
 * @returns name → file; empty when that Node does not run here
 */
export function writeCodeCaches(node, folder, names, flags) {
  if (spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() !== process.version) return new Map();
  // A fixed seed for V8's hashes: the same bytes in every build.
  const args = ['--random-seed=1', ...flags, '-e', generator, folder, ...names];
  const { status } = spawnSync(node, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${node} could not write the code cache`);
  return new Map(names.map((name) => [name, join(folder, `${name}.cache`)]));
}
