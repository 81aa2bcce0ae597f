/**
 * First start and every start: what lies on the boot partition is taken in, then the system's files are written.
 *
 *   boot partition ── checked ──▶ /etc/hpmq (on the data partition), provision.json ──▶ /run: network, keys, shadow, …
 *                  └─ refused: stays, the old holds; provision.log says why
 *
 * Each file is taken in whole or not at all. Cut off at any moment, the next start completes it; a second run changes nothing.
 */
import {
  appendFileSync,
  existsSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ConfigError, type ConfigProblem, problemBlock } from '../config/errors.js';
import { fileFault } from '../config/files.js';
import type { AnyAdapter } from '../core/adapter.js';
import {
  CONFIG_FILE,
  CONFIG_FOLDER,
  contentHash,
  isOfConfig,
  KEYS_FILE,
  nameInConfig,
  readBootFiles,
  SETTINGS_FILE,
} from './boot-files.js';
import { checkConfig, placeConfig } from './config-folder.js';
import { provisionError } from './errors.js';
import { makeFolder, shred, writeWhole } from './files.js';
import { parseAuthorizedKeys, parseSettings, type Settings } from './settings.js';
import { readState, type State, writeState } from './state.js';
import { DEFAULT_HOSTNAME, SYSTEM_FILES, systemFiles } from './system-files.js';

export interface ProvisionOptions {
  /** The boot partition. */
  readonly from: string;
  /** `/`; another folder in tests. */
  readonly root: string;
  /** Only says what would be refused. */
  readonly checkOnly: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asked for only when there is a configuration to check. */
  readonly loadAdapters: () => Promise<readonly AnyAdapter[]>;
  /** A folder for copies, in memory on the image. */
  readonly staging: string;
  readonly now: () => Date;
}

export interface Provisioned {
  readonly hostname: string;
  /** Files that were taken in now. */
  readonly taken: readonly string[];
  /** What was refused, or could not be removed. */
  readonly problems: readonly ConfigProblem[];
}

export const LOG_FILE = 'provision.log';
const MAX_LOG_BYTES = 64_000;
const TOKEN_FILE = 'secrets/join-token';

interface Intake {
  readonly settings: Settings;
  /** Name in the folder of the configuration → content. */
  readonly config: ReadonlyMap<string, Buffer>;
  /** Names on the boot partition. */
  readonly taken: readonly string[];
  readonly problems: readonly ConfigProblem[];
}

/** @throws GatewayError when there is nothing to read from, or nothing can be written */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const { from, root, checkOnly } = options;
  const isThere = existsSync(from) && statSync(from).isDirectory();
  if (checkOnly) {
    if (!isThere) throw provisionError('PROVISION_NO_FOLDER', `there is no folder ${from}`);
    const { problems, settings, taken } = await takeIn(options, { settings: {}, taken: {} }, undefined);
    return { hostname: settings.hostname ?? DEFAULT_HOSTNAME, taken, problems };
  }
  const config = join(root, 'etc', 'hpmq');
  for (const folder of [config, join(root, 'data', 'system'), join(root, 'usr', 'share', 'hpmq')]) {
    if (!existsSync(folder)) {
      throw provisionError('PROVISION_NOT_THE_IMAGE', `this machine has no ${folder}`);
    }
  }
  try {
    return await apply(options, config, isThere);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    const message = `the settings could not be applied: ${fileFault(error)}`;
    throw provisionError('PROVISION_NOT_APPLIED', message, { cause: error });
  }
}

async function apply(options: ProvisionOptions, config: string, isThere: boolean): Promise<Provisioned> {
  const { from, root } = options;
  const { state, fault } = readState(root);
  const problems: ConfigProblem[] = [];
  if (fault !== undefined) {
    problems.push(
      problem('provision.json', `cannot be read: ${fault}`, 'put provision.yaml on the boot partition again'),
    );
  }
  if (!isThere) problems.push(problem(from, 'there is no boot partition', 'nothing new was taken in'));
  const intake = isThere
    ? await takeIn(options, state, config)
    : { settings: state.settings, config: new Map<string, Buffer>(), taken: [], problems: [] };
  problems.push(...intake.problems);

  placeConfig(config, intake.config);
  if (!existsSync(join(config, CONFIG_FILE))) {
    const standard = readFileSync(join(root, 'usr', 'share', 'hpmq', 'default', CONFIG_FILE));
    placeConfig(config, new Map([[CONFIG_FILE, standard]]));
  }
  if (intake.taken.length > 0) {
    const taken = hashesOf(from, intake.taken);
    // Twice: should the power go before a file is removed, the next start must not take it in again, over later changes.
    writeState(root, { settings: intake.settings, taken });
    writeSystem(root, intake.settings, problems);
    const left = clear(from, intake.taken, problems);
    writeState(root, { settings: intake.settings, taken: hashesOf(from, left) });
  } else writeSystem(root, intake.settings, problems);
  const hostname = intake.settings.hostname ?? DEFAULT_HOSTNAME;
  if (isThere) report(options, hostname, intake.taken, problems);
  return { hostname, taken: intake.taken, problems };
}

