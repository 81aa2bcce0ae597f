/** The thread of config-thread.ts: one request, one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadAdapters } from './builtin.js';
import { ConfigError } from './config/errors.js';
import { loadConfig } from './config/load.js';
import { effectiveYaml } from './config/show.js';
import { readUsersFile } from './config/users.js';
import type { ConfigAnswer, ConfigRequest } from './config-thread.js';

async function answerTo(request: ConfigRequest): Promise<ConfigAnswer> {
  try {
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

// Not awaited: the executable runs it as CommonJS, which has no top-level await. What it throws is told by the thread's end.
void answerTo(workerData as ConfigRequest).then((answer) => parentPort!.postMessage(answer));
