/** Finds, reads and checks the configuration: environment before file before defaults. Reads; changes nothing. */
import { readFileSync, statSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import type { AnyAdapter } from '../core/adapter.js';
import type { GatewayConfig } from '../core/config.js';
import { type Override, readOverrides, settingsOf } from './env.js';
import { ConfigError, type ConfigProblem } from './errors.js';
import { fileFault } from './files.js';
import { describeIssue, type Finding, findingsOf, type Path } from './issues.js';
import { configJsonSchema } from './json-schema.js';
import { isPlain } from './merge.js';
import { expandProfiles } from './profiles/expand.js';
import type { Profile } from './profiles/file.js';
import { ProfileLibrary } from './profiles/library.js';
import { createConfigSchema, topicSafe } from './schema.js';
import { ConfigSource, fileProblem, pathText } from './source.js';
import { defaultDataFolder } from './store.js';
import { readUsersFile, type UsersFile } from './users.js';

export interface LoadOptions {
  /** `--config`; when absent, the usual places are searched. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly adapters: readonly AnyAdapter[];
  readonly hostName?: string;
}

/** The document before its defaults were filled in, and where each part came from. */
export interface ConfigDocument {
  readonly value: unknown;
  readonly source: ConfigSource | undefined;
  readonly overrides: readonly Override[];
  /** By device; what they say is part of `value`. */
  readonly profiles: ReadonlyMap<string, Profile>;
}

export interface LoadedConfig {
  readonly config: GatewayConfig;
  /** Absolute path; undefined: defaults and environment only. */
  readonly file: string | undefined;
  readonly document: ConfigDocument;
}

/** A gateway's file has some thousand points at most (ten thousand need 1 MB); more is a mistake or an attack. */
const MAX_CONFIG_BYTES = 4_000_000;

/** Where the file is looked for, first found first. */
export function configPlaces(env: LoadOptions['env'], cwd: string): readonly string[] {
  const home = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  return [join(cwd, 'hpmq.yaml'), join(home, 'hpmq', 'hpmq.yaml'), '/etc/hpmq/hpmq.yaml'];
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Anything else means that something is there but out of reach: reading it will say what.
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}

function shownPath(file: string, cwd: string): string {
  const short = relative(cwd, file);
  return short === '' || short.startsWith('..') ? file : short;
}

const FILE_HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'check the path; without a file name the usual places are searched (`hpmq --help`)',
  EACCES: 'let this user read it, or run as the user who may',
  EISDIR: 'name the file inside it, such as hpmq.yaml',
};

function readSource(file: string, cwd: string): ConfigSource {
  const shown = shownPath(file, cwd);
  let bytes: Buffer;
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    if (!stat.isFile()) throw new Error('it is not a regular file');
    if (stat.size > MAX_CONFIG_BYTES) throw new Error(`it has ${stat.size} bytes, more than ${MAX_CONFIG_BYTES}`);
    bytes = readFileSync(file);
  } catch (error) {
    const hint = FILE_HINTS[(error as NodeJS.ErrnoException).code ?? ''] ?? 'name the YAML file of a gateway';
    throw fileProblem(shown, `cannot read the file: ${fileFault(error)}`, hint);
  }
  return new ConfigSource(shown, bytes);
}

/**
 * @throws ConfigError with every problem that was found
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { env, cwd, adapters } = options;
  const file = options.file === undefined ? configPlaces(env, cwd).find(exists) : resolve(cwd, options.file);
  const source = file === undefined ? undefined : readSource(file, cwd);
  const problems: ConfigProblem[] = [...(source?.problems ?? [])];

  const settings = settingsOf(env);
  const base = source?.value ?? {};
  const fromEnv = settings.length === 0 ? undefined : readOverrides(settings, base, configJsonSchema(adapters));
  for (const finding of fromEnv?.findings ?? []) problems.push(outsideFile(finding.variable, finding));
  const overrides = fromEnv?.values ?? [];
  const written = fromEnv?.document ?? base;
  const inputs = { folder: file === undefined ? cwd : dirname(file), env, hostName: options.hostName ?? hostname() };
  const expanded = expandProfiles(written, () => {
    const folders = profileFolders(written, inputs.folder, env, inputs.hostName);
    return new ProfileLibrary(adapters, folders, cwd);
  });
  const value = expanded.document;
  problems.push(...expanded.problems);
  for (const finding of [...folderFindings(written, inputs.folder), ...expanded.findings])
    problems.push(source?.problem(finding) ?? outsideFile('environment', finding));
  const result = createConfigSchema(adapters, { ...inputs, unjudged: expanded.unjudged }).safeParse(value, {
    error: describeIssue,
    reportInput: true,
  });
  if (!result.success) {
    for (const finding of findingsOf(result.error.issues)) {
      const parent = finding.path.slice(0, -1);
      const origin =
        overrides.findLast((one) => covers(one.path, finding.path)) ??
        (source?.has(parent) ? undefined : overrides.findLast((one) => covers(parent, one.path)));
      if (origin !== undefined) problems.push(outsideFile(origin.variable, finding));
      else problems.push(source?.problem(finding) ?? outsideFile('defaults', finding));
    }
  }
  // Also when something else is wrong: all problems at once.
  const usersFile = usersFileOf(value, inputs.folder);
  const users = usersFile === undefined ? undefined : usersOf(usersFile, cwd, problems);
  if (!result.success || problems.length > 0) throw new ConfigError(inOrder(problems));
  return {
    config: withUsers(result.data, users),
    file,
    document: { value, source, overrides, profiles: expanded.profiles },
  };
}

/** Where profiles of the operator may lie: `profiles`, then the folder of data; of a document that may be anything. */
export function profileFolders(
  document: unknown,
  folder: string,
  env: LoadOptions['env'],
  hostName: string,
): readonly string[] {
  const { profiles, gateway } = (isPlain(document) ? document : {}) as { profiles?: unknown; gateway?: unknown };
  const { id, data } = (isPlain(gateway) ? gateway : {}) as { id?: unknown; data?: unknown };
  const own = typeof profiles === 'string' && profiles !== '' ? [resolve(folder, profiles)] : [];
  const dataFolder =
    typeof data === 'string' && data !== ''
      ? resolve(folder, data)
      : defaultDataFolder(env, typeof id === 'string' ? id : topicSafe(hostName));
  return [...own, join(dataFolder, 'profiles')];
}

