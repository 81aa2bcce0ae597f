/**
 * `npm run image:test -- [direct|efi|pi3|wifi|emergency|update|fallback|cut|stick|same]… [--image FILE]`: boots an image (images/build-image)
 * in QEMU, some minutes each; `same` builds two. Those of updates make releases, once for each commit, and need `--keys FOLDER`, the
 * image's; `cut` takes `--rounds N --seed N --place both|installation|start`, some five minutes for each round. Not part of the test suite:
 * emulation takes a whole machine.
 */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { repoRoot } from '../support/peers.js';
import { bootPi3, bootVirtual, leaveEmergency } from './boot.js';
import { cutPower } from './cut.js';
import { sameBytes } from './same-bytes.js';
import { takeStick } from './stick.js';
import { fallBack, takeUpdate } from './update.js';
import { joinWifi } from './wifi.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    image: { type: 'string' },
    keys: { type: 'string' },
    rounds: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    place: { type: 'string', default: 'both' },
  },
});

function newestImage(): string {
  const folder = join(repoRoot, 'dist', 'image');
  const name = readdirSync(folder).findLast((one) => one.endsWith('-arm64.img'));
  if (name === undefined) throw new Error(`there is no image in ${folder}: images/build-image makes one`);
  return join(folder, name);
}

const images = join(repoRoot, 'images');
const setting = () => ({ image: values.image ?? newestImage(), images });
const signed = () => {
  if (values.keys === undefined)
    throw new Error('say who signs for the image: --keys FOLDER, that of images/build-image');
  return { ...setting(), keys: resolve(values.keys) };
};
const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  direct: () => bootVirtual({ ...setting(), mode: 'direct' }),
  efi: () => bootVirtual({ ...setting(), mode: 'efi' }),
  pi3: () => bootPi3(setting()),
  wifi: () => joinWifi(setting()),
  emergency: () => leaveEmergency(setting()),
  update: () => takeUpdate(signed()),
  fallback: () => fallBack(signed()),
  cut: () => cutPower(signed(), Number(values.rounds), Number(values.seed), values.place),
  stick: () => takeStick(signed()),
  same: () => sameBytes(images),
};
for (const name of positionals.length === 0 ? ['direct'] : positionals) {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`${name} is none of ${Object.keys(scenarios).join(', ')}`);
  const start = Date.now();
  await scenario();
  console.log(`ok  ${name}  ${Math.round((Date.now() - start) / 1_000)} s`);
}
