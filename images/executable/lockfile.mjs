/** What package-lock.json pins. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** Path → what is pinned there. */
export const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));

/** The lockfile's entry of a package: version and integrity, among others. */
export function locked(name) {
  const entry = packages[`node_modules/${name}`];
  if (entry?.integrity === undefined) throw new Error(`package-lock.json has no integrity for ${name}`);
  return entry;
}
