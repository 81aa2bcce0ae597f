/** Files that survive a power cut whole, and files that shall not survive. */
import {
  chownSync,
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

interface FileOptions {
  readonly mode: number;
  /** Group; that of the folder when absent. Set by root only. */
  readonly gid?: number;
}

/** Writes a file whole: it has its old content or the new one, at any moment, and after the call the new one is on disk. */
export function writeWhole(path: string, content: string | Buffer, { mode, gid }: FileOptions): void {
  const folder = dirname(path);
  const temporary = `${path}.new`;
  const bytes = Buffer.from(content);
  const file = openSync(temporary, 'w', mode);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  if (process.geteuid?.() === 0) chownSync(temporary, 0, gid ?? statSync(folder).gid);
  renameSync(temporary, path);
  syncFolder(folder);
}

export function makeFolder(path: string, mode: number, group?: number): void {
  if (mkdirSync(path, { recursive: true, mode }) === undefined) return;
  if (process.geteuid?.() === 0 && group !== undefined) chownSync(path, 0, group);
}

export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Overwrites and removes. What the card's own controller still keeps is out of reach. */
export function shred(path: string): void {
  const file = openSync(path, 'r+');
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
  unlinkSync(path);
}
