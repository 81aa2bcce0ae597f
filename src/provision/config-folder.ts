/** The gateway's configuration from the boot partition: checked beside what is there already, then put in its place. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ConfigError, type ConfigProblem } from '../config/errors.js';
import { loadConfig } from '../config/load.js';
import type { AnyAdapter } from '../core/adapter.js';
import { CONFIG_FILE } from './boot-files.js';
import { dropAllBeside, dropBeside, makeFolder, putInPlace, writeBeside } from './files.js';

export interface ConfigCheck {
  /** Where the configuration is, or nowhere: then the new files are all there is. */
  readonly current: string | undefined;
  /** Name in the folder → content. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** A folder of our own to put both together in; removed at the end. */
  readonly staging: string;
  readonly adapters: readonly AnyAdapter[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostname: string;
}

/** @returns every problem of the configuration as it would be, files named as on the boot partition */
export function checkConfig({
  current,
  files,
  staging,
  adapters,
  env,
  hostname,
}: ConfigCheck): readonly ConfigProblem[] {
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true, mode: 0o700 });
  try {
    if (current !== undefined && existsSync(current)) {
      // Links are followed: what is written into the copy must not reach what they lead to.
      const filter = (path: string) => !relative(current, path).startsWith('.') && canBeCopied(path);
      cpSync(current, staging, { recursive: true, dereference: true, filter });
    }
    for (const [name, content] of files) {
      mkdirSync(dirname(join(staging, name)), { recursive: true });
      writeFileSync(join(staging, name), content, { mode: 0o600 });
    }
    if (!existsSync(join(staging, CONFIG_FILE))) return [];
    loadConfig({ file: join(staging, CONFIG_FILE), cwd: staging, adapters, env, hostName: hostname });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((one) => ({ ...one, message: one.message.replaceAll(`${staging}/`, '') }));
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function canBeCopied(path: string): boolean {
  try {
    const kind = statSync(path);
    return kind.isFile() || kind.isDirectory();
  } catch {
    return false;
  }
}

/** So that a second run leaves alone what the first has made, above all the configuration before. */
function isThereAlready(path: string, content: Buffer): boolean {
  try {
    return content.equals(readFileSync(path));
  } catch {
    return false;
  }
}

/**
 * Puts files in place, the configuration last: cut off at any moment, a second run completes it.
 * All of them are on disk before the first is put in place: a disk that is full changes nothing.
 */
export function placeConfig(folder: string, files: ReadonlyMap<string, Buffer>): void {
  dropAllBeside(folder);
  const fresh = new Map([...files].filter(([name, content]) => !isThereAlready(join(folder, name), content)));
  const config = fresh.get(CONFIG_FILE);
  if (config !== undefined) {
    fresh.delete(CONFIG_FILE);
    const place = join(folder, CONFIG_FILE);
    if (existsSync(place)) fresh.set(`${CONFIG_FILE}.previous`, readFileSync(place));
    fresh.set(CONFIG_FILE, config);
  }
  const gid = statSync(folder).gid;
  try {
    for (const [name, content] of fresh) {
      makeFolder(join(folder, dirname(name)), 0o750, gid);
      writeBeside(join(folder, name), content, { mode: 0o640, gid });
    }
    for (const name of fresh.keys()) putInPlace(join(folder, name));
  } catch (error) {
    for (const name of fresh.keys()) dropBeside(join(folder, name));
    throw error;
  }
}
