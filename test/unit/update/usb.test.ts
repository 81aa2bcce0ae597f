import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { findOnSticks, removableDevices } from '../../../src/update/usb.js';
import { tempFolder } from '../../support/gateway.js';

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
  t.match(await findOnSticks('.raucb', copyTo, sticks), {
    version: '1.10.0',
    file: join(stick, 'hpmq-1.10.0-arm64.raucb'),
  });
  t.match(await findOnSticks('.hpmq', copyTo, sticks), { version: '2.0.0', device: '/dev/sda1' });
});

t.test('without a bundle it says where it looked', async (t) => {
  const { options, copyTo } = machine(t);
  await t.rejects(findOnSticks('.raucb', copyTo, options), {
    code: 'UPDATE_NO_STICK',
    message: /there is no hpmq-\*\.raucb on \/dev\/sda1, \/dev\/sdb; not readable: \/dev\/sdb/,
  });
  const none = { ...options, sys: join(options.sys, 'none') };
  await t.rejects(findOnSticks('.raucb', copyTo, none), { code: 'UPDATE_NO_STICK', message: 'there is no stick' });
});
