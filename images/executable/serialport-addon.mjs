/** The prebuilt native addon of the package serialport for a target; it comes inside the package. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lockfile.mjs';

const prebuilds = {
  x64: 'linux-x64/@serialport+bindings-cpp.glibc.node',
  arm64: 'linux-arm64/@serialport+bindings-cpp.armv8.glibc.node',
};

export function serialportAddon(arch) {
  const file = join(root, 'node_modules', '@serialport', 'bindings-cpp', 'prebuilds', prebuilds[arch]);
  if (!existsSync(file)) throw new Error(`@serialport/bindings-cpp has no ${prebuilds[arch]}`);
  return file;
}
