/**
 * Images of functions: from the cache of this gateway, or from their registry into it. Trust first: of an image whose
 * signature does not count, nothing is fetched but its manifest.
 */
import { join } from 'node:path';
import { type GatewayError, toGatewayError } from '../../core/errors.js';
import type { FunctionRegistryConfig } from '../../core/function-config.js';
import type { Log } from '../../core/log.js';
import { type Credentials, dockerCredentials } from './auth.js';
import { ImageCache } from './cache.js';
import { RegistryClient } from './client.js';
import { registryError } from './errors.js';
import type { ImageInUse } from './in-use.js';
import { type Layout, neededLayers, unpackImage } from './layouts.js';
import {
  type Descriptor,
  type Index,
  isIndex,
  MAX_CONFIG_BYTES,
  type Manifest,
  type ManifestDocument,
  parseManifest,
  sha256,
} from './manifest.js';
import { checkTrust, type Trust, trustOf } from './policy.js';
import { DIGEST, nameOf, parseReference, type Reference, referenceText } from './reference.js';
import { type ImageSource, SIGNATURE_TAG } from './signature.js';

export interface ImagesOptions {
  readonly config: FunctionRegistryConfig;
  /** Of the gateway; undefined: nothing is kept. */
  readonly data: string | undefined;
  readonly log: Log;
  /** For what `docker login` left. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Instead of those of the configuration. */
  readonly credentials?: Credentials | undefined;
  /** They stay in the cache, however many others come. */
  readonly inUse?: readonly ImageInUse[];
  readonly signal?: AbortSignal;
  readonly idleMs?: number;
}

export interface FoundImage {
  /** `host/name:tag@sha256:…`. */
  readonly reference: string;
  /** Of the manifest, or of the index that the tag names. */
  readonly digest: string;
  readonly layout: Layout;
  readonly manifest: Manifest;
  readonly module: Buffer;
  /** Files of the keys that signed it. */
  readonly signedBy: readonly string[];
  readonly from: 'cache' | 'registry';
}

/** After a registry gave no answer, so long nobody waits for it again, ms. */
const REST = 20_000;
const CACHE_FOLDER = 'function-images';

export class Images {
  readonly cache: ImageCache | undefined;
  readonly #o: ImagesOptions;
  readonly #resting = new Map<string, { readonly until: number; readonly error: GatewayError }>();

  constructor(options: ImagesOptions) {
    this.#o = options;
    this.cache = options.data === undefined ? undefined : new ImageCache(join(options.data, CACHE_FOLDER));
  }

  /**
   * By its digest from the cache without asking anybody; by its tag from the registry, and from the cache when that gives no
   * answer.
   *
   * @throws GatewayError
   */
  async find(image: string, pinned?: string): Promise<FoundImage> {
    const reference = withDigest(parseReference(image), pinned);
    const trust = trustOf(reference, this.#o.config);
    const { digest } = reference;
    if (digest !== undefined) {
      const kept = await this.#cached(reference, digest, trust);
      if (kept !== undefined) return kept;
    }
    try {
      return await this.#fetch(reference, trust);
    } catch (error) {
      if ((error as GatewayError).code !== 'FUNCTION_REGISTRY_UNREACHABLE' || digest !== undefined) throw error;
      const known = await this.cache?.digestOf(referenceText(reference));
      const kept = known === undefined ? undefined : await this.#cached(reference, known, trust);
      if (kept === undefined) throw error;
      this.#o.log.warn(
        { error, image, digest: known },
        'the registry gives no answer; the image is the one it gave before',
      );
      return kept;
    }
  }

