/**
 * Images on this disk, as an OCI image layout (OCI Image 1.1 § Image Layout), which other programs read, too:
 *
 *   oci-layout  index.json              which digest a reference was last, newest first
 *   blobs/sha256/<hex>                  complete: written beside, synced, renamed; compared with its name when it is read
 *   partial/<hex>                       what came of a blob before the connection or the gateway ended
 *
 * One gateway and any number of commands may write at a time: a blob has one content, and an entry of the index that two of
 * them wrote at once costs a question to the registry.
 */
import { appendFileSync, rmSync } from 'node:fs';
import { chown, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PartialBlob } from './client.js';
import { registryError } from './errors.js';
import {
  type Descriptor,
  isIndex,
  jsonOf,
  MAX_LAYER_BYTES,
  type ManifestDocument,
  MEDIA,
  parseManifest,
  sha256,
} from './manifest.js';
import { DIGEST } from './reference.js';

const NAME = 'org.opencontainers.image.ref.name';
const LAYOUT = Buffer.from('{"imageLayoutVersion":"1.0.0"}');
/** Entries beside those that are in use. */
const MAX_ENTRIES = 32;
/** What a name in use was, newest first; older ones are as others. */
const MAX_OF_NAME = 8;
const MAX_INDEX_BYTES = 1024 * 1024;
/** Younger blobs may belong to an image that is on its way, ms. */
const YOUNG = 3_600_000;

export class ImageCache {
  readonly folder: string;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** undefined: it is not there, or not what its name says; the latter is removed. */
  async blob(digest: string): Promise<Buffer | undefined> {
    const path = this.#path(digest);
    try {
      if ((await stat(path)).size > MAX_LAYER_BYTES) return undefined;
      const bytes = await readFile(path);
      if (sha256(bytes) === digest) return bytes;
      await rm(path, { force: true });
    } catch {}
    return undefined;
  }

