/** `hpmq flash` on loop devices: what is refused, what is written, and the identity on its boot partition. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, readSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { inspectDisk } from '../../src/flash/disk.js';
import { hpmqEntry, runHpmq, tempFolder } from '../support/gateway.js';
import { needs, startPeer } from '../support/peers.js';

const MIB = 1024 * 1024;
const BOOT_AT = MIB;
const needed = needs('losetup', 'mcopy', 'mformat', 'xz', 'zstd', 'mkfs.ext4');

/** A disk image with a boot partition (FAT) of 8 MiB at 1 MiB, and noise behind it. */
function image(folder: string, mib = 24): string {
  const file = join(folder, 'disk.img');
  const bytes = Buffer.concat([Buffer.alloc(9 * MIB), randomBytes((mib - 9) * MIB)]);
  bytes[446 + 4] = 0x0c;
  bytes.writeUInt32LE(BOOT_AT / 512, 446 + 8);
  bytes.writeUInt32LE((8 * MIB) / 512, 446 + 12);
  bytes.writeUInt16LE(0xaa55, 510);
  writeFileSync(file, bytes);
  execFileSync('mformat', ['-i', `${file}@@${BOOT_AT}`, '-T', String((8 * MIB) / 512), '-h', '2', '-s', '32', '::']);
  return file;
}

function loop(t: Test, folder: string, mib: number, ...options: string[]): string {
  const file = join(folder, `medium-${mib}-${options.length}`);
  writeFileSync(file, '');
  truncateSync(file, mib * MIB);
  const device = execFileSync('losetup', ['--find', '--show', ...options, file])
    .toString()
    .trim();
  t.teardown(() => void spawnSync('losetup', ['--detach', device]));
  return device;
}

const beginning = (device: string, bytes: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  readSync(openSync(device, 'r'), buffer);
  return buffer;
};

t.test('an image, packed or not, is written and verified', needed, async (t) => {
  const folder = tempFolder(t);
  const raw = image(folder);
  execFileSync('xz', ['-0', '--keep', raw]);
  execFileSync('zstd', ['-q', '-1', raw]);
  execFileSync('gzip', ['-1', '--keep', raw]);
  for (const packing of ['', '.xz', '.zst', '.gz']) {
    const device = loop(t, folder, 32 + packing.length);
    const { code, stdout, stderr } = await runHpmq(['flash', device, '--image', raw + packing, '--yes', '--json']);
    t.equal(code, 0, stderr);
    t.match(JSON.parse(stdout), { device, bytes: 24 * MIB, verified: true, identity: [] });
    t.ok(beginning(device, 24 * MIB).equals(readFileSync(raw)), `the medium has the image${packing}`);
  }
});

