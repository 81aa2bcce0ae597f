/**
 * Another file takes the place of the store, which is set aside. Ended at any moment, there is the store as it was, or the
 * next start ends what was begun. Runs in the worker.
 *
 *   store.sqlite.making       not whole yet
 *   store.sqlite.next-NAME    whole: takes the place
 *   store.sqlite.NAME         the one before it, with its log
 */
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const MAKING = '.making';
const NEXT = '.next-';

/** Where the new file is made: what an earlier start left there is gone. */
export function makingOf(file: string): string {
  for (const part of ['', '-wal', '-shm', '-journal']) rmSync(file + MAKING + part, { force: true });
  return file + MAKING;
}

/**
 * What was made at {@link makingOf}, closed, takes the place of `file`.
 *
 * @param reason - `damaged`, `newer`: begins the name of what is set aside
 * @param now - Unix ms, for that name
 * @returns what was set aside
 */
export function swapIn(file: string, reason: string, now: number): string {
  const folder = dirname(file);
  const name = `${reason}-${new Date(now).toISOString().replace(/[:.]/g, '-')}`;
  sync(file + MAKING);
  for (const earlier of nextOf(file)) rmSync(join(folder, earlier));
  renameSync(file + MAKING, file + NEXT + name);
  makingOf(file);
  sync(folder);
  renameSync(file, `${file}.${name}`);
  sync(folder);
  return finishSwap(file)!;
}

/**
 * Before the file is opened: ends a swap that was cut off.
 *
 * @returns what was set aside; undefined: nothing was to be done
 */
export function finishSwap(file: string): string | undefined {
  const folder = dirname(file);
  const [next] = nextOf(file);
  if (next === undefined) return undefined;
  if (existsSync(file)) {
    // It was not begun: what led to it is found once more.
    for (const one of nextOf(file)) rmSync(join(folder, one));
    return undefined;
  }
  const setAside = `${file}.${next.slice(basename(file).length + NEXT.length)}`;
  // Beside the new file the log would be taken for its own.
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${setAside}-wal`);
  rmSync(`${file}-shm`, { force: true });
  sync(folder);
  renameSync(join(folder, next), file);
  sync(folder);
  return setAside;
}

function nextOf(file: string): readonly string[] {
  return readdirSync(dirname(file)).filter((name) => name.startsWith(basename(file) + NEXT));
}

/** @param path - a file or a folder */
export function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
