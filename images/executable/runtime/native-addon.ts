/** Stands in for `node-gyp-build`: loads the serialport addon, which the dynamic linker takes from a file only. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { devicesError } from '../../../src/devices/errors.js';
import { asset } from './assets.js';

/**
 * Writes the addon to a new private folder, loads it and removes the folder at once: the mapping stays, nothing is left to
 * tamper with or to clean up. A folder mounted noexec or read-only fails; then the next one is tried.
 *
 * @throws GatewayError PORT_DRIVER with the reason of each folder when none will do
 */
export default function loadAddon(): unknown {
  const reasons: string[] = [];
  for (const base of candidates(process.env)) {
    try {
      return loadFrom(base);
    } catch (error) {
      // The linker's message begins with the file, whose name is another one each time.
      reasons.push(`${base}: ${(error as Error).message.replace(/^\/\S+: /, '')}`);
    }
  }
  throw devicesError('PORT_DRIVER', `cannot load the driver of serial ports: ${reasons.join('; ')}`);
}

/** Folders in memory first, then those that a hardened service has on disk. */
function candidates(env: NodeJS.ProcessEnv): string[] {
  const memory = [env.RUNTIME_DIRECTORY, env.XDG_RUNTIME_DIR, '/dev/shm'];
  const disk = [tmpdir(), env.CACHE_DIRECTORY, env.STATE_DIRECTORY];
  // systemd separates several folders of one kind by colons.
  return [...memory, ...disk].flatMap((folders) => folders?.split(':') ?? []).filter((folder) => folder !== '');
}

function loadFrom(base: string): unknown {
  const folder = mkdtempSync(join(base, 'hpmq-'));
  try {
    const file = join(folder, 'serialport.node');
    writeFileSync(file, asset('serialport.node'), { mode: 0o500, flag: 'wx' });
    const module = { exports: {} };
    process.dlopen(module, file, constants.dlopen.RTLD_NOW);
    return module.exports;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
