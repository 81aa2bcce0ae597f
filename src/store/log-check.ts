/**
 * Looks at a write-ahead log before SQLite does: SQLite ends at the first frame whose checksum is wrong, and says nothing.
 * For a log that was cut that is right; for one that was damaged in its middle, what was committed behind is lost, and
 * somebody must be told. Format: https://www.sqlite.org/fileformat2.html#walformat. Runs in the worker.
 */
import { copyFileSync, readFileSync } from 'node:fs';
import type { DamagedLog } from './protocol.js';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;
/** Each commit is on disk before the next begins, so a power cut can spoil one. */
const SPOILT_BY_A_CUT = 1;

/** @param now - Unix ms, for the name of the copy that is set aside */
export function checkLog(file: string, now: number): DamagedLog | undefined {
  const log = `${file}-wal`;
  let lost: { commits: number; at: number } | undefined;
  try {
    lost = lostCommits(readFileSync(log));
  } catch {
    // There is none, or nobody may read it: SQLite says what there is to say.
    return undefined;
  }
  if (lost === undefined) return undefined;
  const setAside = `${log}.damaged-${new Date(now).toISOString().replace(/[:.]/g, '-')}`;
  try {
    copyFileSync(log, setAside);
  } catch {
    return { ...lost, setAside: undefined };
  }
  return { ...lost, setAside };
}

/** @returns commits behind a damaged frame, and where that begins; undefined: none but what a power cut may spoil */
export function lostCommits(log: Buffer): { commits: number; at: number } | undefined {
  if (log.length < HEADER_BYTES || (log.readUInt32BE(0) & ~1) !== MAGIC) return undefined;
  const isBigEndian = (log.readUInt32BE(0) & 1) === 1;
  const frameBytes = FRAME_HEADER_BYTES + log.readUInt32BE(8);
  const salt = log.readBigUInt64BE(16);
  const sums = new Uint32Array(2);
  add(sums, log, 0, 24, isBigEndian);
  if (!isSame(sums, log, 24)) return undefined;
  let damagedAt: number | undefined;
  let commits = 0;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    // Frames of an earlier round are left behind the last of this one.
    const isOfThisRound = log.readBigUInt64BE(at + 8) === salt;
    if (damagedAt === undefined) {
      add(sums, log, at, 8, isBigEndian);
      add(sums, log, at + FRAME_HEADER_BYTES, frameBytes - FRAME_HEADER_BYTES, isBigEndian);
      if (isOfThisRound && isSame(sums, log, at + 16)) continue;
      damagedAt = at;
    }
    if (isOfThisRound && log.readUInt32BE(at + 4) !== 0) commits++;
  }
  return damagedAt === undefined || commits <= SPOILT_BY_A_CUT ? undefined : { commits, at: damagedAt };
}

function isSame(sums: Uint32Array, log: Buffer, at: number): boolean {
  return sums[0] === log.readUInt32BE(at) && sums[1] === log.readUInt32BE(at + 4);
}

/** §4.2 of the format: pairs of words, each added to both sums; multiples of 8 bytes. */
function add(sums: Uint32Array, bytes: Buffer, start: number, length: number, isBigEndian: boolean): void {
  let first = sums[0]!;
  let second = sums[1]!;
  for (let at = start; at < start + length; at += 8) {
    first = (first + (isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + second) >>> 0;
    second = (second + (isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + first) >>> 0;
  }
  sums[0] = first;
  sums[1] = second;
}
