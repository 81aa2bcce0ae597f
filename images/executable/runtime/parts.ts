/**
 * Bytes of the parts, read from the executable's file: pages of its mapping that were once read stay resident, a Buffer goes
 * when what was in it is compiled.
 */
import { openSync, readSync } from 'node:fs';
import { asset } from './assets.js';

/** images/executable/place.mjs writes here where the asset `parts` lies in the file. */
const PLACE = 'hpmq-parts-at:000000000000';

/** Enough to know the asset by, bytes; at its very beginning, which Node has read already. */
const KNOWN_BY = 64;

const mapped = asset('parts');
const position = Number(PLACE.slice(-12));
/** Stays open: parts are read when they are needed, and an update may have replaced the file by then. */
const file = openOwnFile();

/** @returns `length` bytes from `start` on, at an address that is a multiple of 8; never written to */
export function readParts(start: number, length: number): Buffer {
  if (file !== undefined) {
    const bytes = Buffer.allocUnsafeSlow(length);
    if (readSync(file, bytes, 0, length, position + start) === length) return bytes;
  }
  return mapped.subarray(start, start + length);
}

/** @returns undefined where the file cannot be read, or is not ours: then the mapping serves */
function openOwnFile(): number | undefined {
  try {
    const opened = openSync('/proc/self/exe', 'r');
    const head = Buffer.alloc(KNOWN_BY);
    readSync(opened, head, 0, KNOWN_BY, position);
    return head.equals(mapped.subarray(0, KNOWN_BY)) ? opened : undefined;
  } catch {
    return undefined;
  }
}
