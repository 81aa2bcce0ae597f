/** Stands in for `node-gyp-build`: loads the serialport addon, which the dynamic linker takes from a file only. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCatalogue, errorsOf } from '../../../src/core/errors.js';
import { asset } from './assets.js';

const executableErrors = {
  SERIAL_DRIVER_NOT_LOADED: {
    fault: 'limit',
    hint: 'set TMPDIR to a folder that is writable, has 200 kB free and is not mounted noexec',
  },
} as const satisfies ErrorCatalogue;

/**
 * Writes the addon to a new private folder, loads it and removes the folder at once: the mapping stays, nothing is left to
 * tamper with or to clean up. A folder mounted noexec or read-only fails; then the next one is tried.
 *
 * @throws GatewayError SERIAL_DRIVER_NOT_LOADED with the reason of each folder when none will do
 */
export default function loadAddon(): unknown {
  const failures: Error[] = [];
  for (const base of candidates(process.env)) {
    try {
      return loadFrom(base);
    } catch (error) {
      failures.push(error as Error);
    }
  }
  const reasons = failures.map((failure) => failure.message).join('; ');
  throw errorsOf(executableErrors)('SERIAL_DRIVER_NOT_LOADED', `cannot load the serial port driver: ${reasons}`, {
    cause: new AggregateError(failures),
  });
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
