/** The image's updater against a `rauc` that is a script, and the texts of the real one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { hasFallenBack, isAfterSlotFallback, isSlotGivenUp, readRecord } from '../../../src/update/image-record.js';
import { ImageUpdater } from '../../../src/update/image-updater.js';
import { progressOf, raucFailure } from '../../../src/update/rauc.js';
import { tempFolder } from '../../support/gateway.js';
import { needs } from '../../support/peers.js';

/** What `rauc status --detailed --output-format=json` of RAUC 1.8 says. */
const statusOf = (booted: string, good: readonly string[], primary = 'A') =>
  JSON.stringify({
    ...{ compatible: 'hpmq-arm64', variant: '', booted, boot_primary: primary === 'A' ? 'rootfs.0' : 'rootfs.1' },
    slots: ['A', 'B'].map((bootname, index) => ({
      [`rootfs.${index}`]: {
        ...{ class: 'rootfs', device: `/dev/vda${index + 2}`, type: 'raw', bootname },
        ...{
          state: bootname === booted ? 'booted' : 'inactive',
          boot_status: good.includes(bootname) ? 'good' : 'bad',
        },
      },
    })),
  });

function machine(t: Test) {
  const folder = tempFolder(t);
  const rauc = join(folder, 'rauc');
  const set = (name: string, text: string) => writeFileSync(join(folder, name), text);
  writeFileSync(
    rauc,
    `#!/bin/sh
cd '${folder}'
echo "$*" >> calls
case "$1 $2" in
  'status --detailed') cat status ;;
  'status mark-'*) ;;
  info*) cat info ;;
  install*) sh ./install ;;
esac
`,
  );
  chmodSync(rauc, 0o755);
  set('calls', '');
  set('status', statusOf('A', ['A']));
  set('info', '{"compatible":"hpmq-arm64","version":"2.0.0"}');
  set('install', "echo ' 40% Checking bundle'; echo '100% Installing done.'");
  let boot = 'boot-1';
  const updates = join(folder, 'update');
  const at = (version: string, free?: () => number) =>
    new ImageUpdater({ folder: updates, version, rauc, bootId: () => boot, now: () => 5, ...(free && { free }) });
  const progress: unknown[] = [];
  const install = (updater: ImageUpdater, more: object = {}) =>
    updater.install({
      ...{ source: '/media/hpmq-2.0.0.raucb', allowDowngrade: false, facts: { links: ['cloud'] }, windowMs: 300_000 },
      ...{ signal: new AbortController().signal, onProgress: (one) => void progress.push(one), ...more },
    });
  const reboot = (slot: string, good: readonly string[], primary?: string) => {
    boot = `boot-${Math.random()}`;
    set('status', statusOf(slot, good, primary));
  };
  const calls = () => readFileSync(join(folder, 'calls'), 'utf8');
  const isGivenUp = (slot: string) => isSlotGivenUp(readRecord(updates), slot, boot);
  const isAfterFallback = (slot: string) => isAfterSlotFallback(readRecord(updates), slot, boot);
  return { folder, updates, set, at, install, progress, reboot, calls, isGivenUp, isAfterFallback };
}

t.test('installed, pending, on trial in the other slot, confirmed', async (t) => {
  const { at, install, progress, reboot, calls } = machine(t);
  t.match(await at('1.0.0').status(), { form: 'image', slot: 'A', state: 'confirmed', previous: null });
  t.strictSame(await install(at('1.0.0')), { version: '2.0.0', needs: 'reboot' });
  t.match(progress, [
    { phase: 'checking' },
    { phase: 'Checking bundle', percent: 40 },
    { percent: 100 },
    { phase: 'installed' },
  ]);
  t.match(await at('1.0.0').status(), { slot: 'A', state: 'pending', pending: '2.0.0', last: null });
  reboot('B', ['A', 'B']);
  t.match(await at('2.0.0').status(), { slot: 'B', state: 'trial', previous: '1.0.0', trial: { links: ['cloud'] } });
  await t.rejects(install(at('2.0.0')), { code: 'UPDATE_ON_TRIAL' });
  await at('2.0.0').markGood();
  t.match(calls(), /status mark-good/);
  t.match(await at('2.0.0').status(), { state: 'confirmed', previous: '1.0.0', last: { outcome: 'confirmed' } });
  t.match(await at('2.0.0').rollback(), { version: '1.0.0', needs: 'reboot' });
  t.match(calls(), /status mark-active other/);
});