t.test('the identity is on the boot partition, as `hpmq provision` reads it', needed, async (t) => {
  const folder = tempFolder(t);
  const raw = image(folder);
  const device = loop(t, folder, 32);
  const put = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const config = put('hpmq.yaml', 'gateway: { id: plant-7 }\n');
  const key = put('id.pub', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA anna\n');
  const wifi = ['--wifi', 'plant "7"', '--wifi-password-file', put('wifi', 'hunter2 hunter2\n'), '--country', 'DE'];
  const join_ = ['--join', put('token', 'abc.def\n')];
  const args = ['--image', raw, '--config', config, '--hostname', 'plant-7', ...wifi, '--ssh-key', key, ...join_];
  const { code, stdout, stderr } = await runHpmq(['flash', device, ...args, '--yes']);
  t.equal(code, 0, stderr);
  t.match(stdout, /written and verified, with hpmq.yaml, provision.yaml, authorized_keys/);
  t.notMatch(stdout + stderr, /hunter2|abc\.def/, 'no secrets');
  const onBoot = (name: string) => execFileSync('mtype', ['-i', `${device}@@${BOOT_AT}`, `::${name}`]).toString();
  t.equal(onBoot('hpmq.yaml'), 'gateway: { id: plant-7 }\n');
  t.match(JSON.parse(onBoot('provision.yaml')), {
    hostname: 'plant-7',
    network: { wifi: { ssid: 'plant "7"', password: 'hunter2 hunter2', country: 'DE' } },
    join: { token: 'abc.def' },
  });
  t.match(onBoot('authorized_keys'), /^ssh-ed25519 /);
});

t.test('what must not be overwritten is refused, and stays as it was', needed, async (t) => {
  const folder = tempFolder(t);
  const raw = image(folder);
  const refused = async (device: string, code: string, more: readonly string[] = [], file = raw) => {
    const { code: exit, stderr } = await runHpmq(['flash', device, '--image', file, '--yes', ...more]);
    t.match(stderr, new RegExp(code), `${device}: ${code}`);
    t.not(exit, 0);
  };
  await refused(raw, 'FLASH_NOT_A_DISK');
  await refused('/dev/null', 'FLASH_NOT_A_DISK');
  await refused(join(folder, 'none'), 'FLASH_NOT_A_DISK');
  const small = loop(t, folder, 16);
  await refused(small, 'FLASH_TOO_SMALL');
  execFileSync('gzip', ['-1', '--keep', raw]);
  await refused(small, 'FLASH_TOO_SMALL', [], `${raw}.gz`);
  await refused(loop(t, folder, 33, '--read-only'), 'FLASH_READ_ONLY');

  const mounted = loop(t, folder, 40);
  execFileSync('mkfs.ext4', ['-q', mounted]);
  const at = join(folder, 'mnt');
  mkdirSync(at);
  const before = beginning(mounted, 1_024);
  execFileSync('mount', [mounted, at]);
  t.teardown(() => void spawnSync('umount', [at]));
  await refused(mounted, 'FLASH_IN_USE');
  t.ok(beginning(mounted, 1_024).equals(before), 'where a partition table would be');

  const free = loop(t, folder, 48);
  const zeros = beginning(free, 24 * MIB);
  const put = (name: string, bytes: string | Buffer) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  await refused(free, 'FLASH_BAD_IMAGE', [], put('text.img', 'no image of a disk'.padEnd(2_000)));
  await refused(free, 'FLASH_BAD_IMAGE', [], join(folder, 'absent.img'));
  await refused(free, 'unknown key', ['--config', put('bad.yaml', 'gateway: { idd: x }\n')]);
  await refused(free, 'FLASH_BAD_IDENTITY', ['--ssh-key', put('id', '-----BEGIN OPENSSH PRIVATE KEY-----\n')]);
  await refused(free, 'FLASH_BAD_IDENTITY', ['--hostname', 'no.dots']);
  await refused(free, 'needs to know the country', ['--wifi', 'plant']);
  const { stderr } = await runHpmq(['flash', free, '--image', raw]);
  t.match(stderr, /CLI_NOT_CONFIRMED/, 'nobody confirmed it');
  t.ok(beginning(free, 24 * MIB).equals(zeros), 'nothing was written');
});

t.test('an image that is cut short is told while it is written', needed, async (t) => {
  const folder = tempFolder(t);
  const raw = image(folder);
  execFileSync('zstd', ['-q', '-1', raw]);
  truncateSync(`${raw}.zst`, 12 * MIB);
  const { code, stderr } = await runHpmq(['flash', loop(t, folder, 32), '--image', `${raw}.zst`, '--yes']);
  t.equal(code, 64);
  t.match(stderr, /FLASH_BAD_IMAGE/);
});

t.test('another disk under the same name while the question was asked is not overwritten', needed, async (t) => {
  const folder = tempFolder(t);
  const device = loop(t, folder, 32);
  const line = `${process.execPath} ${hpmqEntry} flash ${device} --image ${image(folder)}`;
  const peer = startPeer(t, 'script', ['-qec', line, '/dev/null']);
  await peer.sees(/y\/N/, 20_000);
  execFileSync('losetup', ['--detach', device]);
  const other = join(folder, 'other');
  writeFileSync(other, '');
  truncateSync(other, 32 * MIB);
  execFileSync('losetup', [device, other]);
  peer.child.stdin?.write('y\n');
  await peer.ended;
  t.match(peer.stdout(), /FLASH_CHANGED/);
  t.ok(beginning(device, MIB).equals(Buffer.alloc(MIB)), 'the other disk is as it was');
});

t.test('the disk under a root of btrfs or overlayfs is known by what was mounted', needed, async (t) => {
  const folder = tempFolder(t);
  const device = loop(t, folder, 32);
  const inspected = (...lines: string[]) => {
    const mountinfo = join(folder, 'mountinfo');
    writeFileSync(mountinfo, `${lines.join('\n')}\n`);
    return () => inspectDisk(device, { mountinfo, swaps: join(folder, 'none'), root: '0:99' });
  };
  t.match(inspected('22 1 0:99 / / rw - tmpfs tmpfs rw')(), { path: device, bytes: 32 * MIB });
  const refused = (code: string, ...lines: string[]) => t.throws(inspected(...lines), { code }, lines.join());
  refused('FLASH_SYSTEM_DISK', `22 1 0:99 /@ / rw,relatime shared:1 - btrfs ${device} rw,subvol=/@`);
  refused(
    'FLASH_SYSTEM_DISK',
    '22 1 0:99 / / rw - overlay overlay rw,lowerdir=/run/image,upperdir=/run/image/upper,workdir=/run/image/work',
    `23 22 0:98 / /run/image ro - squashfs ${device} ro`,
  );
  refused('FLASH_IN_USE', `40 22 0:50 /@data /srv/my\\040data rw - btrfs ${device} rw`);
});

t.test('the question names model, size and device; without a yes nothing happens', needed, async (t) => {
  const folder = tempFolder(t);
  const device = loop(t, folder, 32);
  const line = `${process.execPath} ${hpmqEntry} flash ${device} --image ${image(folder)}`;
  const peer = startPeer(t, 'script', ['-qec', line, '/dev/null']);
  await peer.sees(/y\/N/, 20_000);
  peer.child.stdin?.write('n\n');
  await peer.ended;
  t.match(peer.stdout(), new RegExp(`Overwrite all of ${device} \\(file .*medium-32-0, `));
  t.match(peer.stdout(), /nothing was changed/);
  t.ok(beginning(device, MIB).equals(Buffer.alloc(MIB)));
  t.ok(existsSync(device));
});
