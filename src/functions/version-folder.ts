/**
 * The versions of one function on disk: `<data>/functions/<name>/state.json` and a file for each module, named by its digest.
 * The state is replaced as a whole; a module is there before the state names it.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface StoredVersion {
  readonly digest: string;
  readonly source: string;
  readonly deployedAt: number;
  readonly failed: boolean;
}

export interface VersionState {
  /** What the configuration named when `current` was chosen: another one there is news. */
  readonly configured: string;
  readonly current: string;
  readonly paused: boolean;
  /** Newest first. */
  readonly versions: readonly StoredVersion[];
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** What is written here: nothing else is removed. */
export const OWN_FILE = /^(?:[0-9a-f]{64}\.wasm(?:\.new)?|state\.json\.new)$/;
const MAX_STATE_BYTES = 65_536;

export class VersionFolder {
  readonly #folder: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(data: string, name: string) {
    this.#folder = join(data, 'functions', name);
  }

  /** undefined: there is none, or none that can be read. */
  async state(): Promise<VersionState | undefined> {
    try {
      const bytes = await readFile(join(this.#folder, 'state.json'));
      return bytes.length > MAX_STATE_BYTES ? undefined : parse(JSON.parse(bytes.toString('utf8')));
    } catch {
      return undefined;
    }
  }

  /** undefined: it is not there, or not what its name says. */
  async module(digest: string): Promise<Buffer | undefined> {
    try {
      const bytes = await readFile(this.#path(digest));
      return digestOf(bytes) === digest ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  async addModule(digest: string, bytes: Buffer): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    if ((await this.module(digest)) === undefined) await write(this.#folder, this.#path(digest), bytes);
  }

  /** One after the other; modules that the newest state does not name are removed. */
  save(state: VersionState): Promise<void> {
    const saved = this.#writing.then(async () => {
      await mkdir(this.#folder, { recursive: true });
      await write(this.#folder, join(this.#folder, 'state.json'), Buffer.from(`${JSON.stringify(state, null, 2)}\n`));
      const kept = new Set(state.versions.map(({ digest }) => fileName(digest)));
      for (const name of await readdir(this.#folder)) {
        if (OWN_FILE.test(name) && !kept.has(name)) await rm(join(this.#folder, name), { force: true });
      }
    });
    this.#writing = saved.catch(() => {});
    return saved;
  }

  #path(digest: string): string {
    return join(this.#folder, fileName(digest));
  }
}

function fileName(digest: string): string {
  return `${digest.slice('sha256:'.length)}.wasm`;
}

/** Replaces a file so that a cut leaves the old one or the new one. */
async function write(folder: string, path: string, bytes: Buffer): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o640);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function parse(value: unknown): VersionState | undefined {
  const state = value as Partial<VersionState> | null;
  if (typeof state !== 'object' || state === null || !Array.isArray(state.versions)) return undefined;
  const isVersion = (one: Partial<StoredVersion>) =>
    typeof one?.digest === 'string' &&
    DIGEST.test(one.digest) &&
    typeof one.source === 'string' &&
    typeof one.deployedAt === 'number' &&
    typeof one.failed === 'boolean';
  if (typeof state.configured !== 'string' || typeof state.current !== 'string') return undefined;
  if (!state.versions.every(isVersion) || !DIGEST.test(state.current)) return undefined;
  return { ...(state as VersionState), paused: state.paused === true };
}
