/**
 * Versions of functions that the configuration does not name any more: `<data>/functions/<name>`, removed when they have not
 * been named for {@link GRACE}. Who takes a function out and back in finds its versions, and can roll back.
 */
import { readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.js';
import { OWN_FILE } from './version-folder.js';

/** ms: a week. */
export const GRACE = 7 * 86_400_000;
/** When a start first found the function not named, Unix ms. */
const MARK = 'removed-at';

/**
 * To be called once at each start. Never rejects: what cannot be removed is looked at again the next time.
 *
 * @returns names of functions whose versions are gone
 */
export async function tidyRemoved(
  data: string,
  configured: ReadonlySet<string>,
  clock: Clock,
): Promise<readonly string[]> {
  const root = join(data, 'functions');
  const gone: string[] = [];
  for (const entry of await readdir(root, { withFileTypes: true }).catch(() => [])) {
    const folder = join(root, entry.name);
    if (!entry.isDirectory()) continue;
    if (configured.has(entry.name)) await rm(join(folder, MARK), { force: true }).catch(() => {});
    else if (await isDue(folder, clock).catch(() => false)) {
      const removed = await empty(folder).catch(() => false);
      if (removed) gone.push(entry.name);
    }
  }
  return gone;
}

async function isDue(folder: string, clock: Clock): Promise<boolean> {
  const files = await readdir(folder);
  // Not ours, or a folder that was left half removed.
  if (!files.includes('state.json') && !files.includes(MARK)) return false;
  // A clock that is years behind or ahead is no reason to remove anything.
  if (clock.quality?.() === 'unsynced') return false;
  const now = clock.now();
  const since = files.includes(MARK) ? Number(await readFile(join(folder, MARK), 'utf8')) : Number.NaN;
  if (since > 0 && since <= now) return now - since >= GRACE;
  await writeFile(join(folder, MARK), `${now}\n`);
  return false;
}

/** What is not of the gateway stays, and so does the folder then. */
async function empty(folder: string): Promise<boolean> {
  for (const name of await readdir(folder)) {
    if (OWN_FILE.test(name) || name === 'state.json') await rm(join(folder, name));
  }
  await rm(join(folder, MARK), { force: true });
  return rmdir(folder).then(
    () => true,
    () => false,
  );
}