t.test('a slot that did not confirm itself: the one before says so', async (t) => {
  const { folder, at, install, reboot } = machine(t);
  await install(at('1.0.0'));
  reboot('A', ['A']);
  t.match(await at('1.0.0').status(), { slot: 'A', state: 'confirmed', last: { version: '2.0.0', outcome: 'failed' } });
  t.ok(hasFallenBack(readRecord(join(folder, 'update')), 'A', 'another boot'));
  await t.rejects(at('1.0.0').rollback(), { code: 'UPDATE_NOTHING' });
});

t.test('what is refused leaves no record; an installation that was not started is taken back', async (t) => {
  const { folder, set, at, install, calls } = machine(t);
  set('info', '{"compatible":"other","version":"2.0.0"}');
  await t.rejects(install(at('1.0.0')), { code: 'UPDATE_INCOMPATIBLE' });
  set('info', '{"compatible":"hpmq-arm64","version":"0.9.0"}');
  await t.rejects(install(at('1.0.0')), { code: 'UPDATE_OLDER' });
  set('info', '{"compatible":"hpmq-arm64","version":"2.0.0"}');
  set('install', "echo 'LastError: Installation error: Input/output error' >&2; exit 1");
  await t.rejects(install(at('1.0.0')), { code: 'UPDATE_TAMPERED' });
  t.equal(readRecord(join(folder, 'update')), undefined);
  set('install', '');
  await install(at('1.0.0'));
  await at('1.0.0').rollback();
  t.match(calls(), /status mark-active booted/);
  t.match(await at('1.0.0').status(), { state: 'confirmed', pending: null, last: { outcome: 'rolled-back' } });
});

t.test('cut between the slot and the record: the start is a trial all the same', async (t) => {
  const { updates, set, at, install, reboot } = machine(t);
  // RAUC is done, and the power goes: what is on disk now is all that there will be.
  set('install', `cp '${updates}/image.json' '${updates}/at-the-cut'`);
  await install(at('1.0.0'));
  writeFileSync(join(updates, 'image.json'), readFileSync(join(updates, 'at-the-cut')));
  set('status', statusOf('A', ['A', 'B'], 'B'));
  t.match(await at('1.0.0').status(), { state: 'pending', pending: '2.0.0' }, 'RAUC went on without us');
  reboot('B', ['A', 'B'], 'B');
  t.match(await at('2.0.0').status(), { state: 'trial', trial: { links: ['cloud'] }, previous: '1.0.0' });
  await at('2.0.0').beginTrial();
  reboot('A', ['A'], 'A');
  t.match(await at('1.0.0').status(), { last: { version: '2.0.0', outcome: 'failed', reason: /did not confirm/ } });
});

t.test('cut while the slot was written: it was never started, and may be installed again', async (t) => {
  const { updates, set, at, install, reboot, isAfterFallback } = machine(t);
  set('install', `cp '${updates}/image.json' '${updates}/at-the-cut'`);
  await install(at('1.0.0'));
  writeFileSync(join(updates, 'image.json'), readFileSync(join(updates, 'at-the-cut')));
  reboot('A', ['A'], 'A');
  t.match(await at('1.0.0').status(), { state: 'confirmed', last: { outcome: 'failed', reason: /cut off/ } });
  t.ok(isAfterFallback('A'), 'should it have been started after all, the store may be taken back');
  t.match(await install(at('1.0.0'), { onlyNewer: true }), { version: '2.0.0' });
});