  /**
   * Whether a module that came of an image before may run now, by what is in the cache: nobody is asked.
   *
   * @param module - digest of its bytes
   * @returns why not
   */
  async judge(image: string, module: string): Promise<GatewayError | undefined> {
    let reference: Reference;
    try {
      reference = parseReference(image);
    } catch {
      // It was deployed by hand.
      return undefined;
    }
    try {
      const trust = trustOf(reference, this.#o.config);
      if (trust.rule === undefined || trust.rule.keys.length === 0) return undefined;
      return await this.#judge(reference, trust, module);
    } catch (error) {
      return toGatewayError(error);
    }
  }

  async #judge(reference: Reference, trust: Trust, module: string): Promise<GatewayError | undefined> {
    const { cache } = this;
    const text = referenceText(reference);
    let fault: GatewayError | undefined;
    const known = reference.digest === undefined ? await cache?.digestsOf(text) : [reference.digest];
    for (const digest of cache === undefined ? [] : (known ?? [])) {
      try {
        const found = await load(cachedSource(cache!, reference), reference, digest, trust, 'cache');
        if (found !== undefined && sha256(found.image.module) === module) return undefined;
      } catch (error) {
        fault ??= toGatewayError(error);
      }
    }
    const unknown = `nothing on this disk shows who signed the version of ${text} that ran last`;
    return fault ?? registryError('FUNCTION_IMAGE_UNSIGNED', unknown);
  }

  /** Removes from the cache what is not in use. */
  async collect(): Promise<void> {
    await this.cache?.collect(this.#inUse);
  }

  /** Names and digests. */
  get #inUse(): ReadonlySet<string> {
    const references = (this.#o.inUse ?? []).map(({ image, digest }) => withDigest(parseReference(image), digest));
    return new Set(
      references.flatMap((one) => [referenceText(one), ...(one.digest === undefined ? [] : [one.digest])]),
    );
  }

  /** The client for the registry of a reference. */
  async client({ host }: Pick<Reference, 'host'>): Promise<RegistryClient> {
    const { config, credentials, env, signal, idleMs } = this.#o;
    const own = Object.hasOwn(config.auth, host) ? config.auth[host] : undefined;
    return new RegistryClient({
      host,
      insecure: config.insecure.includes(host),
      credentials: credentials ?? own ?? (await dockerCredentials(host, env)),
      ...(config.ca !== undefined && { ca: [...process.getBuiltinModule('node:tls').rootCertificates, config.ca] }),
      ...(signal !== undefined && { signal }),
      ...(idleMs !== undefined && { idleMs }),
    });
  }

  async #fetch(reference: Reference, trust: Trust): Promise<FoundImage> {
    const { host } = reference;
    const resting = this.#resting.get(host);
    if (resting !== undefined && performance.now() < resting.until) throw resting.error;
    this.#resting.delete(host);
    try {
      const source = remoteSource(await this.client(reference), reference, this.cache);
      const found = await load(source, reference, reference.digest ?? reference.tag!, trust, 'registry');
      if (found === undefined) {
        const message = `${host} has no ${referenceText(reference).slice(host.length + 1)}`;
        throw registryError('FUNCTION_IMAGE_UNKNOWN', message);
      }
      await this.cache?.name(referenceText(reference), found.top, this.#inUse);
      return found.image;
    } catch (error) {
      if ((error as GatewayError).code === 'FUNCTION_REGISTRY_UNREACHABLE') {
        this.#resting.set(host, { until: performance.now() + REST, error: error as GatewayError });
      }
      throw error;
    }
  }

  /** undefined: it is not there as a whole, or nothing there shows that it may be run. */
  async #cached(reference: Reference, digest: string, trust: Trust): Promise<FoundImage | undefined> {
    if (this.cache === undefined) return undefined;
    try {
      return (await load(cachedSource(this.cache, reference), reference, digest, trust, 'cache'))?.image;
    } catch (error) {
      if ((error as GatewayError).code === 'FUNCTION_KEY') throw error;
      return undefined;
    }
  }
}

interface Loaded {
  readonly top: ManifestDocument;
  readonly image: FoundImage;
}

