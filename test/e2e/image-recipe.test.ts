/** The parts of the image's recipe that need no emulation: scripts, disk, choice of the slot, signed bundles. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { needs, repoRoot } from '../support/peers.js';

const images = join(repoRoot, 'images');
const script = (name: string, ...args: readonly string[]) =>
  execFileSync(join(images, name), args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
const hashOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-image-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function writeEnvironment(file: string, environment: Readonly<Record<string, string>>): void {
  execFileSync('grub-editenv', [file, 'create']);
  const settings = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
  execFileSync('grub-editenv', [file, 'set', ...settings]);
}

const environmentIn = (file: string): string =>
  execFileSync('grub-editenv', [file, 'list'], { encoding: 'utf8' }).trim().split('\n').sort().join(' ');

/** A disk as images/build-image makes it, with next to nothing in its partitions. */
function tinyDisk(
  folder: string,
  environment: Readonly<Record<string, string>>,
  good?: Readonly<Record<string, string>>,
): string {
  const fat = join(folder, 'fat');
  mkdirSync(join(fat, 'EFI/BOOT'), { recursive: true });
  mkdirSync(join(folder, 'empty'));
  cpSync(join(images, 'loader/grub.cfg'), join(fat, 'EFI/BOOT/grub.cfg'));
  writeEnvironment(join(fat, 'EFI/BOOT/grubenv'), environment);
  if (good !== undefined) {
    writeEnvironment(join(fat, 'EFI/BOOT/grubenv.good'), good);
    // As grub-editenv leaves it when the power goes.
    writeFileSync(join(fat, 'EFI/BOOT/grubenv'), '');
  }
  script('make-fat', fat, join(folder, 'boot.vfat'), '40M');
  for (const name of ['rootfs.squashfs', 'data.ext4']) {
    writeFileSync(join(folder, name), '');
    truncateSync(join(folder, name), 1024 * 1024);
  }
  const config = readFileSync(join(images, 'loader/genimage.cfg'), 'utf8').replaceAll('@SLOT@', '1M');
  writeFileSync(join(folder, 'genimage.cfg'), config);
  const places = ['--rootpath', 'empty', '--tmppath', 'tmp', '--inputpath', '.', '--outputpath', 'out'];
  execFileSync('genimage', ['--loglevel', '0', '--config', 'genimage.cfg', ...places], { cwd: folder });
  return join(folder, 'out/disk.img');
}

t.test('every script is clean for shellcheck', needs('shellcheck'), async (t) => {
  const overlay = join(images, 'overlay');
  const files = [
    ...readdirSync(images).map((name) => join(images, name)),
    ...[overlay, join(images, 'preseed')].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    ),
  ].filter((file) => statSync(file).isFile() && /^#!\/bin\/(ba)?sh\n/.test(readFileSync(file, 'utf8')));
  t.ok(files.length >= 8, `${files.length} scripts`);
  execFileSync('shellcheck', ['--exclude', 'SC1091', ...files], { stdio: 'inherit' });
});

t.test(
  'the disk: partitions as GPT, and the boot partition in the MBR, too',
  needs('genimage', 'sfdisk', 'mcopy'),
  async (t) => {
    const folder = folderOf(t);
    const disk = tinyDisk(folder, { ORDER: 'A B' });
    const dump = execFileSync('sfdisk', ['--dump', disk], { encoding: 'utf8' });
    t.match(dump, /label: gpt/);
    t.strictSame(
      [...dump.matchAll(/name="([^"]*)"/g)].map(([, name]) => name),
      ['boot', 'root-a', 'root-b', 'data'],
    );
    const mbr = readFileSync(disk).subarray(446, 510);
    const entries = [0, 16, 32, 48].map((at) => ({ type: mbr[at + 4], first: mbr.readUInt32LE(at + 8) }));
    t.match(entries, [{ type: 0x0c, first: 2048 }], 'a Raspberry Pi 3 looks for FAT here');
    const again = tinyDisk(folderOf(t), { ORDER: 'A B' });
    t.equal(hashOf(again), hashOf(disk), 'same input, same bytes');
  },
);

