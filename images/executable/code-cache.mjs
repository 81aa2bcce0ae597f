/** V8's compiled form of the program, so that starting does not compile it. It belongs to one Node on one architecture. */
import { spawnSync } from 'node:child_process';

/** Arguments: program, file of the cache. */
const generator = `
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');
const [program, cache] = process.argv.slice(1);
writeFileSync(cache, new Script(readFileSync(program, 'latin1'), { filename: 'hpmq' }).createCachedData());
`;

/**
 * Lets the target's Node write the cache. Another architecture's Node runs only where the machine has qemu-user and binfmt.
 *
 * @returns whether there is a cache now
 */
export function writeCodeCache(node, program, file) {
  if (spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() !== process.version) return false;
  // A fixed seed for V8's hashes: the same bytes in every build.
  const { status } = spawnSync(node, ['--random-seed=1', '-e', generator, program, file], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${node} could not write the code cache`);
  return true;
}
