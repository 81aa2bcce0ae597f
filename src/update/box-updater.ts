/**
 * Updates of a box that has the executable: the new program beside the others, and one file that says which of them runs.
 *
 *   versions/.incoming-…/hpmq ─(fsync, rename)─▶ versions/1.2.3-…/hpmq ─(state.json)─▶ the next start runs it, on trial
 *
 * Rules: until state.json is replaced nothing has changed; what is left behind by a cut is removed by the next installation.
 */
import { execFile } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { GatewayError } from '../core/errors.js';
import type { UpdateStatus } from '../core/update-views.js';
import { openBundle, type WriteChunk } from './bundle.js';
import { makeFolder, syncFolder } from './durable.js';
import { updateError } from './errors.js';
import { trustedKeys } from './keys.js';
import { lockInstallation, lockSoon } from './lock.js';
import { ActingAs } from './owner.js';
import { openSource } from './source.js';
import {
  type BoxState,
  confirmed,
  fallenBack,
  initialState,
  lostState,
  MAX_STARTS,
  readState,
  rebased,
  type Version,
  versionFolder,
  writeState,
} from './state.js';
import { compareVersions, type Installed, type InstallOptions, refuseUnwanted, type Updater } from './updater.js';

/** Left free beside the program, bytes. */
const SPARE_BYTES = 16 * 1024 * 1024;
/** A program that takes longer to say its version will not serve either, ms: emulated ones need some seconds. */
const START_TIMEOUT = 60_000;
const INCOMING = '.incoming-';

export interface BoxOptions {
  readonly folder: string;
  /** Identity and version of the installed program. */
  readonly base: string;
  readonly baseVersion: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Unix ms. */
  readonly now: () => number;
  /** The process does nothing else: as root it may work as the user whose folder it is. */
  readonly mayActAsOwner: boolean;
}

export class BoxUpdater implements Updater {
  readonly form = 'executable';
  readonly #options: BoxOptions;

  constructor(options: BoxOptions) {
    this.#options = options;
  }

