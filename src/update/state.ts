/**
 * What a box knows of its versions: `state.json` in the folder of updates, replaced as a whole.
 *
 *   base ─(install)─▶ trial ─(proven in time)─▶ confirmed
 *                       └─(too many starts, time over, rollback)─▶ the version before
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { UpdateFacts, UpdateOutcome } from '../core/update-views.js';
import { makeFolder, readJsonObject, writeDurably } from './durable.js';
import { compareVersions } from './updater.js';

/** A program in `versions/<version>-<first of sha256>/hpmq`. */
export interface Version {
  readonly version: string;
  /** Of the program, hex. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface Trial extends UpdateFacts {
  /** Starts so far. */
  readonly starts: number;
  /** Time it has after each start, ms. */
  readonly windowMs: number;
  /** Of the gateway that decides on it: its data folder; absent until one is up. */
  readonly data?: string;
}

export interface BoxState {
  readonly format: 1;
  /** Which installed program this is about, {@link baseIdentity}: see {@link rebased} for one that replaces it. */
  readonly base: string;
  /** null: the installed program itself. */
  readonly current: Version | null;
  readonly previous: Version | null;
  /** Of `current`. */
  readonly trial: Trial | null;
  readonly last: UpdateOutcome | null;
}

/** Starts that a version on trial has before the one before it comes back. */
export const MAX_STARTS = 3;
/** Time to prove itself after each of them, ms. */
export const TRIAL_WINDOW = 300_000;

export function initialState(base: string): BoxState {
  return { format: 1, base, current: null, previous: null, trial: null, last: null };
}

/**
 * Where updates are kept: next to the data of the service, for the commands of root as for the service itself.
 *
 * @param env - HPMQ_UPDATE_DIR, STATE_DIRECTORY (systemd), XDG_STATE_HOME
 */
export function updateFolder(env: Readonly<Record<string, string | undefined>>): string {
  if (env.HPMQ_UPDATE_DIR) return env.HPMQ_UPDATE_DIR;
  const ofService = env.STATE_DIRECTORY?.split(':')[0];
  if (ofService) return join(ofService, 'update');
  if (process.getuid?.() === 0 || existsSync('/var/lib/hpmq/update')) return '/var/lib/hpmq/update';
  return join(env.XDG_STATE_HOME || join(env.HOME || '/var/lib', '.local', 'state'), 'hpmq', 'update');
}

const STATE = 'state.json';
/** Written after it, and read where it cannot be. */
const COPY = 'state.copy.json';

/** @returns undefined: nothing was ever installed here, or it cannot be read */
export function readState(folder: string): BoxState | undefined {
  for (const name of [STATE, COPY]) {
    const found = readJsonObject(join(folder, name));
    if (found?.format === 1 && typeof found.base === 'string') return found as unknown as BoxState;
  }
  return undefined;
}

export function writeState(folder: string, state: BoxState): void {
  makeFolder(folder);
  const text = `${JSON.stringify(state, null, 2)}\n`;
  writeDurably(join(folder, STATE), text);
  try {
    writeDurably(join(folder, COPY), text);
  } catch {
    // It counts where the first one cannot be read; that one is written.
  }
}

/**
 * The state under another installed program. One that is older than the version that runs is no way forward: that version
 * stays, its store may be newer than what the older one can read. Any other takes over.
 *
 * @param now - Unix ms
 */
export function rebased(state: BoxState, base: string, now: number): BoxState {
  if (state.base === base) return state;
  const { current, previous } = state;
  const installed = base.split(' ')[0]!;
  if (current === null) return { ...state, base };
  if (compareVersions(installed, current.version) < 0) {
    const isBefore = previous !== null && compareVersions(installed, previous.version) < 0;
    return { ...state, base, previous: isBefore ? previous : null };
  }
  const reason = `the installed program was replaced by version ${installed}`;
  return { ...initialState(base), last: { version: current.version, outcome: 'rolled-back', reason, at: now } };
}

/**
 * What can still be said where {@link readState} finds nothing beside versions: one of them ran here, and what it made of
 * the store may have to be taken back.
 *
 * @param now - Unix ms
 * @returns undefined: there are no versions
 */
export function lostState(folder: string, base: string, now: number): BoxState | undefined {
  let names: readonly string[];
  try {
    names = readdirSync(join(folder, 'versions')).filter((name) => !name.startsWith('.'));
  } catch {
    return undefined;
  }
  const newest = names
    .map((name) => name.replace(/-[0-9a-f]{12}$/, ''))
    .toSorted(compareVersions)
    .at(-1);
  if (newest === undefined) return undefined;
  const reason = `what was kept of the versions was lost: the installed program runs`;
  return { ...initialState(base), last: { version: newest, outcome: 'failed', reason, at: now } };
}

export const versionFolder = ({ version, sha256 }: Version): string => `${version}-${sha256.slice(0, 12)}`;

export const versionFile = (folder: string, one: Version): string =>
  join(folder, 'versions', versionFolder(one), 'hpmq');

/** Changes when a package or a person replaces the installed program. */
export function baseIdentity(version: string, file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? version : `${version} ${stat.size} ${Math.trunc(stat.mtimeMs)}`;
}

/** The version before it is current again. @param now - Unix ms */
export function fallenBack(
  state: BoxState,
  outcome: 'failed' | 'rolled-back',
  reason: string | null,
  now: number,
): BoxState {
  const version = state.current?.version ?? 'installed';
  return {
    ...state,
    current: state.previous,
    previous: null,
    trial: null,
    last: { version, outcome, reason, at: now },
  };
}

export function confirmed(state: BoxState, now: number): BoxState {
  if (state.trial === null || state.current === null) return state;
  return {
    ...state,
    trial: null,
    last: { version: state.current.version, outcome: 'confirmed', reason: null, at: now },
  };
}
