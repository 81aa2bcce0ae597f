/** The gateway's configuration from the boot partition: checked beside what is there already, then put in its place. */
import { chownSync, copyFileSync, cpSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ConfigError, type ConfigProblem } from '../config/errors.js';
import { loadConfig } from '../config/load.js';
import type { AnyAdapter } from '../core/adapter.js';
import { CONFIG_FILE } from './boot-files.js';
import { makeFolder, writeWhole } from './files.js';

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
      cpSync(current, staging, { recursive: true, filter: (path) => !relative(current, path).startsWith('.') });
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

/** Puts files in place, the configuration last: cut off at any moment, a second run completes it. */
export function placeConfig(folder: string, files: ReadonlyMap<string, Buffer>): void {
  const gid = statSync(folder).gid;
  for (const [name, content] of [...files].filter(([one]) => one !== CONFIG_FILE)) {
    makeFolder(join(folder, dirname(name)), 0o750, gid);
    writeWhole(join(folder, name), content, { mode: 0o640, gid });
  }
  const config = files.get(CONFIG_FILE);
  if (config === undefined) return;
  const place = join(folder, CONFIG_FILE);
  if (existsSync(place)) {
    copyFileSync(place, `${place}.previous`);
    if (process.geteuid?.() === 0) chownSync(`${place}.previous`, 0, gid);
  }
  writeWhole(place, config, { mode: 0o640, gid });
}