  /** As it counts for the installed program that is there now. */
  get #state(): BoxState {
    const { folder, base, now } = this.#options;
    const found = readState(folder);
    if (found === undefined) return lostState(folder, base, now()) ?? initialState(base);
    return rebased(found, base, now());
  }

  async install(options: InstallOptions): Promise<Installed> {
    const { folder, env } = this.#options;
    const { signal } = options;
    const keys = trustedKeys(env);
    try {
      await using _lock = await lockInstallation(folder);
      const found = this.#state;
      const before = beforeTrial(found);
      // Read by whoever asks for it: root's files are nobody else's.
      using source = await openSource(options.source, signal);
      const { manifest, program } = await openBundle(source.content, keys);
      const { version, arch, bytes, sha256 } = manifest;
      if (arch !== process.arch) {
        throw updateError('UPDATE_INCOMPATIBLE', `the bundle is for ${arch}, this box is ${process.arch}`);
      }
      const failed = before.last?.outcome === 'confirmed' ? undefined : before.last?.version;
      refuseUnwanted(options, version, this.#state.current?.version ?? this.#options.baseVersion, failed);
      this.#refuseOlder(before, version, sha256, options.allowDowngrade);
      using acting = new ActingAs(folder);
      if (acting.owner !== undefined && !this.#options.mayActAsOwner) {
        throw updateError(
          'UPDATE_NO_PERMISSION',
          `${folder} can be changed by others than root, who runs this gateway`,
        );
      }
      makeFolder(join(folder, 'versions'));
      await this.#clean(before);
      this.#checkSpace(bytes);
      const incoming = await mkdtemp(join(folder, 'versions', INCOMING));
      try {
        const file = join(incoming, 'hpmq');
        await writeProgram(file, incoming, (write) =>
          program(
            write,
            (done) => options.onProgress({ phase: 'writing', percent: Math.floor((done / bytes) * 100) }),
            signal,
          ),
        );
        options.onProgress({ phase: 'trying whether it starts', percent: null });
        await this.#tryStart(file, acting, signal);
        signal.throwIfAborted();
        if (!isSame(found, this.#state)) {
          throw updateError('UPDATE_BUSY', 'another version was started or given up while this one was written');
        }
        const one: Version = { version, sha256, bytes };
        const target = join(folder, 'versions', versionFolder(one));
        await rm(target, { recursive: true, force: true });
        await rename(incoming, target);
        syncFolder(join(folder, 'versions'));
        writeState(folder, {
          ...before,
          current: one,
          previous: before.current,
          trial: { links: options.facts.links, starts: 0, windowMs: options.windowMs },
        });
      } finally {
        await rm(incoming, { recursive: true, force: true });
      }
      options.onProgress({ phase: 'installed', percent: 100 });
      return { version, needs: 'restart' };
    } catch (error) {
      throw signal.aborted ? signal.reason : systemFailure(error, folder);
    }
  }

  async status(): Promise<UpdateStatus> {
    const { baseVersion } = this.#options;
    const { current, previous, trial, last } = this.#state;
    const isPending = trial?.starts === 0;
    const running = isPending ? previous : current;
    return {
      form: 'executable',
      slot: running === null ? 'installed' : versionFolder(running),
      version: running?.version ?? baseVersion,
      state: trial === null ? 'confirmed' : isPending ? 'pending' : 'trial',
      previous: current === null ? null : (previous?.version ?? baseVersion),
      pending: isPending ? (current?.version ?? null) : null,
      trial:
        trial === null ? null : { links: trial.links, windowMs: trial.windowMs, startsLeft: MAX_STARTS - trial.starts },
      last,
    };
  }

  async markGood(): Promise<{ readonly version: string }> {
    const { last } = await this.#change((state) => {
      if (!isTried(state)) throw updateError('UPDATE_NOTHING', 'no version is on trial');
      return confirmed(state, this.#options.now());
    });
    return { version: last!.version };
  }

  /**
   * The first gateway that comes up with a version on trial decides on it; the start of another one does not count.
   *
   * @param data - its data folder
   * @returns false: another one decides
   */
  async claim(data: string): Promise<boolean> {
    const { trial } = await this.#change((state) => {
      const { trial } = state;
      if (trial === null || trial.data === data || !isTried(state)) return state;
      if (trial.data === undefined) return { ...state, trial: { ...trial, data } };
      return { ...state, trial: { ...trial, starts: Math.max(1, trial.starts - 1) } };
    });
    return trial?.data === undefined || trial.data === data;
  }

  async rollback(): Promise<Installed> {
    return this.giveUp('rolled-back', null);
  }

  /** The version before is the next to start. */
  async giveUp(outcome: 'failed' | 'rolled-back', reason: string | null): Promise<Installed> {
    const { current } = await this.#change((state) => {
      if (state.current === null) throw updateError('UPDATE_NOTHING', 'there is no version before this one');
      if (outcome === 'failed' && !isTried(state)) throw updateError('UPDATE_NOTHING', 'no version is on trial');
      return fallenBack(state, outcome, reason, this.#options.now());
    });
    return { version: current?.version ?? this.#options.baseVersion, needs: 'restart' };
  }

  /** Nobody else writes meanwhile, and what is written follows from what is there then. */
  async #change(next: (state: BoxState) => BoxState): Promise<BoxState> {
    const { folder } = this.#options;
    try {
      await using _lock = await lockSoon(folder);
      const state = this.#state;
      const changed = next(state);
      if (changed !== state) writeState(folder, changed);
      return changed;
    } catch (error) {
      throw systemFailure(error, folder);
    }
  }

  #refuseOlder(before: BoxState, version: string, sha256: string, allowDowngrade: boolean): void {
    if (before.current?.sha256 === sha256)
      throw updateError('UPDATE_NOTHING', `version ${version} is already installed`);
    const running = before.current?.version ?? this.#options.baseVersion;
    if (!allowDowngrade && compareVersions(version, running) < 0) {
      throw updateError('UPDATE_OLDER', `version ${version} is older than ${running}, which runs here`);
    }
  }

  #checkSpace(bytes: number): void {
    const { bavail, bsize } = statfsSync(this.#options.folder);
    if (bavail * bsize < bytes + SPARE_BYTES) throw noSpace(this.#options.folder, bytes + SPARE_BYTES, bavail * bsize);
  }

  /** A program that does not run here is not worth a restart. */
  async #tryStart(file: string, acting: ActingAs, signal: AbortSignal): Promise<void> {
    const options = { timeout: START_TIMEOUT, signal, env: { PATH: process.env.PATH }, ...acting.owner };
    const failure = await new Promise<string | undefined>((resolve) => {
      acting.asRoot(() =>
        execFile(file, ['--version'], options, (error) =>
          resolve(error === null ? undefined : String(error.code ?? error.signal ?? error.message)),
        ),
      );
    });
    signal.throwIfAborted();
    if (failure !== undefined) {
      throw updateError('UPDATE_INCOMPATIBLE', `the program in the bundle does not start on this box (${failure})`);
    }
  }

  /** What an interrupted installation left, and versions that nobody goes back to. */
  async #clean(state: BoxState): Promise<void> {
    const versions = join(this.#options.folder, 'versions');
    const kept = new Set([state.current, state.previous].flatMap((one) => (one === null ? [] : [versionFolder(one)])));
    const pending = readState(this.#options.folder)?.current;
    if (pending !== null && pending !== undefined) kept.add(versionFolder(pending));
    for (const name of await readdir(versions)) {
      if (!kept.has(name)) await rm(join(versions, name), { recursive: true, force: true });
    }
  }
}

const isTried = ({ current, trial }: BoxState): boolean => current !== null && trial !== null && trial.starts > 0;

const isSame = (a: BoxState, b: BoxState): boolean =>
  isDeepStrictEqual({ ...a, last: a.last?.version }, { ...b, last: b.last?.version });

/** A version that was installed and never started is replaced; one that is being tried is not. */
function beforeTrial(state: BoxState): BoxState {
  if (isTried(state)) throw updateError('UPDATE_ON_TRIAL', `version ${state.current?.version} is still on trial`);
  return state.trial === null ? state : { ...state, current: state.previous, previous: null, trial: null };
}

/** Whole on disk when it returns, its folder too. */
async function writeProgram(file: string, folder: string, fill: (write: WriteChunk) => Promise<void>): Promise<void> {
  const handle = await open(file, 'wx', 0o755);
  try {
    await fill(async (chunk) => {
      for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
    });
    await handle.chmod(0o755);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const above = await open(folder, 'r');
  try {
    await above.chmod(0o755);
    await above.sync();
  } finally {
    await above.close();
  }
}

const noSpace = (folder: string, needed: number, free: number) =>
  updateError('UPDATE_NO_SPACE', `${megabytes(needed)} are needed in ${folder}, ${megabytes(free)} are free`);

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

function systemFailure(error: unknown, folder: string): unknown {
  if (error instanceof GatewayError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return updateError('UPDATE_NO_SPACE', `the disk of ${folder} is full`, { cause: error });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return updateError('UPDATE_NO_PERMISSION', `${folder} cannot be written by this user`, { cause: error });
    case 'EIO':
      return updateError('UPDATE_FAILED', `the disk of ${folder} fails: ${message}`, { cause: error });
    default:
      return error;
  }
}
