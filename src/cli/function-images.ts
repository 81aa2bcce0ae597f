/** What commands that speak to registries share: the configuration, if there is one, and who logs in. */
import { existsSync, readFileSync } from 'node:fs';
import type { LoadedConfig } from '../config/load.js';
import { silentLog } from '../core/log.js';
import { Images } from '../functions/registry/images.js';
import { imagesInUse } from '../functions/registry/in-use.js';
import type { Cli } from './cli.js';
import { cliError } from './errors.js';
import type { LoginOptions } from './function-options.js';

export interface RegistryAccess {
  readonly images: Images;
  /** undefined: there is no configuration; anybody may push without one. */
  readonly loaded: LoadedConfig | undefined;
}

export async function openImages(cli: Cli, login: LoginOptions): Promise<RegistryAccess> {
  const loaded = await foundConfig(cli);
  const credentials = await credentialsOf(cli, login);
  const inUse = loaded && (await imagesInUse(loaded.config.functions, loaded.config.gateway.data));
  const images = new Images({
    config: loaded?.config.functionRegistry ?? { trust: [], insecure: [], auth: {}, ca: undefined },
    data: loaded?.config.gateway.data,
    log: silentLog,
    env: cli.env,
    idleMs: cli.timeoutMs(15_000),
    ...(inUse !== undefined && { inUse }),
    ...(credentials !== undefined && { credentials }),
  });
  return { images, loaded };
}

async function foundConfig(cli: Cli): Promise<LoadedConfig | undefined> {
  const { configPlaces, loadConfig } = await import('../config/load.js');
  const file = cli.globals.config;
  if (file === undefined && !configPlaces(cli.env, process.cwd()).some((place) => existsSync(place))) return undefined;
  const { loadAdapters } = await import('../builtin.js');
  return loadConfig({ file, env: cli.env, cwd: process.cwd(), adapters: await loadAdapters() });
}

async function credentialsOf(cli: Cli, { username, passwordFile }: LoginOptions) {
  if (username === undefined) {
    if (passwordFile === undefined) return undefined;
    throw cliError('CLI_USAGE', '--password-file is of no use without --username', { hint: 'add --username NAME' });
  }
  const { readSecret } = await import('./password.js');
  const password = await readSecret(cli, `Password of ${username}: `, passwordFile);
  return { username, password: password.toString('utf8') };
}

/** @throws GatewayError CLI_BAD_MODULE */
export function readInput(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw cliError('CLI_BAD_MODULE', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