/** A folder that is named has to be there; that in the folder of data need not. */
function folderFindings(document: unknown, folder: string): readonly Finding[] {
  const named = isPlain(document) ? document.profiles : undefined;
  if (typeof named !== 'string' || named === '') return [];
  const path = resolve(folder, named);
  try {
    if (statSync(path).isDirectory()) return [];
    throw new Error('it is not a folder');
  } catch (error) {
    const message = `cannot read the folder ${path}: ${fileFault(error)}`;
    const hint = 'paths are relative to the folder of the configuration file; in it lie <vendor>/<model>.yaml';
    return [{ path: ['profiles'], at: 'value', message, hint }];
  }
}

/** The library that a configuration uses, whatever else is wrong with it. */
export function findProfiles(options: LoadOptions, more: readonly string[] = []): ProfileLibrary {
  const { env, cwd, adapters } = options;
  const file = options.file === undefined ? configPlaces(env, cwd).find(exists) : resolve(cwd, options.file);
  const base = file === undefined ? {} : readSource(file, cwd).value;
  const settings = settingsOf(env);
  const document = settings.length === 0 ? base : readOverrides(settings, base, configJsonSchema([])).document;
  const folders = profileFolders(
    document,
    file === undefined ? cwd : dirname(file),
    env,
    options.hostName ?? hostname(),
  );
  return new ProfileLibrary(adapters, [...more.map((folder) => resolve(cwd, folder)), ...folders], cwd);
}

/** The path in `broker.auth.users`, in a document that may be anything. */
export function usersFileOf(document: unknown, folder: string): string | undefined {
  let value = document;
  for (const key of ['broker', 'auth', 'users']) value = isPlain(value) ? value[key] : undefined;
  return typeof value === 'string' && value !== '' ? resolve(folder, value) : undefined;
}

/**
 * What `broker.auth.users` says, whatever else is wrong with the configuration: `hpmq user` may have to write the file
 * before it is valid.
 *
 * @returns the absolute path; `inline`: the users are in the configuration itself; undefined: it says nothing
 */
export function findUsersFile(
  options: Omit<LoadOptions, 'adapters'>,
): { readonly path: string } | 'inline' | undefined {
  const { env, cwd } = options;
  const file = options.file === undefined ? configPlaces(env, cwd).find(exists) : resolve(cwd, options.file);
  const base = file === undefined ? {} : readSource(file, cwd).value;
  const settings = settingsOf(env);
  // Settings of devices are of no interest, nor are their adapters.
  const document = settings.length === 0 ? base : readOverrides(settings, base, configJsonSchema([])).document;
  const path = usersFileOf(document, file === undefined ? cwd : dirname(file));
  if (path !== undefined) return { path };
  const { broker } = document as { broker?: { auth?: { users?: unknown } | null } | null };
  return isPlain(broker?.auth?.users) ? 'inline' : undefined;
}

function usersOf(path: string, cwd: string, problems: ConfigProblem[]): UsersFile | undefined {
  try {
    return readUsersFile(path, shownPath(path, cwd));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** With the users of a file, and its rules behind those of the configuration. */
function withUsers(config: GatewayConfig, file: UsersFile | undefined): GatewayConfig {
  const { access } = config.broker;
  if (file === undefined || access === undefined) return config;
  const all = { ...access, users: file.users, rules: [...access.rules, ...file.rules] };
  return { ...config, broker: { ...config.broker, access: all } };
}

export function covers(outer: Path, inner: Path): boolean {
  return outer.length <= inner.length && outer.every((segment, index) => segment === inner[index]);
}

function outsideFile(name: string, finding: Finding): ConfigProblem {
  const file = name.startsWith('HPMQ_') ? `environment variable ${name}` : name;
  return {
    file,
    line: undefined,
    column: undefined,
    path: pathText(finding.path),
    message: finding.message,
    hint: finding.hint,
  };
}

/** In the order of the file, without repetitions. */
function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const seen = new Set<string>();
  const files = [...new Set(problems.map(({ file }) => file))];
  const rank = ({ file, line }: ConfigProblem) => (line === undefined ? -1 : files.indexOf(file));
  return problems
    .filter((problem) => {
      const key = JSON.stringify([
        problem.line === undefined ? '' : problem.file,
        problem.line,
        problem.column,
        problem.path,
        problem.message,
      ]);
      return !seen.has(key) && seen.add(key);
    })
    .toSorted((a, b) => rank(a) - rank(b) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
