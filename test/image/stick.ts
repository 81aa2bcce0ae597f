/** An update from a USB stick. */
import assert from 'node:assert/strict';
import { say } from './boot.js';
import { Bench, begin, GOOD, NO_CLOCK, type UpdateSetting } from './box.js';

/** Runs in the machine: the stick is there at its start, too. */
const SEEN_AGAIN = `for i in $(seq 60); do
  journalctl -b -u hpmq-update-usb | grep -q 'nothing newer to install' && exit 0
  sleep 2
done
journalctl -b -u hpmq-update-usb >&2
exit 1`;

/** A stick is put into a box that has no network and no clock with a battery, as a Raspberry Pi: it cannot know when the release was signed. */
export async function takeStick(setting: UpdateSetting): Promise<void> {
  using bench = new Bench(setting, [GOOD]);
  await using box = bench.boot(NO_CLOCK);
  await begin(box);
  await box.machine.plugIn('usb-storage,drive=stick,removable=on');
  say(`stick is put in on ${await box.ask('date -I')}`);
  await box.machine.says(/hpmq: slot B, start 1/, 600_000);
  assert.equal(await box.ready(), 'B');
  assert.equal((await box.status()).version, GOOD.version);
  await box.hasKept();
  await box.ask(SEEN_AGAIN);
  say('version of the stick confirmed in slot B; the stick that stays does nothing');
}
