/** One image as a folder (OCI Image 1.1 § Image Layout), as `hpmq function build` and `skopeo copy … oci:` write it. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { registryError } from './errors.js';
import type { PackedImage } from './layouts.js';
import { type Descriptor, descriptorOf, isIndex, MAX_LAYER_BYTES, MEDIA, parseManifest, sha256 } from './manifest.js';

/** @returns the digest of the manifest */
export async function writeImageLayout(folder: string, image: PackedImage, tag: string): Promise<string> {
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const put = (bytes: Buffer) => writeFile(join(blobs, sha256(bytes).slice('sha256:'.length)), bytes);
  for (const { bytes } of image.blobs) await put(bytes);
  await put(image.manifest);
  const manifest = descriptorOf(image.mediaType, image.manifest, { 'org.opencontainers.image.ref.name': tag });
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.index, manifests: [manifest] }),
  );
  return manifest.digest;
}

/** The one image of a folder. @throws GatewayError FUNCTION_IMAGE_LAYOUT, FUNCTION_IMAGE_DAMAGED */
export async function readImageLayout(folder: string): Promise<PackedImage> {
  const index = await read(join(folder, 'index.json'), 'index.json');
  const parsed = parseManifest({ digest: 'index.json', bytes: index });
  const [entry, ...others] = isIndex(parsed) ? parsed.manifests : [];
  if (entry === undefined || others.length > 0)
    throw registryError('FUNCTION_IMAGE_LAYOUT', `${folder} has not exactly one image`);
  const bytes = await blob(folder, entry);
  const manifest = parseManifest({ digest: entry.digest, bytes });
  if (isIndex(manifest)) throw registryError('FUNCTION_IMAGE_LAYOUT', `${folder} has an index in its index`);
  const blobs: { descriptor: Descriptor; bytes: Buffer }[] = [];
  for (const descriptor of [manifest.config, ...manifest.layers]) {
    blobs.push({ descriptor, bytes: await blob(folder, descriptor) });
  }
  return { manifest: bytes, mediaType: entry.mediaType, blobs };
}

async function blob(folder: string, { digest, size }: Descriptor): Promise<Buffer> {
  const bytes = await read(join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length)), digest);
  if (bytes.length === size && sha256(bytes) === digest) return bytes;
  throw registryError('FUNCTION_IMAGE_DAMAGED', `${digest} in ${folder} is something else`);
}

async function read(path: string, what: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_LAYER_BYTES) return await readFile(path);
    throw new Error(`it has ${size} bytes`);
  } catch (cause) {
    throw registryError('FUNCTION_IMAGE_LAYOUT', `cannot read ${what}: ${(cause as Error).message}`, { cause });
  }
}