async function load(
  source: ImageSource,
  reference: Reference,
  wanted: string,
  trust: Trust,
  from: FoundImage['from'],
): Promise<Loaded | undefined> {
  const top = await source.manifest(wanted);
  if (top === undefined) return undefined;
  const signedBy = await checkTrust(source, top.digest, trust);
  const manifest = await chosen(source, parseManifest(top));
  const needed = neededLayers(manifest);
  if (manifest.config.size > MAX_CONFIG_BYTES) {
    throw registryError(
      'FUNCTION_IMAGE_TOO_LARGE',
      `the config has ${manifest.config.size} bytes, more than ${MAX_CONFIG_BYTES}`,
    );
  }
  const config = await source.blob(manifest.config);
  const layers: Buffer[] = [];
  for (const layer of needed) layers.push(await source.blob(layer));
  const unpacked = unpackImage(manifest, config, layers);
  const text = referenceText({ ...reference, digest: top.digest });
  return { top, image: { reference: text, digest: top.digest, manifest, ...unpacked, signedBy, from } };
}

/** Of an index the entry for WebAssembly, or the only one. */
async function chosen(source: ImageSource, parsed: Manifest | Index): Promise<Manifest> {
  if (!isIndex(parsed)) return parsed;
  const isWasm = ({ platform }: Descriptor) =>
    platform?.architecture === 'wasm' ||
    platform?.architecture === 'wasm32' ||
    platform?.os?.startsWith('wasi') === true;
  const fit = parsed.manifests.filter(isWasm);
  const entry = fit.length > 0 ? fit[0] : parsed.manifests.length === 1 ? parsed.manifests[0] : undefined;
  if (entry === undefined)
    throw registryError('FUNCTION_IMAGE_LAYOUT', 'none of the manifests in the index is for WebAssembly');
  const found = await source.manifest(entry.digest);
  if (found === undefined)
    throw registryError('FUNCTION_IMAGE_UNKNOWN', `the index names ${entry.digest}, which is not there`);
  const manifest = parseManifest(found);
  if (isIndex(manifest)) throw registryError('FUNCTION_IMAGE_LAYOUT', 'the index names another index');
  return manifest;
}

/** What it gives is in the cache then. */
function remoteSource(client: RegistryClient, reference: Reference, cache: ImageCache | undefined): ImageSource {
  const { repository } = reference;
  return {
    async manifest(wanted) {
      const found = await client.manifest(repository, wanted);
      if (found === undefined) return undefined;
      await cache?.add(found.bytes);
      // By this name it is looked for when the image is verified without the registry.
      if (SIGNATURE_TAG.test(wanted)) await cache?.name(`${nameOf(reference)}:${wanted}`, found);
      return found;
    },
    async blob(descriptor) {
      if (cache === undefined) return client.blob(repository, descriptor);
      const kept = await cache.blob(descriptor.digest);
      if (kept !== undefined && kept.length === descriptor.size) return kept;
      const bytes = await client.blob(repository, descriptor, await cache.partial(descriptor.digest));
      await cache.add(bytes);
      return bytes;
    },
  };
}

function cachedSource(cache: ImageCache, reference: Reference): ImageSource {
  return {
    async manifest(wanted) {
      const digest = DIGEST.test(wanted) ? wanted : await cache.digestOf(`${nameOf(reference)}:${wanted}`);
      const bytes = digest === undefined ? undefined : await cache.blob(digest);
      return digest === undefined || bytes === undefined ? undefined : { digest, bytes };
    },
    async blob({ digest, size }) {
      const bytes = await cache.blob(digest);
      if (bytes?.length === size) return bytes;
      throw registryError('FUNCTION_IMAGE_UNKNOWN', `${digest} is not in the cache`);
    },
  };
}

function withDigest(reference: Reference, pinned: string | undefined): Reference {
  if (pinned === undefined || reference.digest === pinned) return reference;
  if (reference.digest === undefined) return { ...reference, digest: pinned };
  throw registryError(
    'FUNCTION_REFERENCE',
    `${referenceText(reference)} has another digest than ${pinned}, which it is pinned to`,
  );
}
