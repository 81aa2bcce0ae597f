/**
 * Which program runs: asked by the installed one at each start of the gateway, before anything else. It is never changed by
 * an update, so that whatever happens to the versions, and whenever the power goes, there is one that starts.
 *
 *   installed program ─ state.json ─▶ execve(version) ─▶ the gateway, same process
 */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { isSea } from 'node:sea';
import { version as ownVersion } from '../version.js';
import { isUnsafeForRoot } from './owner.js';
import {
  type BoxState,
  baseIdentity,
  fallenBack,
  lostState,
  MAX_STARTS,
  readState,
  rebased,
  updateFolder,
  type Version,
  versionFile,
  versionFolder,
  writeState,
} from './state.js';

/** In the environment of a chosen version: which one it is. */
export const CHOSEN = 'HPMQ_UPDATE_VERSION';
/** The installed program that chose it, and starts again. */
export const BASE = 'HPMQ_UPDATE_BASE';

type Env = Readonly<Record<string, string | undefined>>;

export interface Choice {
  readonly file: string;
  readonly id: string;
}

/** Updates are for programs that are one file; for others only where it is said. */
export function mayChoose(env: Env): boolean {
  return (isSea() || Boolean(env.HPMQ_UPDATE_DIR)) && !env[CHOSEN];
}

/** Of the program that is installed, also asked by a version that it chose. */
export function baseOf(env: Env): string {
  const chosenBy = env[BASE];
  if (chosenBy) return chosenBy;
  return baseIdentity(ownVersion, isSea() ? process.execPath : '');
}

/**
 * Counts the start of a version on trial, and falls back from one that had its starts or cannot be run.
 *
 * @param base - {@link baseOf} of the program that asks
 * @returns undefined: the installed program itself
 */
export function choose(folder: string, base: string, now: number, tell: (text: string) => void): Choice | undefined {
  const found = readState(folder);
  if (isUnsafeForRoot(folder)) {
    if (found?.current) tell(`${folder} can be changed by others than root: the installed program runs`);
    return undefined;
  }
  if (found === undefined) {
    const lost = lostState(folder, base, now);
    if (lost !== undefined && kept(folder, lost)) tell(lost.last!.reason!);
    return undefined;
  }
  if (found.current === null) return undefined;
  let state = rebased(found, base, now);
  if (state !== found) {
    kept(folder, state);
    const { version } = found.current;
    if (state.current === null) tell(`the installed program was replaced: it runs in place of version ${version}`);
    else tell(`the installed program was replaced by an older one: version ${version} goes on`);
  }
  if (state.current === null) return undefined;
  if (state.trial !== null) {
    if (state.trial.starts >= MAX_STARTS) {
      state = fallBack(folder, state, `it was started ${MAX_STARTS} times and never proved itself`, now, tell);
    } else {
      const counted: BoxState = { ...state, trial: { ...state.trial, starts: state.trial.starts + 1 } };
      // A start that cannot be counted could be repeated for ever.
      if (kept(folder, counted)) state = counted;
      else state = fallBack(folder, state, 'its start could not be noted: the disk cannot be written', now, tell);
    }
  }
  while (state.current !== null) {
    const fault = faultOf(folder, state.current);
    if (fault === undefined) return { file: versionFile(folder, state.current), id: versionFolder(state.current) };
    state = fallBack(folder, state, fault, now, tell);
  }
  return undefined;
}

function fallBack(
  folder: string,
  state: BoxState,
  reason: string,
  now: number,
  tell: (text: string) => void,
): BoxState {
  tell(`version ${state.current?.version} is given up: ${reason}`);
  const next = fallenBack(state, 'failed', reason, now);
  kept(folder, next);
  return next;
}

function kept(folder: string, state: BoxState): boolean {
  try {
    writeState(folder, state);
    return true;
  } catch {
    return false;
  }
}

/** execve() that fails ends the process: what can be known is looked at first. */
function faultOf(folder: string, one: Version): string | undefined {
  const file = versionFile(folder, one);
  if (isUnsafeForRoot(file)) return `${file} can be changed by others than root, who starts it`;
  try {
    if (statSync(file).size !== one.bytes) return `${file} has not the size it was installed with`;
    accessSync(file, constants.X_OK);
    const handle = openSync(file, 'r');
    const head = Buffer.alloc(20);
    try {
      readSync(handle, head);
    } finally {
      closeSync(handle);
    }
    return isRunnable(head) ? undefined : `${file} is no program for this processor`;
  } catch (error) {
    return `${file} cannot be run: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`;
  }
}

/** e_machine of ELF (System V ABI, EM_X86_64 and EM_AARCH64). */
const MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };

export function isRunnable(head: Buffer, arch: string = process.arch): boolean {
  if (head.toString('latin1', 0, 2) === '#!') return true;
  return head.toString('latin1', 0, 4) === '\u007fELF' && head.readUInt16LE(18) === MACHINES[arch];
}

/** Becomes the chosen version, if there is one; does not return then. */
export function becomeChosen(env: Env, args: readonly string[], tell: (text: string) => void): void {
  // The channel to a parent does not outlive execve().
  if (!mayChoose(env) || process.connected) return;
  const base = baseOf(env);
  const choice = choose(updateFolder(env), base, Date.now(), tell);
  if (choice === undefined) return;
  const next = { ...env, [CHOSEN]: choice.id, [BASE]: base, HPMQ_UPDATE_PROGRAM: ownProgram().join('\n') };
  process.execve!(choice.file, [choice.file, ...args], definedOnly(next));
}

/** How this program is started again, without the arguments of people. */
function ownProgram(): readonly string[] {
  return isSea() ? [process.execPath] : [process.execPath, ...process.execArgv, process.argv[1]!];
}

/** Starts the installed program in the place of this one, which has closed everything; it chooses anew. */
export function becomeBase(env: Env, args: readonly string[]): never {
  const [file = process.execPath, ...rest] = env.HPMQ_UPDATE_PROGRAM?.split('\n') ?? ownProgram();
  const { [CHOSEN]: _chosen, [BASE]: _base, HPMQ_UPDATE_PROGRAM: _program, ...clean } = env;
  process.execve!(file, [file, ...rest, ...args], definedOnly(clean));
  throw new Error(`${file} could not be started`);
}

function definedOnly(env: Env): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((one): one is [string, string] => one[1] !== undefined));
}
