/** The thread of config-thread.ts: one request, one answer. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { loadAdapters } from './builtin.js';
import { ConfigError } from './config/errors.js';
import { configPlaces, loadConfig } from './config/load.js';
import { effectiveYaml } from './config/show.js';
import { readUsersFile } from './config/users.js';
import type { ConfigAnswer, ConfigRequest } from './config-thread.js';
import { optimise } from './core/compile-early.js';

/** Bytes of a file from which on reading it takes so long that optimised code is there sooner. */
const LARGE_FILE = 50_000;

async function answerTo(request: ConfigRequest): Promise<ConfigAnswer> {
  try {
    if (sizeOf(request) > LARGE_FILE) optimise();
    if (request.kind === 'users') return { kind: 'users', users: readUsersFile(request.file) };
    const adapters = await loadAdapters();
    const loaded = loadConfig({ file: request.file, env: process.env, cwd: request.cwd, adapters });
    const { config, file } = loaded;
    return { kind: 'config', config, file, yaml: effectiveYaml(loaded, adapters) };
  } catch (error) {
    if (error instanceof ConfigError) return { kind: 'invalid', problems: error.problems };
    throw error;
  }
}

/** 0 when it cannot be read: who reads it says why. */
function sizeOf(request: ConfigRequest): number {
  const cwd = request.kind === 'config' ? request.cwd : process.cwd();
  const places = request.file === undefined ? configPlaces(process.env, cwd) : [resolve(cwd, request.file)];
  try {
    return places.map((place) => statSync(place, { throwIfNoEntry: false })).find((found) => found)?.size ?? 0;
  } catch {
    return 0;
  }
}

// Not awaited: the executable runs it as CommonJS, which has no top-level await. What it throws is told by the thread's end.
void answerTo(workerData as ConfigRequest).then((answer) => parentPort!.postMessage(answer));
