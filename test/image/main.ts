/**
 * `npm run image:test -- [direct|efi|pi3]… [--image FILE]`: boots the image in QEMU. Needs an image (images/build-image), an
 * hour's patience is not: about three minutes each. Not part of the test suite: emulation takes a whole machine.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repoRoot } from '../support/peers.js';
import { bootPi3, bootVirtual } from './boot.js';

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

const setting = { image: values.image ?? newestImage(), images: join(repoRoot, 'images') };
const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  direct: () => bootVirtual({ ...setting, mode: 'direct' }),
  efi: () => bootVirtual({ ...setting, mode: 'efi' }),
  pi3: () => bootPi3(setting),
};
for (const name of positionals.length === 0 ? ['direct'] : positionals) {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`${name} is none of ${Object.keys(scenarios).join(', ')}`);
  const start = Date.now();
  await scenario();
  console.log(`ok  ${name}  ${Math.round((Date.now() - start) / 1_000)} s`);
}
