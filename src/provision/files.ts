/** Files that survive a power cut whole, and files that shall not survive. */
import {
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

interface FileOptions {
  readonly mode: number;
  /** Group; that of the folder when absent. Set by root only. */
  readonly gid?: number;
}

/** Of a name that nobody else gives, and that neither the card nor the check of a configuration looks at. */
const NEW = '.hpmq-new';
const MAX_DEPTH = 8;

const besideOf = (path: string) => join(dirname(path), `.${basename(path)}${NEW}`);

/** Writes a file whole: it has its old content or the new one, at any moment, and after the call the new one is on disk. */
export function writeWhole(path: string, content: string | Buffer, options: FileOptions): void {
  writeBeside(path, content, options);
  putInPlace(path);
}

/** The first half of {@link writeWhole}: what needs space. What was there holds. */
export function writeBeside(path: string, content: string | Buffer, { mode, gid }: FileOptions): void {
  const folder = dirname(path);
  const beside = besideOf(path);
  const bytes = Buffer.from(content);
  // One that a cut left may have another mode, or be a link: it is never written through.
  rmSync(beside, { force: true });
  const file = openSync(beside, 'wx', mode);
  try {
    if (process.geteuid?.() === 0) fchownSync(file, 0, gid ?? statSync(folder).gid);
    fchmodSync(file, mode);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** The second half of {@link writeWhole}. */
export function putInPlace(path: string): void {
  renameSync(besideOf(path), path);
  syncFolder(dirname(path));
}

export function dropBeside(path: string): void {
  rmSync(besideOf(path), { force: true });
}

/** Removes what a cut left in a folder and those below it: it may hold secrets. What cannot be read is no reason to stop. */
export function dropAllBeside(folder: string, depth = 0): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (depth < MAX_DEPTH) dropAllBeside(path, depth + 1);
      } else if (entry.name.startsWith('.') && entry.name.endsWith(NEW)) rmSync(path, { force: true });
    }
  } catch {}
}

/** With those above it; each is on disk, and of the group. */
export function makeFolder(path: string, mode: number, group?: number): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above, mode, group);
  mkdirSync(path, { mode });
  if (process.geteuid?.() === 0 && group !== undefined) chownSync(path, 0, group);
  syncFolder(above);
}

export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Overwrites and removes; what cannot be overwritten is removed all the same. What the card's own controller keeps is out of reach. */
export function shred(path: string): void {
  try {
    if (lstatSync(path).isFile()) overwrite(path);
  } finally {
    unlinkSync(path);
    syncFolder(dirname(path));
  }
}

function overwrite(path: string): void {
  const file = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    const zeros = Buffer.alloc(65_536);
    for (let left = fstatSync(file).size, at = 0; left > 0; ) {
      const written = writeSync(file, zeros, 0, Math.min(left, zeros.length), at);
      left -= written;
      at += written;
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