t.test('an installation that fails leaves the record as true as it was', async (t) => {
  const { updates, set, at, install, reboot } = machine(t);
  await install(at('1.0.0'));
  reboot('B', ['A', 'B'], 'B');
  await at('2.0.0').markGood();
  const confirmed = readRecord(updates);
  set('info', '{"compatible":"hpmq-arm64","version":"3.0.0"}');
  set('install', 'exit 1');
  await t.rejects(install(at('2.0.0')), { code: 'UPDATE_FAILED' });
  t.strictSame(readRecord(updates), confirmed);
  set('install', '');
  await install(at('2.0.0'));
  set('install', 'exit 1');
  await t.rejects(install(at('2.0.0')), { code: 'UPDATE_FAILED' });
  t.equal(readRecord(updates), undefined, 'what waited in the slot was overwritten');
});

t.test('only newer: by what is signed, with its pre-release, and not what failed before', async (t) => {
  const { set, at, install, reboot, calls } = machine(t);
  const onlyNewer = { onlyNewer: true };
  const bundle = (version: string) => set('info', JSON.stringify({ compatible: 'hpmq-arm64', version }));
  for (const [signed, running] of [
    ['2.0.0', '2.0.0'],
    ['2.0.0-rc.1', '2.0.0'],
    ['2.0.0-rc.1', '2.0.0-rc.1'],
    ['1.9.9', '2.0.0'],
  ] as const) {
    bundle(signed);
    await t.rejects(install(at(running), onlyNewer), { code: 'UPDATE_NOTHING' }, `${signed} on ${running}`);
  }
  t.notMatch(calls(), /^install/m, 'the slot is not touched');
  bundle('2.0.0-rc.2');
  t.match(await install(at('2.0.0-rc.1'), onlyNewer), { version: '2.0.0-rc.2' });
  await t.rejects(install(at('2.0.0-rc.1'), onlyNewer), { code: 'UPDATE_NOTHING' }, 'it waits already');
  reboot('A', ['A']);
  await t.rejects(install(at('2.0.0-rc.1'), onlyNewer), { code: 'UPDATE_NOTHING', message: /did not stay/ });
  t.match(await install(at('2.0.0-rc.1')), { version: '2.0.0-rc.2' }, 'a person may insist');
});

t.test('given up on its last start: the store goes back, and the slot before knows why', async (t) => {
  const { at, install, reboot, calls, isGivenUp, isAfterFallback } = machine(t);
  await t.rejects(at('1.0.0').giveUpTrial('x'), { code: 'UPDATE_NOTHING' });
  await install(at('1.0.0'));
  reboot('B', ['A'], 'B');
  t.notOk(isGivenUp('B'));
  t.match(await at('2.0.0').giveUpTrial('link cloud is down'), { version: '1.0.0', needs: 'reboot' });
  t.match(calls(), /status mark-active other/);
  t.ok(isGivenUp('B'), 'the gateway that stops now gives the store back');
  reboot('A', ['A'], 'A');
  t.ok(isAfterFallback('A'));
  t.match(await at('1.0.0').status(), {
    state: 'confirmed',
    last: { version: '2.0.0', outcome: 'failed', reason: 'link cloud is down' },
  });
  await t.rejects(install(at('1.0.0'), { onlyNewer: true }), { code: 'UPDATE_NOTHING' });
});

t.test('back, and forth again: only the slot that is left gives the store back', async (t) => {
  const { at, install, reboot, isGivenUp, isAfterFallback } = machine(t);
  await install(at('1.0.0'));
  reboot('B', ['A', 'B'], 'B');
  await at('2.0.0').markGood();
  t.match(await at('2.0.0').rollback(), { version: '1.0.0' });
  t.ok(isGivenUp('B'));
  reboot('A', ['A', 'B'], 'A');
  t.ok(isAfterFallback('A'));
  t.match(await at('1.0.0').status(), { previous: '2.0.0', last: { version: '2.0.0', outcome: 'rolled-back' } });
  t.match(await at('1.0.0').rollback(), { version: '2.0.0' });
  t.ok(isGivenUp('A'));
  reboot('B', ['A', 'B'], 'B');
  t.notOk(isGivenUp('B'), 'it is the one that is wanted now');
  t.match(await at('2.0.0').status(), { previous: '1.0.0', last: { version: '1.0.0', outcome: 'rolled-back' } });
  reboot('A', ['A', 'B'], 'B');
  t.notOk(isGivenUp('A'), 'the boot loader decided otherwise');
});

