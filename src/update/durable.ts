/** Files that are whole after a cut at any moment: written beside, synced, renamed, and the folder synced. */
import {
  chownSync,
  closeSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The file has its old or its new content, never something between. Its owner is that of the folder: root may help out. */
export function writeDurably(file: string, text: string): void {
  const folder = dirname(file);
  const beside = `${file}.new`;
  const handle = openSync(beside, 'w', 0o644);
  try {
    giveToOwner(handle, folder);
    writeSync(handle, text);
    fsyncSync(handle);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
  renameSync(beside, file);
  syncFolder(folder);
}

/** With those above it, each of the owner of the one that was there. */
export function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = dirname(folder);
  if (above !== folder) makeFolder(above);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(above);
  chownSync(folder, uid, gid);
}

/** What root writes into the folder of the gateway's user stays that user's. */
export function giveToOwner(handle: number, folder: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  fchownSync(handle, uid, gid);
}

/** @returns undefined: there is none, or it is no JSON object */
export function readJsonObject(file: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
