/**
 * `npm run image:test -- [direct|efi|pi3|wifi|emergency|same]… [--image FILE]`: boots an image (images/build-image) in QEMU, some minutes each;
 * `same` builds two. Not part of the test suite: emulation takes a whole machine.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repoRoot } from '../support/peers.js';
import { bootPi3, bootVirtual, leaveEmergency } from './boot.js';
import { sameBytes } from './same-bytes.js';
import { joinWifi } from './wifi.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { image: { type: 'string' } },
});

function newestImage(): string {
  const folder = join(repoRoot, 'dist', 'image');
  const name = readdirSync(folder).findLast((one) => one.endsWith('-arm64.img'));
  if (name === undefined) throw new Error(`there is no image in ${folder}: images/build-image makes one`);
  return join(folder, name);
}

const images = join(repoRoot, 'images');
const setting = () => ({ image: values.image ?? newestImage(), images });
const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  direct: () => bootVirtual({ ...setting(), mode: 'direct' }),
  efi: () => bootVirtual({ ...setting(), mode: 'efi' }),
  pi3: () => bootPi3(setting()),
  wifi: () => joinWifi(setting()),
  emergency: () => leaveEmergency(setting()),
  same: () => sameBytes(images),
};
for (const name of positionals.length === 0 ? ['direct'] : positionals) {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`${name} is none of ${Object.keys(scenarios).join(', ')}`);
  const start = Date.now();
  await scenario();
  console.log(`ok  ${name}  ${Math.round((Date.now() - start) / 1_000)} s`);
}
