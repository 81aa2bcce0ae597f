/**
 * What was taken in leaves the boot partition: it may hold secrets. Renamed first, so that no moment leaves a file that is
 * read and is not whole:
 *
 *   provision.yaml ── renamed, folder synced ──▶ provision.yaml.hpmq-taken ── zeroed, synced ──▶ removed
 */
import { lstatSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ConfigProblem } from '../config/errors.js';
import { CONFIG_FILE, CONFIG_FOLDER, KEYS_FILE, MAX_DEPTH, SETTINGS_FILE, TAKEN } from './boot-files.js';
import { shred, syncFolder } from './files.js';
import { problem, reasonOf } from './problem.js';

const HINT = 'remove it by hand: it may hold secrets';

export function clearCard(folder: string, names: readonly string[], problems: ConfigProblem[]): void {
  for (const name of names) {
    const path = join(folder, name);
    try {
      renameSync(path, path + TAKEN);
    } catch (error) {
      problems.push(problem(name, `was taken in, but cannot be removed here: ${reasonOf(error)}`, HINT));
      continue;
    }
    remove(folder, name + TAKEN, problems);
  }
  // Deepest first; one that still has something in it stays.
  const folders = names.flatMap((name) => name.split('/').map((_, i, parts) => parts.slice(0, i).join('/')));
  const ours = [...new Set(folders)].filter((one) => one.startsWith(CONFIG_FOLDER));
  for (const one of ours.sort().reverse()) {
    try {
      rmdirSync(join(folder, one));
    } catch {}
  }
}

/** Also when it cannot be read now. */
export function isOnCard(folder: string, name: string): boolean {
  try {
    lstatSync(join(folder, name));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

/** Removes what an earlier start renamed and had no time to remove. */
export function clearLeftOvers(folder: string, problems: ConfigProblem[]): void {
  const atTop = [SETTINGS_FILE, KEYS_FILE, CONFIG_FILE].map((name) => name + TAKEN);
  for (const name of [...atTop.filter((one) => isOnCard(folder, one)), ...leftIn(folder, CONFIG_FOLDER, 0)]) {
    remove(folder, name, problems);
  }
}

function remove(folder: string, name: string, problems: ConfigProblem[]): void {
  const path = join(folder, name);
  try {
    syncFolder(dirname(path));
    shred(path);
  } catch (error) {
    problems.push(problem(name, `was taken in, but cannot be removed here: ${reasonOf(error)}`, HINT));
  }
}

/** What cannot be read is told by whoever reads what is there to be taken in. */
function leftIn(folder: string, name: string, depth: number): readonly string[] {
  try {
    if (!lstatSync(join(folder, name)).isDirectory() || depth > MAX_DEPTH) return [];
    return readdirSync(join(folder, name), { withFileTypes: true }).flatMap((entry) => {
      const inside = `${name}/${entry.name}`;
      if (entry.isDirectory()) return leftIn(folder, inside, depth + 1);
      return entry.name.endsWith(TAKEN) ? [inside] : [];
    });
  } catch {
    return [];
  }
}
