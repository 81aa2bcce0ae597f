/** What lies on the boot partition for us: read whole, with limits, before anything is changed. */
import { createHash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigProblem } from '../config/errors.js';
import { fileFault } from '../config/files.js';
import { problem } from './problem.js';

/** Name on the boot partition, with / between folders, and content. */
export type BootFiles = ReadonlyMap<string, Buffer>;

const MAX_FILES = 500;
const MAX_BYTES = 32_000_000;
export const MAX_DEPTH = 4;

export const SETTINGS_FILE = 'provision.yaml';
export const KEYS_FILE = 'authorized_keys';
export const CONFIG_FILE = 'hpmq.yaml';
export const CONFIG_FOLDER = 'hpmq';
/** End of the name of what was taken in and is about to be removed: never read. */
export const TAKEN = '.hpmq-taken';

export function isOfConfig(name: string): boolean {
  return name === CONFIG_FILE || name.startsWith(`${CONFIG_FOLDER}/`);
}

/** The same name in the folder of the configuration. */
export function nameInConfig(name: string): string {
  return name.startsWith(`${CONFIG_FOLDER}/`) ? name.slice(CONFIG_FOLDER.length + 1) : name;
}

export function contentHash(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** @returns the files, and what cannot be taken, which is left where it is */
export function readBootFiles(folder: string): { readonly files: BootFiles; readonly problems: ConfigProblem[] } {
  const files = new Map<string, Buffer>();
  const problems: ConfigProblem[] = [];
  let bytes = 0;
  const refuse = (file: string, message: string, hint: string) => {
    problems.push(problem(file, message, hint));
  };
  const take = (name: string, depth: number): void => {
    const path = join(folder, name);
    let stat: ReturnType<typeof lstatSync>;
    try {
      stat = lstatSync(path);
    } catch (error) {
      const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!isAbsent) refuse(name, `cannot be read: ${fileFault(error)}`, 'put the file there again');
      return;
    }
    if (stat.isDirectory() && depth <= MAX_DEPTH && isOfConfig(`${name}/`)) {
      // What macOS and others leave behind begins with a dot.
      let inside: readonly string[] = [];
      try {
        inside = readdirSync(path).filter((one) => !one.startsWith('.') && !one.endsWith(TAKEN));
      } catch (error) {
        refuse(name, `cannot be read: ${fileFault(error)}`, 'put the folder there again');
      }
      for (const one of inside.toSorted()) take(`${name}/${one}`, depth + 1);
      return;
    }
    if (name === CONFIG_FOLDER) refuse(name, 'is not a folder', 'make a folder of this name, with the files inside');
    else if (!stat.isFile()) refuse(name, 'is not a regular file', 'put the file itself there');
    else if (name === `${CONFIG_FOLDER}/${CONFIG_FILE}`)
      refuse(name, `is not where it is looked for`, `move it beside the folder ${CONFIG_FOLDER}`);
    else if (files.size >= MAX_FILES || bytes + stat.size > MAX_BYTES)
      refuse(name, `is more than ${MAX_FILES} files or ${MAX_BYTES / 1e6} MB in all`, 'take something away');
    else {
      try {
        const content = readWithoutLinks(path);
        bytes += content.length;
        // What a computer leaves that let go of the card too early, on FAT: the size is there, the content is not.
        if (content.length > 0 && content.every((byte) => byte === 0))
          refuse(name, 'was not written whole: it is all zeros', 'put the file there again, and eject the card');
        else files.set(name, content);
      } catch (error) {
        refuse(name, `cannot be read: ${fileFault(error)}`, 'put the file there again');
      }
    }
  };
  for (const name of [SETTINGS_FILE, KEYS_FILE, CONFIG_FOLDER, CONFIG_FILE]) take(name, 0);
  return { files, problems };
}

function readWithoutLinks(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}
