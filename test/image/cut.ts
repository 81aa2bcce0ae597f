/** The power goes in the middle of an update: wherever that is, a gateway comes back with its data. */
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { seeded } from '../support/random.js';
import { say } from './boot.js';
import { Bench, begin, GOOD, NO_CLOCK, type UpdateSetting } from './box.js';
import { bundleName } from './release.js';

/** While a release is installed, in its first start, or by turns. The first cut is in a first start: that tells how long an installation takes. */
const PLACES = ['both', 'installation', 'start'];

/** The power goes at moments that a seed chooses. @param place - one of PLACES */
export async function cutPower(setting: UpdateSetting, rounds: number, seed: number, place: string): Promise<void> {
  if (!PLACES.includes(place)) throw new Error(`${place} is none of ${PLACES.join(', ')}`);
  const random = seeded(seed);
  using bench = new Bench(setting, [GOOD]);
  // As this machine does it; a moment is a share of it.
  let installMs = 0;
  let startMs = 0;
  let slot = '';
  for (let round = 1; round <= rounds; round++) {
    await using box = bench.boot(NO_CLOCK);
    const booted = Date.now();
    const started = round === 1 ? await begin(box) : await box.ready();
    startMs = Date.now() - booted;
    const { version } = await box.confirmed();
    say(`round ${round}: version ${version} in slot ${started}; messages and session are there`);
    slot = started;
    await box.keep();
    const isFirstStart = round === 1 || place === 'start' || (place === 'both' && round % 2 === 1);
    await box.mountBundles();
    const start = Date.now();
    const installing = box.install(bundleName(GOOD));
    if (isFirstStart) {
      await box.machine.says(new RegExp(`hpmq: slot ${slot === 'A' ? 'B' : 'A'}, start 1`));
      installMs = Date.now() - start;
    }
    const moment = Math.floor(random() * (isFirstStart ? startMs : installMs));
    await sleep(moment);
    await box.machine.cut();
    await installing;
    const what = isFirstStart ? 'first start' : 'installation';
    say(`round ${round}: power cut ${moment} ms into the ${what}, after "${lastLine(box.machine.console())}"`);
  }
  await using box = bench.boot(NO_CLOCK);
  const last = await box.ready();
  await box.confirmed();
  say(`${rounds} power cuts (seed ${seed}): each time a gateway came back with its data, at last in slot ${last}`);
}

/** The last line of the console, without its colours. */
function lastLine(console: string): string {
  const lines = stripVTControlCharacters(console).split(/[\r\n]+/);
  return lines.findLast((line) => line.trim() !== '')?.trim() ?? '';
}
