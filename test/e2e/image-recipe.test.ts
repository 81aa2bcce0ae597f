/** The parts of the image's recipe that need no emulation: scripts, disk, choice of the slot, signed bundles. */
import { execFile, execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
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

/** A disk as images/build-image makes it, with next to nothing in its partitions. */
function tinyDisk(folder: string, environment: Readonly<Record<string, string>>): string {
  const fat = join(folder, 'fat');
  mkdirSync(join(fat, 'EFI/BOOT'), { recursive: true });
  mkdirSync(join(folder, 'empty'));
  cpSync(join(images, 'loader/grub.cfg'), join(fat, 'EFI/BOOT/grub.cfg'));
  const grubenv = join(fat, 'EFI/BOOT/grubenv');
  execFileSync('grub-editenv', [grubenv, 'create']);
  execFileSync('grub-editenv', [
    grubenv,
    'set',
    ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
  ]);
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
async function grub(t: Test, environment: Readonly<Record<string, string>>, starts = 1) {
  const folder = folderOf(t);
  const disk = tinyDisk(folder, environment);
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
  execFileSync('mcopy', ['-n', '-o', '-i', `${disk}@@1M`, '::EFI/BOOT/grubenv', join(folder, 'grubenv')]);
  const kept = execFileSync('grub-editenv', [join(folder, 'grubenv'), 'list'], { encoding: 'utf8' });
  return { slot: /hpmq: slot ([AB]), start/.exec(said)?.[1], kept: kept.trim().split('\n').sort().join(' '), said };
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
    for (const [, program = ''] of text.matchAll(/^ExecStart=(\/\S+)/gm)) {
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
