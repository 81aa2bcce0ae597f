/**
 * First start and every start: what lies on the boot partition is taken in, then the system's files are written.
 *
 *   boot partition ── checked ──▶ /etc/hpmq (on the data partition), provision.json ──▶ /run: network, keys, shadow, …
 *                  └─ refused: stays, the old holds; provision.log says why
 *
 * Each file is taken in whole or not at all. Cut off at any moment, the next start completes it; a second run changes nothing.
 */
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ConfigError, type ConfigProblem, problemBlock } from '../config/errors.js';
import type { AnyAdapter } from '../core/adapter.js';
import {
  CONFIG_FILE,
  contentHash,
  isOfConfig,
  KEYS_FILE,
  nameInConfig,
  readBootFiles,
  SETTINGS_FILE,
} from './boot-files.js';
import { clearCard, clearLeftOvers, isOnCard } from './clear-card.js';
import { checkConfig, placeConfig } from './config-folder.js';
import { provisionError } from './errors.js';
import { problem, reasonOf } from './problem.js';
import { parseAuthorizedKeys, parseSettings, type Settings } from './settings.js';
import { readState, type State, writeState } from './state.js';
import { DEFAULT_HOSTNAME } from './system-files.js';
import { writeSystem } from './write-system.js';

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
  /** Name on the boot partition → hash of what was read there. */
  readonly taken: Readonly<Record<string, string>>;
  readonly problems: readonly ConfigProblem[];
}

/** @throws GatewayError when there is nothing to read from, or this is not the image */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const { from, root, checkOnly } = options;
  if (checkOnly) {
    if (!isFolder(from)) throw provisionError('PROVISION_NO_FOLDER', `there is no folder ${from}`);
    const { problems, settings, taken } = await takeIn(options, { settings: {}, taken: {} }, undefined);
    return { hostname: settings.hostname ?? DEFAULT_HOSTNAME, taken: Object.keys(taken), problems };
  }
  const config = join(root, 'etc', 'hpmq');
  for (const folder of [config, join(root, 'data', 'system'), join(root, 'usr', 'share', 'hpmq')]) {
    if (!isFolder(folder)) throw provisionError('PROVISION_NOT_THE_IMAGE', `this machine has no ${folder}`);
  }
  return apply(options, config);
}

/** What was provisioned before comes first: no fault of the card or of the data partition takes the way in away. */
async function apply(options: ProvisionOptions, config: string): Promise<Provisioned> {
  const { from, root } = options;
  const problems: ConfigProblem[] = [];
  const { state, fault } = readState(root);
  if (fault !== undefined) {
    const message = `cannot be read: ${fault}`;
    problems.push(problem('provision.json', message, 'put provision.yaml on the boot partition again'));
  }
  const unwritable = writeSystem(root, state.settings);

  const isThere = isFolder(from);
  let intake: Intake = { settings: state.settings, config: new Map(), taken: {}, problems: [] };
  if (isThere) {
    clearLeftOvers(from, problems);
    try {
      intake = await takeIn(options, state, config);
      problems.push(...intake.problems);
    } catch (error) {
      problems.push(
        problem(from, `cannot be taken in: ${reasonOf(error)}`, 'put the files there again, or on another card'),
      );
    }
  } else problems.push(problem(from, 'there is no boot partition', 'nothing new was taken in'));

  const names = Object.keys(intake.taken);
  // Applied even if it cannot be kept: whoever puts a card in may have no other way to the machine.
  problems.push(...(names.length > 0 ? writeSystem(root, intake.settings) : unwritable));
  const known = { ...state.taken, ...intake.taken };
  const isKept = keep(config, intake.config, problems, () => {
    // Before a file goes from the card: should the power go, the next start must not take it in again, over later changes.
    if (names.length > 0) writeState(root, { settings: intake.settings, taken: known });
  });
  if (isKept && (names.length > 0 || hasFiles(from))) {
    clearCard(from, names, problems);
    // The same file may be put there again, and then it is new.
    const left = Object.entries(known).filter(([name]) => isOnCard(from, name));
    if (left.length < Object.keys(known).length) {
      const taken = Object.fromEntries(left);
      attempt(problems, 'provision.json', () => writeState(root, { settings: intake.settings, taken }));
    }
  }
  const hostname = intake.settings.hostname ?? DEFAULT_HOSTNAME;
  const taken = isKept ? names : [];
  if (isThere) report(options, hostname, taken, problems);
  return { hostname, taken, problems };
}

/** @returns whether all of it is on the data partition; then only may it go from the card */
function keep(config: string, files: Intake['config'], problems: ConfigProblem[], remember: () => void): boolean {
  const isPlaced = attempt(problems, config, () => placeConfig(config, files));
  attempt(problems, config, () => {
    if (existsSync(join(config, CONFIG_FILE))) return;
    const standard = readFileSync(join(config, '../../usr/share/hpmq/default', CONFIG_FILE));
    placeConfig(config, new Map([[CONFIG_FILE, standard]]));
  });
  return isPlaced && attempt(problems, 'provision.json', remember);
}

function attempt(problems: ConfigProblem[], file: string, work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    const hint = 'the data partition must be writable and have space; what lies on the boot partition stays there';
    problems.push(problem(file, `cannot be written: ${reasonOf(error)}`, hint));
    return false;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The folder on which a card would be mounted has none, and says nothing of the card. */
function hasFiles(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}

/** Judges what lies there; changes nothing. */
async function takeIn(options: ProvisionOptions, state: State, current: string | undefined): Promise<Intake> {
  const { from, root, loadAdapters, staging, env } = options;
  const { files, problems } = readBootFiles(from);
  let { settings } = state;
  const hashes = new Map([...files].map(([name, content]) => [name, contentHash(content)]));
  const taken = new Set<string>();
  const config = new Map<string, Buffer>();
  // Taken in before, and then the power went, or the partition could not be written: it must not undo later changes.
  const isKnown = (name: string) => state.taken[name] === hashes.get(name);
  const judge = (name: string, work: (content: Buffer) => void) => {
    const content = files.get(name);
    if (content === undefined) return;
    try {
      if (!isKnown(name)) work(content);
      taken.add(name);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  };
  judge(SETTINGS_FILE, (content) => {
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
  judge(KEYS_FILE, (content) => {
    const keys = parseAuthorizedKeys(KEYS_FILE, content);
    const named = taken.has(SETTINGS_FILE) ? (settings.ssh?.keys ?? []) : [];
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
      for (const name of offered) taken.add(name);
    }
  } else for (const name of offered) taken.add(name);
  const known = Object.fromEntries([...hashes].filter(([name]) => taken.has(name)));
  return { settings: kept, config, taken: known, problems };
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
    const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
    const file = openSync(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o644);
    try {
      writeFileSync(file, `${lines.join('\n')}\n`);
    } finally {
      closeSync(file);
    }
  } catch {
    // A partition that cannot be written was told already: what was taken in could not be removed.
  }
}
