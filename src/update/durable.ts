/**
 * Files that are whole after a cut at any moment: written beside, synced, renamed, and the folder synced. They belong to
 * whom the folder belongs: root may help out.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
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
import { ActingAs } from './owner.js';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The file has its old or its new content, never something between; two who write at once do not mix. */
export function writeDurably(file: string, text: string): void {
  const folder = dirname(file);
  using _owner = new ActingAs(folder);
  const beside = `${file}.${randomBytes(6).toString('hex')}.new`;
  const handle = openSync(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  try {
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** With those above it. */
export function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  using _owner = new ActingAs(folder);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
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
