/**
 * Which module a function begins with.
 *
 *   the configuration names what it named at the last stop  ─▶ the version that ran then, off the disk
 *   it names something else                                 ─▶ that
 *   that cannot be had, and there is a version on disk      ─▶ the version; a line in the log says so
 *   the signature of the version on disk does not count now ─▶ as if it were not there
 *   an image cannot be had                                  ─▶ it is asked for again, later and later
 */
import { readFile, stat } from 'node:fs/promises';
import { backoffDelays } from '../core/backoff.js';
import type { Clock, Timer } from '../core/clock.js';
import { GatewayError, toGatewayError } from '../core/errors.js';
import { MAX_MODULE_BYTES } from '../core/function.js';
import type { Log } from '../core/log.js';
import { functionError } from './errors.js';
import { isScript, readFunctionFile } from './javascript/files.js';
import type { Slot } from './slot.js';
import { digestOf, type VersionFolder, type VersionState } from './version-folder.js';

/** After an image could not be had, ms. */
const RETRY = { first: 30_000, max: 600_000 };

export interface ImageAccess {
  /** The module of an image. Rejects with a GatewayError. */
  resolve(image: string, digest: string | undefined): Promise<Buffer>;
  /** Without asking anybody. @param module - digest of one that came of it @returns why it may not run */
  judge(image: string, module: string): Promise<GatewayError | undefined>;
}

const BUILTIN = 'builtin:';

export interface SlotLoaderOptions {
  readonly slot: Slot;
  readonly folder: VersionFolder | undefined;
  /** undefined: there are none to be had. */
  readonly images: ImageAccess | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

export class SlotLoader {
  readonly #o: SlotLoaderOptions;
  /** Until what the configuration names is there. */
  #delays: Generator<number, never> | undefined;
  #timer: Timer | undefined;

  constructor(options: SlotLoaderOptions) {
    this.#o = options;
  }

  /** Never rejects: what cannot be loaded is down. */
  async load(): Promise<void> {
    const { slot, folder, log } = this.#o;
    const state = await folder?.state();
    const configured = await this.configured();
    // Trust is of today: whose key counted at the last stop is not asked.
    const fault = state === undefined ? undefined : await this.#fault(state);
    const mayRestore = state !== undefined && fault === undefined;
    if (mayRestore && state.configured === configured && (await slot.restore(state).catch(() => false))) return;
    this.#delays = backoffDelays(RETRY);
    const error = await this.#attempt();
    if (error === undefined) return;
    const isRestored = mayRestore && (await slot.restore(state).catch(() => false));
    if (!isRestored) slot.isDown(fault ?? error);
    else log.warn({ error, function: slot.name }, 'a function is not as configured; its last version runs');
  }

  /** What the configuration names, whatever ran before. @throws GatewayError */
  async reload(): Promise<void> {
    const { slot } = this.#o;
    const bytes = await this.#bytes();
    await slot.deploy(bytes, this.#source, await this.configured());
    this.cancel();
  }

  /** Nothing more is asked for without being told. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#delays = undefined;
    this.#o.slot.retryAt = undefined;
  }

  /** @returns why it does not run; where its image could not be had, it is asked for again later */
  async #attempt(): Promise<GatewayError | undefined> {
    const { slot, clock } = this.#o;
    const delays = this.#delays;
    slot.retryAt = undefined;
    let bytes: Buffer | undefined;
    let error: unknown;
    try {
      bytes = await this.#bytes();
      // Somebody deployed another one meanwhile.
      if (this.#delays !== delays) return undefined;
      await slot.deploy(bytes, this.#source, await this.configured());
    } catch (cause) {
      error = cause;
    }
    if (delays === undefined || this.#delays !== delays) return undefined;
    this.cancel();
    if (error === undefined) return undefined;
    if (bytes === undefined && slot.config.source.type === 'image' && this.#o.images !== undefined) {
      this.#delays = delays;
      const wait = delays.next().value;
      slot.retryAt = clock.now() + wait;
      this.#timer = clock.after(wait, () => void this.#again());
    }
    return toGatewayError(error);
  }

  async #again(): Promise<void> {
    const { slot } = this.#o;
    const error = await this.#attempt();
    if (error !== undefined && slot.running === undefined && error.code !== slot.error?.code) slot.isDown(error);
  }

  /** Why the version that ran last may not run now. */
  async #fault({ current, versions }: VersionState): Promise<GatewayError | undefined> {
    const { images, slot } = this.#o;
    const stored = versions.find(({ digest }) => digest === current);
    if (slot.config.source.type !== 'image' || images === undefined || stored === undefined) return undefined;
    return images.judge(stored.source, current);
  }

  /** Names what the configuration names now: a file by its content. */
  async configured(): Promise<string> {
    const { source } = this.#o.slot.config;
    if (source.type === 'image') return `${source.image}@${source.digest ?? ''}`;
    const bytes = await this.#bytes().catch(() => undefined);
    return bytes === undefined ? source.file : `${source.file} ${digestOf(bytes)}`;
  }

  get #source(): string {
    const { source } = this.#o.slot.config;
    return source.type === 'file' ? source.file : source.image;
  }

  async #bytes(): Promise<Buffer> {
    const { images, slot } = this.#o;
    const { source } = slot.config;
    if (source.type === 'image') {
      if (images !== undefined) return images.resolve(source.image, source.digest);
      throw functionError('FUNCTION_IMAGE', `the image ${source.image} cannot be had: there is no registry client`);
    }
    if (source.file.startsWith(BUILTIN)) return builtin(source.file.slice(BUILTIN.length));
    try {
      const { size } = await stat(source.file);
      if (size <= MAX_MODULE_BYTES) {
        return isScript(source.file) ? await readFunctionFile(source.file) : await readFile(source.file);
      }
      const message = `${source.file} has ${size} bytes, more than ${MAX_MODULE_BYTES}`;
      throw functionError('FUNCTION_TOO_LARGE', message, { details: { bytes: size } });
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      throw functionError('FUNCTION_FILE', `cannot read ${source.file}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** One of the ready functions. Rejects with FUNCTION_FILE. */
export async function builtin(name: string): Promise<Buffer> {
  const { libraryModule, libraryNames } = await import('./library.js');
  const bytes = libraryModule(name);
  if (bytes !== undefined) return bytes;
  throw functionError('FUNCTION_FILE', `there is no ready function "${name}"`, {
    hint: `the ready functions are ${libraryNames.join(', ')}`,
  });
}
