/**
 * Which module a function begins with.
 *
 *   the configuration names what it named at the last stop  ─▶ the version that ran then, off the disk
 *   it names something else                                 ─▶ that
 *   that cannot be had, and there is a version on disk      ─▶ the version; a line in the log says so
 */
import { readFile, stat } from 'node:fs/promises';
import { GatewayError } from '../core/errors.js';
import { MAX_MODULE_BYTES } from '../core/function.js';
import type { Log } from '../core/log.js';
import { functionError } from './errors.js';
import { isScript, readFunctionFile } from './javascript/files.js';
import type { Slot } from './slot.js';
import { digestOf, type VersionFolder } from './version-folder.js';

const BUILTIN = 'builtin:';

export interface SlotLoaderOptions {
  readonly slot: Slot;
  readonly folder: VersionFolder | undefined;
  readonly resolveImage: ((image: string, digest: string | undefined) => Promise<Buffer>) | undefined;
  readonly log: Log;
}

export class SlotLoader {
  readonly #o: SlotLoaderOptions;

  constructor(options: SlotLoaderOptions) {
    this.#o = options;
  }

  /** Never rejects: what cannot be loaded is down. */
  async load(): Promise<void> {
    const { slot, folder, log } = this.#o;
    const state = await folder?.state();
    const configured = await this.configured();
    try {
      if (state !== undefined && state.configured === configured && (await slot.restore(state))) return;
      await this.reload();
    } catch (error) {
      if (slot.running !== undefined) return;
      const isRestored = state !== undefined && (await slot.restore(state).catch(() => false));
      if (!isRestored) slot.isDown(error);
      else log.warn({ error, function: slot.name }, 'a function is not as configured; its last version runs');
    }
  }

  /** What the configuration names, whatever ran before. @throws GatewayError */
  async reload(): Promise<void> {
    const { slot } = this.#o;
    const bytes = await this.#bytes();
    await slot.deploy(bytes, this.#source, await this.configured());
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
    const { resolveImage, slot } = this.#o;
    const { source } = slot.config;
    if (source.type === 'image') {
      if (resolveImage !== undefined) return resolveImage(source.image, source.digest);
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
