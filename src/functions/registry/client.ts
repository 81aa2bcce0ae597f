/** A registry as OCI Distribution 1.1 has it. What comes is compared with its digest and size before anybody sees it. */
import type { GatewayError } from '../../core/errors.js';
import { Connection, type ConnectionOptions, saidBy } from './connection.js';
import { registryError } from './errors.js';
import type { Answer } from './exchange.js';
import {
  type Descriptor,
  isIndex,
  jsonOf,
  MAX_LAYER_BYTES,
  MAX_MANIFEST_BYTES,
  type ManifestDocument,
  MEDIA,
  parseManifest,
  sha256,
} from './manifest.js';
import { DIGEST } from './reference.js';

/** What there is already of a blob, and what comes of it. */
export interface PartialBlob {
  readonly have: Buffer;
  /** Begin anew with nothing. */
  reset(): void;
  add(chunk: Buffer): void;
}

const ACCEPT = [MEDIA.manifest, MEDIA.index, MEDIA.dockerManifest, MEDIA.dockerList].join(', ');
/** Cuts in a row without a byte between. */
const MAX_CUTS = 3;
const MAX_TAGS = 10_000;
const CHUNK = 1024 * 1024;

export class RegistryClient {
  readonly #connection: Connection;

  constructor(options: ConnectionOptions) {
    this.#connection = new Connection(options);
  }

  get host(): string {
    return this.#connection.host;
  }

