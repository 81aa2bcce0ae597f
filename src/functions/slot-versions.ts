/** The versions of one function: compiled, in memory and on disk. */
import type { Clock } from '../core/clock.js';
import type { FunctionConfig } from '../core/config.js';
import type { GatewayError } from '../core/errors.js';
import { type Capability, type CompileFunction, type FunctionModule, MAX_MODULE_BYTES } from '../core/function.js';
import type { Log } from '../core/log.js';
import { functionError } from './errors.js';
import { hooksOf } from './hook-names.js';
import { digestOf, type VersionFolder, type VersionState } from './version-folder.js';

const KEPT_VERSIONS = 3;

export interface Version {
  readonly digest: string;
  readonly source: string;
  deployedAt: number;
  failed: boolean;
  /** undefined: it lies on disk. */
  module: FunctionModule | undefined;
}

export interface SlotVersionsOptions {
  readonly config: FunctionConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly compile: CompileFunction;
  readonly folder: VersionFolder | undefined;
}

export class SlotVersions {
  /** The one that runs. */
  current: Version | undefined;
  readonly #o: SlotVersionsOptions;
  /** Newest first. */
  #all: readonly Version[] = [];
  #configured = '';
  #error: GatewayError | undefined;

  constructor(options: SlotVersionsOptions) {
    this.#o = options;
  }

  get all(): readonly Version[] {
    return this.#all;
  }

  /** Why they are not on disk. */
  get error(): GatewayError | undefined {
    return this.#error;
  }

  /** Compiles and checks a module; it does not run. @throws GatewayError when it is not fit to run */
  async load(bytes: Buffer, source: string): Promise<Version> {
    const { config, compile, clock } = this.#o;
    const { limits, isolate, grants } = config;
    if (bytes.length > MAX_MODULE_BYTES) {
      const message = `the module has ${bytes.length} bytes, more than ${MAX_MODULE_BYTES}`;
      throw functionError('FUNCTION_TOO_LARGE', message, { details: { bytes: bytes.length } });
    }
    const granted = (['kv', 'publish', 'points', 'http'] as const).filter((one) => grants[one] !== undefined);
    const module = await compile(bytes, { limits, isolate, grants: new Set<Capability>(granted) });
    const missing = hooksOf(config).find((hook) => !module.hooks.has(hook));
    if (missing !== undefined) {
      const known = [...module.hooks].join(', ') || 'none';
      throw functionError('FUNCTION_HOOK_MISSING', `the module has no ${missing}; it has ${known}`);
    }
    return { digest: digestOf(bytes), source, deployedAt: clock.now(), failed: false, module };
  }

  /** Sees to it that it can run. @throws GatewayError */
  async warm(version: Version): Promise<void> {
    if (version.module !== undefined) return;
    const bytes = await this.#o.folder?.module(version.digest);
    if (bytes === undefined) {
      throw functionError('FUNCTION_NO_PREVIOUS', `the module ${version.digest} is not on disk any more`);
    }
    version.module = (await this.load(bytes, version.source)).module;
  }

  /** @param configured - what the configuration named for it; undefined: it still names what it did */
  add(version: Version, configured: string | undefined): void {
    this.#all = [version, ...this.#all.filter(({ digest }) => digest !== version.digest)].slice(0, KEPT_VERSIONS);
    if (configured !== undefined) this.#configured = configured;
  }

  /** What ran at the last stop. @returns undefined: there is nothing of use @throws GatewayError when it is not fit to run */
  async stored(state: VersionState): Promise<Version | undefined> {
    const stored = state.versions.find(({ digest }) => digest === state.current);
    const bytes = await this.#o.folder?.module(state.current);
    if (stored === undefined || bytes === undefined) return undefined;
    return { ...(await this.load(bytes, stored.source)), deployedAt: stored.deployedAt };
  }

  /** They are what they were at the last stop. */
  restored(version: Version, state: VersionState): void {
    this.#configured = state.configured;
    this.#all = state.versions.map((one) => (one.digest === version.digest ? version : { ...one, module: undefined }));
  }

  /** The newest before the one that runs that did not fail. */
  older(): Version | undefined {
    const at = this.current === undefined ? -1 : this.#all.indexOf(this.current);
    return this.#all.slice(at + 1).find(({ failed }) => !failed);
  }

  /** Never rejects: what is not on disk is lost with a restart, and {@link error} says so. */
  async save(isPaused: boolean, added: { readonly digest: string; readonly bytes: Buffer } | undefined): Promise<void> {
    const { folder, log } = this.#o;
    if (folder === undefined || this.current === undefined) return;
    try {
      if (added !== undefined) await folder.addModule(added.digest, added.bytes);
      const versions = this.#all.map(({ digest, source, deployedAt, failed }) => ({
        digest,
        source,
        deployedAt,
        failed,
      }));
      await folder.save({ configured: this.#configured, current: this.current.digest, paused: isPaused, versions });
      this.#error = undefined;
    } catch (error) {
      this.#error = functionError('FUNCTION_STATE', `its versions cannot be kept: ${(error as Error).message}`);
      log.warn({ error }, 'the versions of a function cannot be kept');
    }
  }
}
