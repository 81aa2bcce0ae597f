/** Updates in a machine with UEFI and GRUB: a good release stays, a bad one is given up, what nobody of ours signed is refused. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { say } from './boot.js';
import { Bench, BUNDLES, begin, GOOD, type UpdateSetting } from './box.js';
import { bundleName, makeForeign, makeUnsigned, tamper } from './release.js';

const BROKEN = {
  version: '0.3.0',
  overlay: { 'etc/systemd/system/hpmq.service.d/99-broken.conf': '[Service]\nExecStart=\nExecStart=/bin/false\n' },
};

const REFUSED = {
  'tampered.raucb': 'UPDATE_TAMPERED',
  'unsigned.raucb': 'UPDATE_UNSIGNED',
  'foreign.raucb': 'UPDATE_UNTRUSTED',
};

/** What is not signed for this box is refused; what is, is installed, started and confirmed. */
export async function takeUpdate(setting: UpdateSetting): Promise<void> {
  using bench = new Bench(setting, [GOOD], (made, to) => {
    tamper(join(made, bundleName(GOOD)), join(to, 'tampered.raucb'));
    makeUnsigned(GOOD.version, join(to, 'unsigned.raucb'));
    makeForeign(GOOD.version, join(to, 'foreign.raucb'));
    return Object.keys(REFUSED);
  });
  await using box = bench.boot();
  await begin(box);
  const before = await box.status();
  for (const [file, code] of Object.entries(REFUSED)) {
    const { code: exit, stderr } = await box.install(file);
    say(`${file}: exit code ${exit}, ${stderr.trim().split('\n').slice(-3).join(' | ')}`);
    assert.equal(exit, 64);
    assert.ok(stderr.includes(code), stderr);
    const { slot, state, version } = await box.status();
    assert.deepEqual({ slot, state, version }, { slot: 'A', state: 'confirmed', version: before.version });
    assert.match(await box.environment(), /A_OK=1 A_TRY=0 .*ORDER=A B/);
  }
  const start = Date.now();
  const { code, stdout, stderr } = await box.install(bundleName(GOOD));
  say(`installed in ${Math.round((Date.now() - start) / 1_000)} s, exit code ${code}: ${(stdout + stderr).trim()}`);
  await box.machine.says(/hpmq: slot B, start 1/);
  assert.equal(await box.ready(), 'B');
  const { slot, version, state, previous, last } = await box.status();
  assert.deepEqual(
    { slot, version, state, previous },
    { slot: 'B', version: GOOD.version, state: 'confirmed', previous: before.version },
  );
  assert.equal(last?.outcome, 'confirmed');
  const environment = await box.environment();
  assert.match(environment, /A_OK=1 .*B_OK=1 B_TRY=0 ORDER=B A/);
  assert.match(await box.ask('hpmq --version; cat /etc/os-release'), /^hpmq 0\.2\.0 [\s\S]*VERSION_ID="0\.2\.0"/);
  await box.hasKept();
  say(`version ${version} confirmed in slot ${slot}; grubenv ${environment}; messages and session are there`);
  await box.ask('hpmq update rollback');
  await box.machine.says(/hpmq: slot A, start 1/);
  assert.equal(await box.ready(), 'A');
  assert.equal((await box.status()).last?.outcome, 'rolled-back');
  await box.hasKept();
  say(`rolled back to ${before.version}; messages and session are there`);
}

/** A release whose gateway does not come up goes back by itself. */
export async function fallBack(setting: UpdateSetting): Promise<void> {
  using bench = new Bench(setting, [BROKEN]);
  await using box = bench.boot();
  await begin(box);
  const start = Date.now();
  await box.install(bundleName(BROKEN));
  for (const sign of [
    /hpmq: slot B, start 1/,
    /hpmq: slot B did not prove itself, restarting/,
    /hpmq: slot B, start 2/,
    /hpmq: slot B had its starts, it is given up/,
    /hpmq: slot B did not prove itself, restarting/,
    /hpmq: slot A, start 1/,
  ]) {
    const [text] = await box.machine.says(sign, 900_000);
    say(text);
  }
  assert.equal(await box.ready(), 'A');
  const { slot, state, last } = await box.status();
  assert.deepEqual(
    { slot, state, failed: last?.version, outcome: last?.outcome },
    { slot: 'A', state: 'confirmed', failed: BROKEN.version, outcome: 'failed' },
  );
  await box.hasKept();
  say(
    `back in slot A after ${Math.round((Date.now() - start) / 1_000)} s: ${last?.reason}; grubenv ${await box.environment()}`,
  );
  await box.mountBundles();
  const again = await box.run(`hpmq update install ${BUNDLES}/${bundleName(BROKEN)} --only-newer`);
  assert.match(again.stdout + again.stderr, /nothing newer to install/);
}
