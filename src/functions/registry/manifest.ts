/** Manifests, indexes and descriptors (OCI Image 1.1), read with care. */
import { createHash } from 'node:crypto';
import { registryError } from './errors.js';
import { DIGEST } from './reference.js';

export const MEDIA = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  imageConfig: 'application/vnd.oci.image.config.v1+json',
  wasmConfig: 'application/vnd.wasm.config.v0+json',
  wasm: 'application/wasm',
  tar: 'application/vnd.oci.image.layer.v1.tar',
  tarGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

/** Of a layer, and of all layers of one image. */
export const MAX_LAYER_BYTES = 16 * 1024 * 1024;
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
export const MAX_CONFIG_BYTES = 1024 * 1024;
const MAX_LAYERS = 64;
const MAX_MANIFESTS = 256;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly platform?: { readonly architecture?: string; readonly os?: string };
}

export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest or an index as its bytes say, and their digest. */
export interface ManifestDocument {
  readonly digest: string;
  readonly bytes: Buffer;
}

export function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function descriptorOf(mediaType: string, bytes: Buffer, annotations?: Descriptor['annotations']): Descriptor {
  return { mediaType, digest: sha256(bytes), size: bytes.length, ...(annotations !== undefined && { annotations }) };
}

/** @throws GatewayError FUNCTION_IMAGE_LAYOUT */
export function parseManifest({ bytes, digest }: ManifestDocument): Manifest | Index {
  const fail = (why: string) => registryError('FUNCTION_IMAGE_LAYOUT', `the manifest ${digest} is none: ${why}`);
  const value = jsonOf(bytes);
  if (value === undefined) throw fail('no JSON object');
  if (value.schemaVersion !== 2) throw fail('its schemaVersion is not 2');
  const annotations = annotationsOf(value.annotations);
  const type = typeof value.mediaType === 'string' ? value.mediaType : undefined;
  const common = { schemaVersion: 2, ...(annotations !== undefined && { annotations }) } as const;
  if (Array.isArray(value.manifests)) {
    if (value.manifests.length > MAX_MANIFESTS) throw fail(`it lists more than ${MAX_MANIFESTS} manifests`);
    const manifests = value.manifests.map(descriptor);
    if (!manifests.every((one) => one !== undefined)) throw fail('a descriptor is none');
    return { ...common, mediaType: type ?? MEDIA.index, manifests };
  }
  const config = descriptor(value.config);
  if (config === undefined) throw fail('it has no config');
  if (!Array.isArray(value.layers) || value.layers.length > MAX_LAYERS)
    throw fail(`it has no layers, or more than ${MAX_LAYERS}`);
  const layers = value.layers.map(descriptor);
  if (!layers.every((one) => one !== undefined)) throw fail('a descriptor is none');
  const artifactType = typeof value.artifactType === 'string' ? { artifactType: value.artifactType } : {};
  return { ...common, ...artifactType, mediaType: type ?? MEDIA.manifest, config, layers };
}

export function isIndex(manifest: Manifest | Index): manifest is Index {
  return 'manifests' in manifest;
}

/** undefined: no object. */
export function jsonOf(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as never) : undefined;
  } catch {
    return undefined;
  }
}

function descriptor(value: unknown): Descriptor | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { mediaType, digest, size, annotations, artifactType, platform } = value as Record<string, unknown>;
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !DIGEST.test(digest)) return undefined;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
  const notes = annotationsOf(annotations);
  return {
    mediaType,
    digest,
    size,
    ...(notes !== undefined && { annotations: notes }),
    ...(typeof artifactType === 'string' && { artifactType }),
    ...(typeof platform === 'object' && platform !== null && { platform }),
  };
}

function annotationsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}
