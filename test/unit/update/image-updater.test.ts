/** The image's updater against a `rauc` that is a script, and the texts of the real one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { hasFallenBack, ImageUpdater, readRecord } from '../../../src/update/image-updater.js';
import { progressOf, raucFailure } from '../../../src/update/rauc.js';
import { tempFolder } from '../../support/gateway.js';
import { needs } from '../../support/peers.js';

/** What `rauc status --detailed --output-format=json` of RAUC 1.8 says. */
const statusOf = (booted: string, good: readonly string[]) =>
  JSON.stringify({
    ...{ compatible: 'hpmq-arm64', variant: '', booted, boot_primary: 'rootfs.0' },
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
  const at = (version: string) =>
    new ImageUpdater({ folder: join(folder, 'update'), version, rauc, bootId: () => boot, now: () => 5 });
  const progress: unknown[] = [];
  const install = (updater: ImageUpdater, more: object = {}) =>
    updater.install({
      ...{ source: '/media/hpmq-2.0.0.raucb', allowDowngrade: false, facts: { links: ['cloud'] }, windowMs: 300_000 },
      ...{ signal: new AbortController().signal, onProgress: (one) => void progress.push(one), ...more },
    });
  const reboot = (slot: string, good: readonly string[]) => {
    boot = `boot-${Math.random()}`;
    set('status', statusOf(slot, good));
  };
  return { folder, set, at, install, progress, reboot, calls: () => readFileSync(join(folder, 'calls'), 'utf8') };
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