/** Judges what lies there; changes nothing. */
async function takeIn(options: ProvisionOptions, state: State, current: string | undefined): Promise<Intake> {
  const { from, root, loadAdapters, staging, env } = options;
  const { files, problems } = readBootFiles(from);
  let { settings } = state;
  const taken: string[] = [];
  const config = new Map<string, Buffer>();
  // Taken in before, and then the power went, or the partition could not be written: it must not undo later changes.
  const isKnown = (name: string) => state.taken[name] === contentHash(files.get(name) ?? Buffer.alloc(0));
  const attempt = (name: string, work: (content: Buffer) => void) => {
    const content = files.get(name);
    if (content === undefined) return;
    try {
      if (!isKnown(name)) work(content);
      taken.push(name);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  };
  attempt(SETTINGS_FILE, (content) => {
    const given = parseSettings(SETTINGS_FILE, content);
    const zone = given.timezone;
    if (zone !== undefined && current !== undefined && !existsSync(join(root, 'usr/share/zoneinfo', zone))) {
      const message = `there is no time zone ${zone}`;
      const hint = 'write one of the tz database, such as Europe/Berlin or Etc/UTC';
      throw new ConfigError([{ ...problem(SETTINGS_FILE, message, hint), path: 'timezone' }]);
    }
    settings = { ...settings, ...given };
    if (given.join !== undefined) config.set(TOKEN_FILE, Buffer.from(given.join.token));
  });
  attempt(KEYS_FILE, (content) => {
    const keys = parseAuthorizedKeys(KEYS_FILE, content);
    const named = taken.includes(SETTINGS_FILE) ? (settings.ssh?.keys ?? []) : [];
    settings = { ...settings, ssh: { keys: [...new Set([...named, ...keys])] } };
  });
  // The token is on disk once, in the folder of the configuration.
  const { join: _token, ...kept } = settings;

  const offered = [...files.keys()].filter(isOfConfig);
  const fresh = offered.filter((name) => !isKnown(name));
  if (fresh.length > 0) {
    const found = checkConfig({
      current,
      files: new Map([...config, ...fresh.map((name) => [nameInConfig(name), files.get(name) as Buffer] as const)]),
      staging,
      adapters: await loadAdapters(),
      env,
      hostname: settings.hostname ?? DEFAULT_HOSTNAME,
    });
    problems.push(...found);
    if (found.length === 0) {
      for (const name of fresh) config.set(nameInConfig(name), files.get(name) as Buffer);
      taken.push(...offered);
    }
  } else taken.push(...offered);
  return { settings: kept, config, taken, problems };
}

function writeSystem(root: string, settings: Settings, problems: ConfigProblem[]): void {
  const shadow = join(root, 'usr', 'share', 'hpmq', 'shadow');
  const files = systemFiles(settings, readFileSync(shadow, 'utf8'));
  for (const path of SYSTEM_FILES) {
    if (!files.some((file) => file.path === path)) rmSync(join(root, path), { force: true });
  }
  for (const { path, content, mode, group } of files) {
    const target = join(root, path);
    makeFolder(join(target, '..'), 0o755);
    writeWhole(target, content, { mode, gid: group === 'shadow' ? statSync(shadow).gid : 0 });
  }
  const zone = join(root, 'run/hpmq-system/localtime');
  rmSync(zone, { force: true });
  symlinkSync(join('/usr/share/zoneinfo', settings.timezone ?? 'Etc/UTC'), zone);
  // proc(5); a folder of a test has none.
  const kernel = join(root, 'proc/sys/kernel/hostname');
  if (!existsSync(kernel)) return;
  try {
    writeFileSync(kernel, settings.hostname ?? DEFAULT_HOSTNAME);
  } catch (error) {
    problems.push(problem(kernel, `cannot be written: ${fileFault(error)}`, 'run this as root'));
  }
}

function hashesOf(from: string, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, contentHash(readFileSync(join(from, name)))]));
}

/** Removes what was taken in, which may hold secrets. @returns what could not be removed */
function clear(from: string, names: readonly string[], problems: ConfigProblem[]): readonly string[] {
  const left: string[] = [];
  for (const name of names) {
    try {
      shred(join(from, name));
    } catch (error) {
      left.push(name);
      const hint = 'remove it by hand: it may hold secrets';
      problems.push(problem(name, `was taken in, but cannot be removed here: ${fileFault(error)}`, hint));
    }
  }
  // Deepest first; one that still has something in it stays.
  const folders = names.flatMap((name) => name.split('/').map((_, i, parts) => parts.slice(0, i).join('/')));
  const ours = [...new Set(folders)].filter((one) => one.startsWith(CONFIG_FOLDER));
  for (const folder of ours.sort().reverse()) {
    try {
      rmdirSync(join(from, folder));
    } catch {}
  }
  return left;
}

/** provision.log on the boot partition, for whoever takes the card out to see why it does not do what it should. */
function report(
  { from, now }: ProvisionOptions,
  hostname: string,
  taken: readonly string[],
  problems: readonly ConfigProblem[],
) {
  if (taken.length === 0 && problems.length === 0) return;
  const lines = [
    `${now().toISOString()} ${hostname}: ${problems.length === 0 ? 'ok' : 'not everything was taken in'}`,
    ...taken.map((name) => `  taken in: ${name}`),
    ...problems.map((one) => `  ${problemBlock(one).replaceAll('\n', '\n  ')}`),
  ];
  const path = join(from, LOG_FILE);
  try {
    if (existsSync(path) && statSync(path).size > MAX_LOG_BYTES) rmSync(path);
    appendFileSync(path, `${lines.join('\n')}\n`);
  } catch {
    // A partition that cannot be written was told already: what was taken in could not be removed.
  }
}

function problem(file: string, message: string, hint: string): ConfigProblem {
  return { file, line: undefined, column: undefined, path: '', message, hint };
}
