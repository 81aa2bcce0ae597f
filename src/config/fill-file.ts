/** The edit of a file is written beside it, whole and on the disk, before it takes its place. */
import { fchownSync, fsyncSync, type Stats, writeSync } from 'node:fs';

/** Gives the open new file its text and the owner of the old one. Throws what the file system says. */
export function fillFile(file: number, text: string, old: Stats | undefined): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  if (old !== undefined && (old.uid !== process.geteuid?.() || old.gid !== process.getegid?.())) {
    fchownSync(file, old.uid, old.gid);
  }
  fsyncSync(file);
}
