/**
 * Reads the configuration in a thread that ends with it: what checks it (schemas, the YAML parser) takes more memory than
 * the broker, and nobody needs it afterwards.
 */
import { getAsset, isSea } from 'node:sea';
import { Worker } from 'node:worker_threads';
import { ConfigError, type ConfigProblem } from './config/errors.js';
import type { UsersFile } from './config/users.js';
import type { GatewayConfig } from './core/config.js';

export type ConfigRequest =
  | { readonly kind: 'config'; readonly file: string | undefined; readonly cwd: string }
  | { readonly kind: 'users'; readonly file: string };

export type ConfigAnswer =
  | {
      readonly kind: 'config';
      readonly config: GatewayConfig;
      readonly file: string | undefined;
      readonly yaml: string;
    }
  | { readonly kind: 'users'; readonly users: UsersFile }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] };

export interface EffectiveConfig {
  readonly config: GatewayConfig;
  /** Absolute path; undefined: defaults and environment only. */
  readonly file: string | undefined;
  /** As people see it, without secrets. */
  readonly yaml: string;
}

/** As loadConfig() and effectiveYaml() say. Rejects with ConfigError with every problem that was found. */
export async function loadConfigApart(file: string | undefined, cwd: string): Promise<EffectiveConfig> {
  const answer = await ask({ kind: 'config', file, cwd });
  if (answer.kind !== 'config') throw new Error(`the answer to "config" is "${answer.kind}"`);
  return answer;
}

/** As readUsersFile() says. Rejects with ConfigError with every problem that was found. */
export async function readUsersApart(file: string): Promise<UsersFile> {
  const answer = await ask({ kind: 'users', file });
  if (answer.kind !== 'users') throw new Error(`the answer to "users" is "${answer.kind}"`);
  return answer.users;
}

function ask(request: ConfigRequest): Promise<ConfigAnswer> {
  const options = { workerData: request, name: 'config', execArgv: [], stdin: false };
  const worker = isSea()
    ? new Worker(getAsset('config-worker.cjs', 'utf8'), { ...options, eval: true })
    : new Worker(new URL('./config-worker.js', import.meta.url), options);
  return new Promise((resolve, reject) => {
    let answer: ConfigAnswer | undefined;
    worker.on('message', (message: ConfigAnswer) => {
      answer = withBuffers(message) as ConfigAnswer;
    });
    worker.on('error', reject);
    // Not before: its memory is free only then.
    worker.on('exit', () => {
      if (answer === undefined) reject(new Error('the configuration was not read'));
      else if (answer.kind === 'invalid') reject(new ConfigError(answer.problems));
      else resolve(answer);
    });
  });
}

/** A Buffer that is sent to another thread arrives as a Uint8Array. */
function withBuffers(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(withBuffers);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withBuffers(one)]));
}