  /** @param reference - tag or digest @returns undefined: there is none @throws GatewayError */
  async manifest(repository: string, reference: string): Promise<ManifestDocument | undefined> {
    const answer = await this.#connection.call(`/v2/${repository}/manifests/${reference}`, {
      method: 'GET',
      scope: pull(repository),
      headers: { accept: ACCEPT },
      maxBytes: MAX_MANIFEST_BYTES,
    });
    if (answer.status === 404) return undefined;
    this.#expect(answer, 200);
    const digest = sha256(answer.body);
    const said = answer.headers['docker-content-digest'];
    if (DIGEST.test(reference) && reference !== digest) throw this.#damaged(reference, digest);
    if (typeof said === 'string' && DIGEST.test(said) && said !== digest) throw this.#damaged(said, digest);
    return { digest, bytes: answer.body };
  }

  /** Goes on after a cut with what is missing (RFC 9110 §14). @throws GatewayError */
  async blob(repository: string, descriptor: Descriptor, partial?: PartialBlob): Promise<Buffer> {
    const { digest, size } = descriptor;
    if (size > MAX_LAYER_BYTES) throw this.#tooLarge(digest, size);
    let chunks: Buffer[] = partial === undefined || partial.have.length > size ? [] : [partial.have];
    let bytes = chunks[0]?.length ?? 0;
    if (partial !== undefined && bytes !== partial.have.length) partial.reset();
    const restart = () => {
      chunks = [];
      bytes = 0;
      partial?.reset();
    };
    for (let cuts = 0, isAnew = bytes === 0; bytes < size || (size === 0 && isAnew); ) {
      const begin = bytes;
      let isFirst = true;
      try {
        const answer = await this.#connection.call(`/v2/${repository}/blobs/${digest}`, {
          method: 'GET',
          scope: pull(repository),
          headers: begin === 0 ? {} : { range: `bytes=${begin}-` },
          maxBytes: size + 1,
          onChunk: (chunk, status, headers) => {
            const goesOn = status === 206 && headers['content-range']?.startsWith(`bytes ${begin}-`) === true;
            if (isFirst && begin > 0 && !goesOn) restart();
            isFirst = false;
            chunks.push(chunk);
            bytes += chunk.length;
            partial?.add(chunk);
          },
        });
        if (answer.status === 416 && begin > 0) {
          restart();
          continue;
        }
        if (answer.status === 404)
          throw registryError('FUNCTION_IMAGE_UNKNOWN', `${this.host}/${repository} has no blob ${digest}`);
        this.#expect(answer, 200, 206);
        if (bytes < size && bytes <= begin) throw this.#damagedSize(digest, size, bytes);
      } catch (error) {
        cuts = bytes > begin ? 0 : cuts + 1;
        if ((error as GatewayError).code !== 'FUNCTION_REGISTRY_UNREACHABLE' || cuts > MAX_CUTS) throw error;
      }
      isAnew = false;
    }
    const whole = Buffer.concat(chunks);
    const found = sha256(whole);
    if (whole.length === size && found === digest) return whole;
    partial?.reset();
    // The part from before may have been another one.
    if (partial !== undefined && partial.have.length > 0)
      return this.blob(repository, descriptor, { ...partial, have: Buffer.alloc(0) });
    throw this.#damaged(digest, found);
  }

  async hasBlob(repository: string, digest: string): Promise<boolean> {
    const answer = await this.#connection.call(`/v2/${repository}/blobs/${digest}`, {
      method: 'HEAD',
      scope: push(repository),
    });
    return answer.status === 200;
  }

  /**
   * HEAD, POST and PUT; where the whole was cut, in pieces from where the registry says.
   *
   * @param chunkBytes - in pieces of this size from the beginning
   * @returns false: it was there
   */
  async pushBlob(repository: string, bytes: Buffer, chunkBytes?: number): Promise<boolean> {
    const digest = sha256(bytes);
    if (bytes.length > MAX_LAYER_BYTES) throw this.#tooLarge(digest, bytes.length);
    if (await this.hasBlob(repository, digest)) return false;
    if (chunkBytes === undefined) {
      try {
        const begun = await this.#begin(repository);
        await this.#finish(repository, begun.location, digest, bytes);
        return true;
      } catch (error) {
        if ((error as GatewayError).code !== 'FUNCTION_REGISTRY_UNREACHABLE') throw error;
      }
    }
    await this.#pushChunks(repository, digest, bytes, chunkBytes ?? CHUNK);
    return true;
  }

  async pushManifest(repository: string, reference: string, bytes: Buffer, mediaType: string): Promise<string> {
    const answer = await this.#connection.call(`/v2/${repository}/manifests/${reference}`, {
      method: 'PUT',
      scope: push(repository),
      headers: { 'content-type': mediaType },
      body: bytes,
    });
    this.#expect(answer, 201);
    return sha256(bytes);
  }

  /** @throws GatewayError FUNCTION_IMAGE_UNKNOWN when there is no such name */
  async tags(repository: string): Promise<readonly string[]> {
    const tags: string[] = [];
    let path: string | undefined = `/v2/${repository}/tags/list?n=1000`;
    while (path !== undefined && tags.length < MAX_TAGS) {
      const answer: Answer = await this.#connection.call(path, { method: 'GET', scope: pull(repository) });
      if (answer.status === 404) throw registryError('FUNCTION_IMAGE_UNKNOWN', `${this.host} has no ${repository}`);
      this.#expect(answer, 200);
      const list = jsonOf(answer.body)?.tags;
      const before = tags.length;
      if (Array.isArray(list)) tags.push(...list.filter((one): one is string => typeof one === 'string'));
      const next: string | undefined = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(answer.headers.link ?? ''))?.[1];
      const url = next !== undefined && URL.canParse(next, answer.url.href) ? new URL(next, answer.url) : undefined;
      path = url?.origin === answer.url.origin && tags.length > before ? url.pathname + url.search : undefined;
    }
    return tags.slice(0, MAX_TAGS);
  }

  /** What refers to a manifest; where the registry has no list of it, by the fallback tag (Distribution § Referrers Tag Schema). */
  async referrers(repository: string, digest: string): Promise<readonly Descriptor[]> {
    const call = {
      method: 'GET',
      scope: pull(repository),
      headers: { accept: MEDIA.index },
      maxBytes: MAX_MANIFEST_BYTES,
    };
    const answer = await this.#connection.call(`/v2/${repository}/referrers/${digest}`, call);
    const isList = answer.status === 200 && jsonOf(answer.body)?.manifests !== undefined;
    const index = isList
      ? { digest: sha256(answer.body), bytes: answer.body }
      : await this.manifest(repository, digest.replace(':', '-'));
    if (index === undefined) return [];
    const parsed = parseManifest(index);
    return isIndex(parsed) ? parsed.manifests : [];
  }

  async #begin(repository: string): Promise<{ readonly location: string; readonly chunk: number }> {
    const answer = await this.#connection.call(`/v2/${repository}/blobs/uploads/`, {
      method: 'POST',
      scope: push(repository),
    });
    this.#expect(answer, 202);
    return { location: this.#location(answer), chunk: Number(answer.headers['oci-chunk-min-length'] ?? 0) };
  }

  async #finish(repository: string, location: string, digest: string, body: Buffer): Promise<void> {
    const url = new URL(location);
    url.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await this.#connection.call(url.href, { method: 'PUT', scope: push(repository), headers, body });
    this.#expect(answer, 201);
  }

  async #pushChunks(repository: string, digest: string, bytes: Buffer, wanted: number): Promise<void> {
    let { location, chunk: least } = await this.#begin(repository);
    const step = Math.max(wanted, Number.isSafeInteger(least) ? least : 0);
    for (let at = 0, cuts = 0; at < bytes.length; ) {
      const body = bytes.subarray(at, at + step);
      const headers = { 'content-type': 'application/octet-stream', 'content-range': `${at}-${at + body.length - 1}` };
      try {
        const answer = await this.#connection.call(location, {
          method: 'PATCH',
          scope: push(repository),
          headers,
          body,
        });
        this.#expect(answer, 202);
        location = this.#location(answer);
        at += body.length;
        cuts = 0;
      } catch (error) {
        if ((error as GatewayError).code !== 'FUNCTION_REGISTRY_UNREACHABLE' || ++cuts > MAX_CUTS) throw error;
        const answer = await this.#connection.call(location, { method: 'GET', scope: push(repository) });
        this.#expect(answer, 204);
        const end = /^(?:bytes=)?0-(\d+)$/.exec(String(answer.headers.range ?? ''))?.[1];
        // A registry that has nothing says 0-0, as it does of one byte: that byte is sent again with the whole piece.
        at = end === undefined || end === '0' ? 0 : Math.min(Number(end) + 1, bytes.length);
        if (answer.headers.location !== undefined) location = this.#location(answer);
      }
    }
    await this.#finish(repository, location, digest, Buffer.alloc(0));
  }

  #location({ headers, url }: Answer): string {
    const { location } = headers;
    if (location === undefined || !URL.canParse(location, url.href))
      throw this.#refused('it does not say where an upload goes');
    const there = new URL(location, url);
    if (there.protocol !== url.protocol) throw this.#refused(`it sends an upload to ${there.origin}`);
    return there.href;
  }

  #expect(answer: Answer, ...statuses: readonly number[]): void {
    if (statuses.includes(answer.status)) return;
    if (answer.status >= 500 || answer.status === 429) {
      throw registryError('FUNCTION_REGISTRY_UNREACHABLE', `${this.host} answers ${answer.status}: ${saidBy(answer)}`);
    }
    throw this.#refused(saidBy(answer));
  }

  #refused(why: string): GatewayError {
    return registryError('FUNCTION_REGISTRY_REFUSED', `${this.host} refuses: ${why}`);
  }

  #damaged(wanted: string, found: string): GatewayError {
    return registryError(
      'FUNCTION_IMAGE_DAMAGED',
      `${this.host} gave something else for ${wanted}: its digest is ${found}`,
    );
  }

  #damagedSize(digest: string, size: number, bytes: number): GatewayError {
    return registryError('FUNCTION_IMAGE_DAMAGED', `${this.host} gave ${bytes} bytes for ${digest}, which has ${size}`);
  }

  #tooLarge(digest: string, bytes: number): GatewayError {
    return registryError('FUNCTION_IMAGE_TOO_LARGE', `${digest} has ${bytes} bytes, more than ${MAX_LAYER_BYTES}`, {
      details: { bytes },
    });
  }
}

const pull = (repository: string) => `repository:${repository}:pull`;
const push = (repository: string) => `repository:${repository}:pull,push`;