const emu = '/usr/lib/grub/x86_64-emu';

/** What GRUB says, and what it leaves in grubenv, when there is no kernel to be had: it counts, and starts again. */
async function grub(
  t: Test,
  environment: Readonly<Record<string, string>>,
  starts = 1,
  good?: Readonly<Record<string, string>>,
) {
  const folder = folderOf(t);
  const disk = tinyDisk(folder, environment, good);
  writeFileSync(join(folder, 'device.map'), `(hd0) ${disk}\n`);
  let said = '';
  for (let i = 0; i < starts; i += 1) {
    said = await new Promise<string>((resolve, reject) => {
      const child = execFile(
        'grub-emu',
        ['-m', join(folder, 'device.map'), '-d', emu],
        { env: { ...process.env, TERM: 'vt100' }, timeout: 120_000, encoding: 'latin1' },
        (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
      );
      child.stdin?.end(
        'set root=hd0,gpt1\nset prefix=(hd0,gpt1)/EFI/BOOT\nconfigfile (hd0,gpt1)/EFI/BOOT/grub.cfg\nexit\n',
      );
    });
  }
  const counted = good === undefined ? 'grubenv' : 'grubenv.good';
  execFileSync('mcopy', ['-n', '-o', '-i', `${disk}@@1M`, `::EFI/BOOT/${counted}`, join(folder, 'grubenv')]);
  const slot = /hpmq: slot ([AB]), start/.exec(said)?.[1];
  return { slot, kept: environmentIn(join(folder, 'grubenv')), said };
}

const fresh = { ORDER: 'A B', A_OK: '1', A_TRY: '0', B_OK: '0', B_TRY: '0' };

t.test('the boot loader chooses the slot', needs('grub-emu', 'grub-editenv', 'genimage', 'mcopy'), async (t) => {
  const cases: readonly (readonly [what: string, given: Record<string, string>, slot: string, kept: string])[] = [
    ['the first start', {}, 'A', 'A_OK=1 A_TRY=1 B_OK=0 B_TRY=0 ORDER=A B'],
    ['a second without a confirmation', { A_TRY: '1' }, 'A', 'A_OK=1 A_TRY=2 B_OK=0 B_TRY=0 ORDER=A B'],
    ['an update', { ORDER: 'B A', B_OK: '1' }, 'B', 'A_OK=1 A_TRY=0 B_OK=1 B_TRY=1 ORDER=B A'],
    [
      'an update that failed twice',
      { ORDER: 'B A', B_OK: '1', B_TRY: '2' },
      'A',
      'A_OK=1 A_TRY=1 B_OK=1 B_TRY=2 ORDER=B A',
    ],
    [
      'a slot that is being written',
      { ORDER: 'A B', A_OK: '0', B_OK: '1' },
      'B',
      'A_OK=0 A_TRY=0 B_OK=1 B_TRY=1 ORDER=A B',
    ],
    [
      'no start left in either: all begin again',
      { ORDER: 'B A', A_TRY: '2', B_OK: '1', B_TRY: '2' },
      'B',
      'A_OK=1 A_TRY=0 B_OK=1 B_TRY=1 ORDER=B A',
    ],
    ['no good slot at all', { A_OK: '0' }, 'A', 'A_OK=0 A_TRY=1 B_OK=0 B_TRY=0 ORDER=A B'],
    ['a count that nobody writes', { A_TRY: '7', B_OK: '1' }, 'B', 'A_OK=1 A_TRY=7 B_OK=1 B_TRY=1 ORDER=A B'],
  ];
  await Promise.all(
    cases.map(async ([what, given, slot, kept]) => {
      const result = await grub(t, { ...fresh, ...given });
      t.equal(result.slot, slot, what);
      t.equal(result.kept, kept, what);
      t.match(result.said, /cannot be loaded, restarting/, 'and never stops at a menu');
    }),
  );
  const third = await grub(t, { ...fresh, ORDER: 'B A', B_OK: '1' }, 3);
  t.equal(third.slot, 'A', 'the third start of an update that does not load is the old slot');
  t.match(third.said, /hpmq: root=PARTUUID=8d1f6c52-77a1-4d0e-9c35-0d5a6c1b2e02/, 'of this disk, whatever another has');

  const confirmedB = { ...fresh, ORDER: 'B A', B_OK: '1' };
  const torn = await grub(t, fresh, 1, confirmedB);
  t.match(torn.said, /grubenv is torn/);
  t.equal(torn.slot, 'B', 'a torn grubenv: the slot that was confirmed last');
  t.equal(torn.kept, 'A_OK=1 A_TRY=0 B_OK=1 B_TRY=1 ORDER=B A', 'and its starts are counted');
  t.equal((await grub(t, fresh, 3, confirmedB)).slot, 'A');
});

t.test(
  'bundles: signed by us they are good; of others, or changed, they are not',
  needs('rauc', 'openssl', 'mksquashfs'),
  async (t) => {
    const folder = folderOf(t);
    const file = (name: string) => join(folder, name);
    script('keys', file('ours'));
    script('keys', file('theirs'));
    t.throws(() => script('keys', file('ours')), /has keys already/);
    t.notOk(readdirSync(file('ours')).includes('ca.key'), 'the authority signs once');
    t.equal(statSync(file('ours/release.key')).mode & 0o077, 0);
    mkdirSync(file('root'));
    writeFileSync(file('root/x'), randomBytes(100_000));
    execFileSync('mksquashfs', [file('root'), file('root.squashfs'), '-quiet', '-no-progress']);
    script('make-bundle', file('root.squashfs'), '1.2.3', file('ours'), file('good.raucb'));
    const info = (bundle: string, keys: string) =>
      execFileSync('rauc', ['info', '--keyring', file(`${keys}/ca.pem`), '--output-format=json', file(bundle)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    t.match(JSON.parse(info('good.raucb', 'ours')), { compatible: 'hpmq-arm64', version: '1.2.3' });
    t.throws(() => info('good.raucb', 'theirs'), 'another authority');
    const bytes = readFileSync(file('good.raucb'));
    // The signature is at the end: its last bytes but the length of it.
    const tampered = Buffer.from(bytes);
    tampered[bytes.length - 100]! ^= 1;
    writeFileSync(file('tampered.raucb'), tampered);
    t.throws(() => info('tampered.raucb', 'ours'), 'a signature that was changed');
    writeFileSync(file('short.raucb'), bytes.subarray(0, bytes.length - 4_096));
    t.throws(() => info('short.raucb', 'ours'), 'a download that broke off');
  },
);

t.test(
  'bundles: a box whose clock begins years ago takes what was signed since',
  needs('rauc', 'openssl', 'faketime'),
  async (t) => {
    const folder = folderOf(t);
    const file = (name: string) => join(folder, name);
    script('keys', file('keys'));
    writeFileSync(file('root'), randomBytes(65_536));
    script('make-bundle', file('root'), '1.2.3', file('keys'), file('good.raucb'));
    const config = join(images, 'overlay/etc/rauc/system.conf');
    const info = ['--output-format=json', 'info', file('good.raucb')];
    const json = execFileSync(
      'faketime',
      ['2025-01-01 00:00:00', 'rauc', '--conf', config, '--keyring', file('keys/ca.pem'), ...info],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    t.match(JSON.parse(json), { version: '1.2.3' });
  },
);

t.test('the bill of materials names every package once, in the same bytes each time', async (t) => {
  const folder = folderOf(t);
  const manifest = join(folder, 'manifest');
  const lines = ['zlib1g 1:1.2.13.dfsg-1 arm64 zlib 1:1.2.13.dfsg-1', 'base-files 12.4 arm64 base-files 12.4'];
  writeFileSync(manifest, `${[...lines, lines[0]].join('\n')}\n`);
  const make = () =>
    execFileSync(process.execPath, [join(images, 'image-sbom.mjs'), '1.0.0', manifest], {
      encoding: 'utf8',
      env: { SOURCE_DATE_EPOCH: '1763800000' },
    });
  const document = JSON.parse(make());
  t.match(document, { bomFormat: 'CycloneDX', specVersion: '1.5' });
  t.strictSame(
    document.components.map((one: { purl: string }) => one.purl),
    ['pkg:deb/debian/base-files@12.4?arch=arm64', 'pkg:deb/debian/zlib1g@1%3A1.2.13.dfsg-1?arch=arm64'],
  );
  t.equal(make(), make());
});

t.test('what the units name is there', async (t) => {
  const units = join(images, 'overlay/etc/systemd/system');
  for (const name of readdirSync(units).filter((one) => one.endsWith('.service'))) {
    const text = readFileSync(join(units, name), 'utf8');
    for (const [, program = ''] of text.matchAll(/^ExecStart(?:Pre)?=(\/\S+)/gm)) {
      const isOurs = program.startsWith('/usr/lib/hpmq/');
      if (isOurs) t.ok(statSync(join(images, 'overlay', program)).mode & 0o100, `${name}: ${program}`);
      else
        t.ok(
          ['/usr/bin/hpmq', '/sbin/wpa_supplicant', '/bin/rm', '/bin/systemctl'].includes(program),
          `${name}: ${program}`,
        );
    }
  }
});

const overlay = join(images, 'overlay');

/** The health script among stand-ins, each of which notes how it was called. */
function health(t: Test, slot = 'B') {
  const folder = folderOf(t);
  const file = (name: string) => join(folder, name);
  const set = (name: string, text: string) => writeFileSync(file(name), text);
  mkdirSync(file('bin'));
  const tool = (name: string, text: string) => {
    set(`bin/${name}`, `#!/bin/sh\necho "${name} $*" >> '${file('calls')}'\n${text}\n`);
    chmodSync(file(`bin/${name}`), 0o755);
  };
  set('cmdline', `root=PARTUUID=x rauc.slot=${slot} quiet`);
  writeEnvironment(file('grubenv'), { ...fresh, ORDER: 'B A', B_OK: '1', B_TRY: '1' });
  tool(
    'hpmq',
    `case "$2" in
  status) echo '{' '"trial": {"links": []},' '"state": "'"$(cat '${file('state')}')"'"' '}' ;;
  mark-good) exit "$(cat '${file('proof')}')" ;;
esac`,
  );
  tool('rauc', `grub-editenv '${file('grubenv')}' set ${slot}_OK=1 ${slot}_TRY=0`);
  tool('systemctl', `[ "$1" != show ] || { head -n 1 '${file('service')}'; sed -i '1{$!d}' '${file('service')}'; }`);
  tool('journalctl', '');
  set('service', 'Job= NRestarts=0 SubState=running\n');
  const env = { PATH: `${file('bin')}:${process.env.PATH}`, HPMQ_BOOT: folder, HPMQ_CMDLINE: file('cmdline') };
  const run = (state: string, proof: number) => {
    set('state', state);
    set('proof', String(proof));
    set('calls', '');
    const options = { env: { ...env, HPMQ_PAUSE: '0' }, encoding: 'utf8' } as const;
    const { stdout, status } = spawnSync(join(overlay, 'usr/lib/hpmq/health'), options);
    return { said: stdout, status, calls: readFileSync(file('calls'), 'utf8'), kept: environmentIn(file('grubenv')) };
  };
  return { run, set, file };
}

const REBOOT = /^systemctl .*reboot/m;

t.test('health: a slot on trial proves itself, or is left', needs('grub-editenv'), async (t) => {
  const { run, file } = health(t);
  const good = run('trial', 0);
  t.match(good, { status: 0, said: /^hpmq: ready, slot B confirmed/m });
  t.match(good.calls, /^hpmq update mark-good --wait$/m, 'in the time that its installation gave it');
  t.ok(existsSync(file('grubenv.good')), 'what holds should grubenv be torn');

  const first = run('trial', 1);
  t.match(first.calls, REBOOT);
  t.notMatch(first.calls, /give-up|stop hpmq/, 'it has a start left');

  writeEnvironment(file('grubenv'), { ...fresh, ORDER: 'B A', B_OK: '1', B_TRY: '2' });
  const last = run('trial', 1);
  const order = ['hpmq update give-up', 'systemctl stop hpmq.service', 'systemctl --no-block reboot'];
  const places = order.map((call) => last.calls.indexOf(call));
  t.ok(
    places.every((at, i) => at > (places[i - 1] ?? 0)),
    `the store goes back before: ${last.calls}`,
  );

  t.match(run('trial', 127).calls, REBOOT, 'a program that does not even run');
});

t.test('health: what proved itself is not restarted because it cannot be marked', needs('grub-editenv'), async (t) => {
  const { run } = health(t);
  const unmarked = run('trial', 75);
  t.notMatch(unmarked.calls, REBOOT);
  t.match(unmarked, { status: 1, said: /proved itself, but is not confirmed/ });
});

t.test('health: a confirmed slot stays, whatever is wrong', needs('grub-editenv'), async (t) => {
  const { run } = health(t);
  const bad = run('confirmed', 1);
  t.notMatch(bad.calls, REBOOT, 'a full disk or a changed configuration is not mended by a restart');
  t.match(bad.said, /does not run as it should.*the slot stays/);
  t.equal(bad.kept, 'A_OK=1 A_TRY=0 B_OK=1 B_TRY=0 ORDER=B A', 'and its starts are not counted');
  const unknown = run('?', 1);
  t.notMatch(unknown.calls, REBOOT);
  t.notMatch(unknown.calls, /^rauc/m, 'nor is it confirmed without a proof');
});

t.test('health: a torn grubenv is made anew before anybody needs it', needs('grub-editenv'), async (t) => {
  const { run, set, file } = health(t);
  set('grubenv', '');
  const alone = run('confirmed', 0);
  t.match(alone, { status: 0, said: /grubenv is torn/, kept: 'A_OK=0 A_TRY=0 B_OK=1 B_TRY=0 ORDER=B A' });
  writeEnvironment(file('grubenv.good'), { ...fresh, ORDER: 'B A', B_OK: '1' });
  set('grubenv', 'x'.repeat(1024));
  t.equal(run('confirmed', 0).kept, 'A_OK=1 A_TRY=0 B_OK=1 B_TRY=0 ORDER=B A', 'with the copy it knows of the other');
  t.equal(run('confirmed', 0).calls.match(/editenv/), null);
  t.notOk(existsSync(file('grubenv.new')));
});

t.test('health: a start that takes its time is waited for, one that fails again and again is not', async (t) => {
  const { run, set } = health(t);
  const starting = 'Job=7 NRestarts=0 SubState=start';
  set('service', `Job=7 NRestarts=0 SubState=dead\n${starting}\n${starting}\nJob= NRestarts=0 SubState=running\n`);
  t.equal(run('trial', 0).calls.match(/systemctl show/g)?.length, 4);
  set('service', 'Job=7 NRestarts=2 SubState=start\n');
  t.equal(run('trial', 0).calls.match(/systemctl show/g)?.length, 1);
});

/** /sys of a machine with two disks of the same layout. */
function twoDisks(t: Test) {
  const folder = folderOf(t);
  const sys = join(folder, 'sys');
  mkdirSync(join(sys, 'class/block'), { recursive: true });
  mkdirSync(join(sys, 'dev/block'), { recursive: true });
  const numbers = execFileSync('mountpoint', ['-d', '/'], { encoding: 'utf8' }).trim();
  for (const disk of ['sda', 'sdb']) {
    for (const [index, name] of ['boot', 'root-a', 'root-b', 'data'].entries()) {
      const at = join(sys, 'devices', disk, `${disk}${index + 1}`);
      mkdirSync(at, { recursive: true });
      writeFileSync(join(at, 'partition'), `${index + 1}\n`);
      writeFileSync(join(at, 'start'), `${index * 1000}\n`);
      writeFileSync(join(at, 'size'), '1000\n');
      writeFileSync(join(at, 'uevent'), `DEVTYPE=partition\nPARTN=${index + 1}\nPARTNAME=${name}\n`);
      symlinkSync(at, join(sys, 'class/block', `${disk}${index + 1}`));
    }
    writeFileSync(join(sys, 'devices', disk, 'size'), '9000000\n');
    writeFileSync(join(sys, 'devices', disk, 'uevent'), 'DEVTYPE=disk\n');
    symlinkSync(join(sys, 'devices', disk), join(sys, 'class/block', disk));
  }
  symlinkSync(join(sys, 'devices/sdb/sdb2'), join(sys, 'dev/block', numbers));
  return { folder, sys };
}

t.test('only partitions of the disk that was started from get our names', needs('mountpoint'), async (t) => {
  const { sys } = twoDisks(t);
  const isOwn = (name: string) =>
    spawnSync(join(overlay, 'usr/lib/hpmq/own-disk'), [name], { env: { PATH: process.env.PATH, HPMQ_SYS: sys } })
      .status;
  t.equal(isOwn('sdb4'), 0);
  t.equal(isOwn('sda4'), 1);
  t.equal(isOwn('sdc1'), 1);
  for (const name of ['etc/fstab', 'etc/rauc/system.conf'])
    t.notMatch(readFileSync(join(overlay, name), 'utf8'), /part-?label/i, `${name} trusts no label`);
});

t.test('only the data partition of that disk grows', async (t) => {
  const { folder, sys } = twoDisks(t);
  mkdirSync(join(folder, 'bin'));
  for (const name of ['sfdisk', 'partx', 'udevadm']) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\necho "${name} $*" >> '${folder}/calls'\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
  // The initial file system has little more than that.
  symlinkSync('/usr/bin/readlink', join(folder, 'bin/readlink'));
  const grow = (root: string) => {
    writeFileSync(join(folder, 'calls'), '');
    const script = join(images, 'preseed/usr/share/initramfs-tools/scripts/local-premount/hpmq');
    const env = { PATH: join(folder, 'bin'), HPMQ_SYS: sys, ROOT: root };
    t.equal(spawnSync('/bin/sh', [script], { env }).status, 0);
    return readFileSync(join(folder, 'calls'), 'utf8');
  };
  t.match(grow('/dev/sdb2'), /-N 4 \/dev\/sdb\n.*--nr 4 \/dev\/sdb\n/);
  t.equal(grow('/dev/sdz2'), '', 'a root that is on no disk');
  rmSync(join(sys, 'devices/sdb/sdb4'), { recursive: true });
  t.equal(grow('/dev/sdb2'), '', 'never that of another disk');
});

t.test('the key of the host: made once, made anew when a cut left it torn', needs('ssh-keygen'), async (t) => {
  const key = join(folderOf(t), 'ssh_host_ed25519_key');
  const make = () => execFileSync(join(overlay, 'usr/lib/hpmq/host-key'), [key]);
  make();
  const first = readFileSync(key, 'utf8');
  make();
  t.equal(readFileSync(key, 'utf8'), first);
  for (const torn of ['', '\0'.repeat(400)]) {
    writeFileSync(key, torn);
    writeFileSync(`${key}.new`, torn);
    make();
    t.match(readFileSync(key, 'utf8'), /^-----BEGIN OPENSSH PRIVATE KEY-----/);
    t.equal(statSync(key).mode & 0o777, 0o600);
  }
  t.strictSame(readdirSync(join(key, '..')), ['ssh_host_ed25519_key']);
});

t.test('what was provisioned is there before it is asked for', async (t) => {
  const unit = readFileSync(join(overlay, 'etc/systemd/system/hpmq-provision.service'), 'utf8');
  t.match(unit, /^Before=.*\bsystemd-timesyncd\.service\b/m);
  t.match(readFileSync(join(images, 'loader/grub.cfg'), 'utf8'), /fsck\.repair=yes/);
});
