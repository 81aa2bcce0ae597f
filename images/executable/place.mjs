/** Tells an executable where in its own file the parts lie: runtime/parts.ts reads them there. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const PREFIX = 'hpmq-parts-at:';
const DIGITS = 12;

/**
 * @param file - the executable, changed in place
 * @param packed - the asset `parts`
 * @param count - how many scripts inside want to know it
 */
export function placeParts(file, packed, count) {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(packed);
  if (at < 0 || bytes.indexOf(packed, at + 1) >= 0) throw new Error(`${file} does not have the parts exactly once`);
  const wanted = `${PREFIX}${'0'.repeat(DIGITS)}`;
  const opened = openSync(file, 'r+');
  let found = 0;
  for (let place = bytes.indexOf(wanted); place >= 0; place = bytes.indexOf(wanted, place + 1)) {
    writeSync(opened, String(at).padStart(DIGITS, '0'), place + PREFIX.length);
    found++;
  }
  closeSync(opened);
  if (found !== count) throw new Error(`${file} asks ${found} times where the parts are, not ${count} times`);
}