  /** @throws GatewayError FUNCTION_IMAGE_CACHE */
  async add(bytes: Buffer): Promise<string> {
    const digest = sha256(bytes);
    if ((await this.blob(digest)) !== undefined) return digest;
    await this.#guard(async () => {
      await this.#open();
      await this.#replace(join(this.folder, 'blobs', 'sha256'), hexOf(digest), bytes);
      await rm(join(this.folder, 'partial', hexOf(digest)), { force: true });
    });
    return digest;
  }

  /** What came of a blob so far. */
  async partial(digest: string): Promise<PartialBlob> {
    const path = join(this.folder, 'partial', hexOf(digest));
    await this.#guard(() => this.#open());
    const size = (await stat(path).catch(() => undefined))?.size ?? 0;
    const have =
      size === 0 || size > MAX_LAYER_BYTES ? Buffer.alloc(0) : await readFile(path).catch(() => Buffer.alloc(0));
    return {
      have,
      reset: () => rmSync(path, { force: true }),
      // A disk that takes nothing costs the resumption only.
      add: (chunk) => {
        try {
          appendFileSync(path, chunk, { mode: 0o640 });
        } catch {}
      },
    };
  }

  /** The digest that a reference without digest was last. */
  async digestOf(reference: string): Promise<string | undefined> {
    return (await this.#entries()).find(({ annotations }) => annotations?.[NAME] === reference)?.digest;
  }

  /** All digests that a reference without digest was, newest first. */
  async digestsOf(reference: string): Promise<readonly string[]> {
    const entries = await this.#entries();
    const isOf = (name = '') => name === reference || name.startsWith(`${reference}@`);
    return entries.filter(({ annotations }) => isOf(annotations?.[NAME])).map(({ digest }) => digest);
  }

  /** @param reference - `host/name:tag`; without tag for what was asked for by its digest */
  name(reference: string, manifest: ManifestDocument, inUse: ReadonlySet<string> = new Set()): Promise<void> {
    return this.#update((entries) => {
      const parsed = parseManifest(manifest);
      const entry: Descriptor = {
        mediaType: parsed.mediaType,
        digest: manifest.digest,
        size: manifest.bytes.length,
        annotations: { [NAME]: reference },
      };
      const others = entries.filter((one) => one.annotations?.[NAME] !== reference || one.digest !== manifest.digest);
      return bounded([entry, ...others], inUse);
    });
  }

  /** Removes images that are not in use, but the newest, and blobs that no image has. */
  async collect(inUse: ReadonlySet<string>): Promise<number> {
    await this.#update((entries) => bounded(entries, inUse));
    const kept = new Set<string>();
    for (const { digest } of await this.#entries()) await this.#reach(digest, kept);
    let removed = 0;
    for (const kind of ['blobs/sha256', 'partial']) {
      const folder = join(this.folder, kind);
      for (const name of await readdir(folder).catch(() => [])) {
        if (kind !== 'partial' && kept.has(`sha256:${name}`)) continue;
        const path = join(folder, name);
        const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now());
        if (age < YOUNG) continue;
        await rm(path, { force: true });
        removed++;
      }
    }
    return removed;
  }

  async #reach(digest: string, kept: Set<string>): Promise<void> {
    if (kept.has(digest)) return;
    kept.add(digest);
    const bytes = await this.blob(digest);
    if (bytes === undefined) return;
    try {
      const parsed = parseManifest({ digest, bytes });
      if (isIndex(parsed)) for (const one of parsed.manifests) await this.#reach(one.digest, kept);
      else for (const one of [parsed.config, ...parsed.layers]) kept.add(one.digest);
    } catch {}
  }

  async #entries(): Promise<readonly Descriptor[]> {
    try {
      const path = join(this.folder, 'index.json');
      if ((await stat(path)).size > MAX_INDEX_BYTES) return [];
      const bytes = await readFile(path);
      if (jsonOf(bytes)?.manifests === undefined) return [];
      const parsed = parseManifest({ digest: 'index.json', bytes });
      return isIndex(parsed) ? parsed.manifests : [];
    } catch {
      return [];
    }
  }

  #update(change: (entries: readonly Descriptor[]) => readonly Descriptor[]): Promise<void> {
    const written = this.#writing.then(() =>
      this.#guard(async () => {
        const manifests = change(await this.#entries());
        await this.#open();
        const index = { schemaVersion: 2, mediaType: MEDIA.index, manifests };
        await this.#replace(this.folder, 'index.json', Buffer.from(JSON.stringify(index)));
      }),
    );
    this.#writing = written.catch(() => {});
    return written;
  }

  async #open(): Promise<void> {
    const owner = await ownerOf(this.folder);
    for (const folder of [this.folder, join(this.folder, 'blobs', 'sha256'), join(this.folder, 'partial')]) {
      const first = await mkdir(folder, { recursive: true, mode: 0o750 });
      if (first !== undefined && owner !== undefined) {
        for (let path = folder; path.length >= first.length; path = join(path, '..')) await owner(path);
      }
    }
    const path = join(this.folder, 'oci-layout');
    const found = await readFile(path).catch(() => undefined);
    if (found?.equals(LAYOUT) !== true) await this.#replace(this.folder, 'oci-layout', LAYOUT);
  }

  /** The old file or the new one, whatever happens between. */
  async #replace(folder: string, name: string, bytes: Buffer): Promise<void> {
    const temporary = join(folder, `${name}.${process.pid}.new`);
    const file = await open(temporary, 'w', 0o640);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await (await ownerOf(folder))?.(temporary);
    await rename(temporary, join(folder, name));
    const directory = await open(folder, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  async #guard<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
      throw registryError('FUNCTION_IMAGE_CACHE', `cannot write ${this.folder}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  #path(digest: string): string {
    return join(this.folder, 'blobs', 'sha256', hexOf(digest));
  }
}

/** Only what a digest can be becomes part of a path. */
function hexOf(digest: string): string {
  if (!DIGEST.test(digest)) throw new RangeError('no digest');
  return digest.slice('sha256:'.length);
}

/** Newest first. Signatures stay with the image that they sign, whose digest is in their name. */
function bounded(entries: readonly Descriptor[], inUse: ReadonlySet<string>): readonly Descriptor[] {
  const counts = new Map<string, number>();
  const isUsed = (one: Descriptor): boolean => {
    const name = nameOf(one);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return inUse.has(one.digest) || (inUse.has(name) && count <= MAX_OF_NAME);
  };
  const used = new Set(entries.filter(isUsed));
  const signatures = new Set([...used].map(({ digest }) => `:${digest.replace(':', '-')}.sig`));
  let others = 0;
  return entries.filter((one) => {
    const name = nameOf(one);
    return used.has(one) || signatures.has(name.slice(name.lastIndexOf(':'))) || ++others <= MAX_ENTRIES;
  });
}

function nameOf({ annotations }: Descriptor): string {
  return annotations?.[NAME] ?? '';
}

/** What root writes for the gateway belongs to the owner of the folder. undefined: nothing to do. */
async function ownerOf(folder: string): Promise<((path: string) => Promise<void>) | undefined> {
  if (process.geteuid?.() !== 0) return undefined;
  for (let path = folder; ; path = join(path, '..')) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined && path !== '/') continue;
    if (found === undefined || found.uid === 0) return undefined;
    return (file) => chown(file, found.uid, found.gid);
  }
}