t.test('without a record a rollback makes one', async (t) => {
  const { at, reboot, isGivenUp } = machine(t);
  reboot('B', ['A', 'B'], 'B');
  await at('2.0.0').rollback();
  t.ok(isGivenUp('B'));
});

t.test('a confirmed slot is not marked anew', async (t) => {
  const { at, reboot, calls } = machine(t);
  await at('1.0.0').markGood();
  t.notMatch(calls(), /mark-good/);
  reboot('A', []);
  await at('1.0.0').markGood();
  t.match(calls(), /mark-good/, 'its start counts until then');
});

t.test('a server that does not say how much it sends does not fill the disk', async (t) => {
  const { folder, updates, at, install } = machine(t);
  const server = createServer((_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on('drain', more);
    more();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const source = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hpmq-2.0.0.raucb`;
  // Where a symbolic link leads, nothing is written.
  mkdirSync(updates);
  writeFileSync(join(folder, 'victim'), 'whole');
  execFileSync('ln', ['-s', join(folder, 'victim'), join(updates, 'incoming.raucb')]);
  const room = 18 * 1024 * 1024;
  await t.rejects(
    install(
      at('1.0.0', () => room),
      { source },
    ),
    { code: 'UPDATE_NO_SPACE' },
  );
  t.strictSame(readdirSync(updates), [], 'nothing is left');
  t.equal(readFileSync(join(folder, 'victim'), 'utf8'), 'whole');
  t.notOk(existsSync(join(updates, 'incoming.raucb')));
});

t.test('progress lines', async (t) => {
  t.strictSame(progressOf('  0% Installing'), { percent: 0, phase: 'Installing' });
  t.equal(progressOf('installing'), undefined);
});

t.test('what the real rauc says of bad bundles is understood', needs('rauc', 'mksquashfs', 'openssl'), async (t) => {
  const folder = tempFolder(t);
  const make = (name: string) =>
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.pem`,
        '-subj',
        `/CN=${name}`,
        '-days',
        '2',
      ],
      { cwd: folder, stdio: 'ignore' },
    );
  make('release');
  make('stranger');
  mkdirSync(join(folder, 'content'));
  writeFileSync(join(folder, 'content', 'root.img'), randomBytes(100_000));
  writeFileSync(
    join(folder, 'content', 'manifest.raucm'),
    '[update]\ncompatible=hpmq-arm64\nversion=2.0.0\n[bundle]\nformat=verity\n[image.rootfs]\nfilename=root.img\n',
  );
  const made = spawnSync('rauc', ['--cert', 'release.pem', '--key', 'release.key', 'bundle', 'content', 'good.raucb'], {
    cwd: folder,
    encoding: 'utf8',
  });
  t.equal(made.status, 0, made.stderr);
  const good = readFileSync(join(folder, 'good.raucb'));
  const codeOf = (name: string, bytes: Buffer, keyring = 'release') => {
    writeFileSync(join(folder, name), bytes);
    const ran = spawnSync('rauc', ['--keyring', `${keyring}.pem`, 'info', '--output-format=json', name], {
      cwd: folder,
      encoding: 'utf8',
    });
    t.not(ran.status, 0, name);
    return raucFailure(ran.stdout + ran.stderr, ran.status).code;
  };
  t.equal(codeOf('stranger.raucb', good, 'stranger'), 'UPDATE_UNTRUSTED');
  const changed = Buffer.from(good);
  changed[good.lastIndexOf('version=2.0.0') + 8]! ^= 1;
  t.equal(codeOf('changed.raucb', changed), 'UPDATE_UNTRUSTED');
  t.match(
    codeOf('unsigned.raucb', Buffer.concat([good.subarray(0, 8_192), Buffer.alloc(8_192)])),
    /UPDATE_(UNSIGNED|BAD_BUNDLE)/,
  );
  t.match(codeOf('empty.raucb', Buffer.alloc(0)), /UPDATE_(UNSIGNED|BAD_BUNDLE)/);
});
