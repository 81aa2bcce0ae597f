import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { findOnSticks, removableDevices, stickFolder } from '../../../src/update/usb.js';
import { tempFolder } from '../../support/gateway.js';

const { signal } = new AbortController();

function machine(t: Test) {
  const folder = tempFolder(t);
  const sys = join(folder, 'block');
  const mounts = join(folder, 'mounts');
  const put = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  put(join(sys, 'sda', 'removable'), '1\n');
  put(join(sys, 'sda', 'sda1', 'partition'), '1\n');
  put(join(sys, 'mmcblk0', 'removable'), '0\n');
  put(join(sys, 'mmcblk0', 'mmcblk0p1', 'partition'), '1\n');
  put(join(folder, 'devices', 'pci', 'usb2', '2-1', 'sdb', 'removable'), '0\n');
  symlinkSync('../devices/pci/usb2/2-1/sdb', join(sys, 'sdb'));
  const stick = join(folder, 'a stick');
  mkdirSync(stick);
  put(mounts, `/dev/sda1 ${stick.replace(' ', '\\040')} vfat ro 0 0\n`);
  return { options: { sys, mounts, dev: '/dev' }, stick, copyTo: join(folder, 'copy') };
}

t.test('sticks are what is removable or on USB: their partitions, or the whole of them', async (t) => {
  t.strictSame(removableDevices(machine(t).options), ['/dev/sda1', '/dev/sdb']);
});

t.test('the newest bundle of its kind counts', async (t) => {
  const { options, stick, copyTo } = machine(t);
  const sticks = { ...options, sys: options.sys };
  for (const name of [
    'hpmq-1.9.0.raucb',
    'hpmq-1.10.0-arm64.raucb',
    'hpmq-2.0.0.hpmq',
    'hpmq-x.raucb',
    'other-3.0.0.raucb',
  ])
    writeFileSync(join(stick, name), '');
  t.match(await findOnSticks('.raucb', copyTo, signal, undefined, sticks), {
    version: '1.10.0',
    file: join(stick, 'hpmq-1.10.0-arm64.raucb'),
  });
  t.match(await findOnSticks('.hpmq', copyTo, signal, undefined, sticks), { version: '2.0.0', device: '/dev/sda1' });
});

t.test('without a bundle it says where it looked', async (t) => {
  const { options, copyTo } = machine(t);
  await t.rejects(findOnSticks('.raucb', copyTo, signal, undefined, options), {
    code: 'UPDATE_NO_STICK',
    message: /there is no hpmq-\*\.raucb on \/dev\/sda1, \/dev\/sdb; not readable: \/dev\/sdb/,
  });
  const none = { ...options, sys: join(options.sys, 'none') };
  await t.rejects(findOnSticks('.raucb', copyTo, signal, undefined, none), {
    code: 'UPDATE_NO_STICK',
    message: 'there is no stick',
  });
});

t.test('what is no file is no bundle', async (t) => {
  const { options, stick, copyTo } = machine(t);
  writeFileSync(join(stick, 'hpmq-1.0.0.raucb'), '');
  symlinkSync('/etc/shadow', join(stick, 'hpmq-9.0.0.raucb'));
  mkdirSync(join(stick, 'hpmq-8.0.0.raucb'));
  t.match(await findOnSticks('.raucb', copyTo, signal, undefined, options), { version: '1.0.0' });
});

/** `mount` and `umount` that show a folder: what a stick that is not mounted would have on it. */
function unmounted(t: Test) {
  const { options, stick } = machine(t);
  writeFileSync(options.mounts, '');
  const bin = tempFolder(t);
  const tool = (name: string, text: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  tool('mount', `[ "$3" = /dev/sda1 ] || exit 32\ncp -a '${stick}'/. "$4"/`);
  tool('umount', 'rm -r "$1"/*');
  const path = process.env.PATH;
  process.env.PATH = `${bin}:${path}`;
  t.teardown(() => {
    process.env.PATH = path;
  });
  const updates = tempFolder(t);
  return { options, stick, updates, copyTo: mkdtempSync(join(updates, 'x-')) };
}

t.test('a copy is whole, not larger than there is room for, and ends with its command', async (t) => {
  const { options, stick, copyTo } = unmounted(t);
  writeFileSync(join(stick, 'hpmq-1.0.0-rc.1.raucb'), 'older');
  writeFileSync(join(stick, 'hpmq-1.0.0.raucb'), 'newest');
  const found = await findOnSticks('.raucb', copyTo, signal, undefined, options);
  t.equal(readFileSync(found.file, 'utf8'), 'newest');
  const known = await findOnSticks('.raucb', copyTo, signal, (version) => version !== '1.0.0', options);
  t.match(known, { version: '1.0.0' });
  t.ok(!known.file.startsWith(copyTo), 'what is not wanted is not copied');
  const stopped = AbortSignal.abort(new Error('Ctrl-C'));
  await t.rejects(findOnSticks('.raucb', copyTo, stopped, undefined, options), { message: 'Ctrl-C' });
  truncateSync(join(stick, 'hpmq-1.0.0.raucb'), 3 * 2 ** 30);
  await t.rejects(findOnSticks('.raucb', copyTo, signal, undefined, options), { code: 'UPDATE_NO_STICK' });
});

t.test('one search of sticks at a time, each with a folder of its own', async (t) => {
  const updates = tempFolder(t);
  mkdirSync(join(updates, 'stick-left'));
  writeFileSync(join(updates, 'stick-left', 'from-stick'), 'of a command that was killed');
  {
    await using mine = await stickFolder(updates);
    t.strictSame(
      readdirSync(updates).map((name) => join(updates, name)),
      [mine.folder],
    );
    await t.rejects(stickFolder(updates), { code: 'UPDATE_BUSY' });
    t.strictSame(readdirSync(updates).length, 1, 'and takes nothing from the first');
  }
  t.strictSame(readdirSync(updates), []);
});
