/**
 * The ways in which images hold a module, in and out:
 *
 *   CNCF wasm artifact   config application/vnd.wasm.config.v0+json, layer application/wasm            read, written
 *   older artifacts      layer application/vnd.wasm.content.layer.v1+wasm and of its kind              read
 *   ordinary image       config application/vnd.oci.image.config.v1+json, layer tar or tar+gzip        read, written (compat)
 *   HPMQ 1               the same media types, config {"kind":"Wasi","cmd":"x.wasm","rootf":{…}}       read
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { registryError } from './errors.js';
import { type Descriptor, descriptorOf, jsonOf, MAX_LAYER_BYTES, type Manifest, MEDIA, sha256 } from './manifest.js';
import { readTar, writeTar } from './tar.js';

export type Layout = 'wasm' | 'image' | 'hpmq';

export interface UnpackedImage {
  readonly layout: Layout;
  readonly module: Buffer;
}

/** Blobs and the manifest over them, to be pushed or written. */
export interface PackedImage {
  readonly manifest: Buffer;
  readonly mediaType: string;
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly bytes: Buffer }[];
}

const WASM_LAYERS: ReadonlySet<string> = new Set([
  MEDIA.wasm,
  'application/vnd.wasm.content.layer.v1+wasm',
  'application/vnd.module.wasm.content.layer.v1+wasm',
]);
const TAR_LAYERS: ReadonlySet<string> = new Set([MEDIA.tar, 'application/vnd.docker.image.rootfs.diff.tar']);
const GZIP_LAYERS: ReadonlySet<string> = new Set([MEDIA.tarGzip, 'application/vnd.docker.image.rootfs.diff.tar.gzip']);
const WASM_MAGIC = Buffer.from([0x00, 0x61, 0x73, 0x6d]);

/** Which layers hold the module, before any of them is fetched. @throws GatewayError FUNCTION_IMAGE_LAYOUT, FUNCTION_IMAGE_TOO_LARGE */
export function neededLayers({ layers }: Manifest): readonly Descriptor[] {
  const wasm = layers.filter(({ mediaType }) => WASM_LAYERS.has(mediaType));
  if (wasm.length > 1) throw fail('it has more than one WebAssembly layer');
  const needed =
    wasm.length === 1
      ? wasm
      : layers.filter(({ mediaType }) => TAR_LAYERS.has(mediaType) || GZIP_LAYERS.has(mediaType));
  if (needed.length === 0)
    throw fail(
      `no layer is WebAssembly or tar: ${layers
        .map((one) => one.mediaType)
        .join(', ')
        .slice(0, 200)}`,
    );
  const bytes = needed.reduce((sum, { size }) => sum + size, 0);
  if (bytes > MAX_LAYER_BYTES) {
    const message = `the layers have ${bytes} bytes, more than ${MAX_LAYER_BYTES}`;
    throw registryError('FUNCTION_IMAGE_TOO_LARGE', message, { details: { bytes } });
  }
  return needed;
}

/** @param layers - those of {@link neededLayers}, in order */
export function unpackImage(manifest: Manifest, config: Buffer, layers: readonly Buffer[]): UnpackedImage {
  const needed = neededLayers(manifest);
  if (WASM_LAYERS.has(needed[0]!.mediaType)) return { layout: 'wasm', module: checked(layers[0]!) };
  const { layout, command, diffIds } = readConfig(config);
  const files = new Map<string, Buffer>();
  let bytes = 0;
  for (const [index, layer] of layers.entries()) {
    const tar = GZIP_LAYERS.has(needed[index]!.mediaType) || isGzip(layer) ? unzip(layer) : layer;
    bytes += tar.length;
    if (bytes > MAX_LAYER_BYTES)
      throw registryError('FUNCTION_IMAGE_TOO_LARGE', `the layers unpack to more than ${MAX_LAYER_BYTES} bytes`);
    const diffId = diffIds[index];
    if (layout === 'image' && diffId !== undefined && diffId !== sha256(tar)) {
      throw registryError(
        'FUNCTION_IMAGE_DAMAGED',
        'a layer unpacks to something else than the config says (diff_ids)',
      );
    }
    for (const file of readTar(tar)) files.set(file.path, file.bytes);
  }
  return { layout, module: checked(pick(files, command)) };
}

/** The file that is run; where nothing says so, the only module. */
function pick(files: ReadonlyMap<string, Buffer>, command: string | undefined): Buffer {
  const named = command === undefined ? undefined : files.get(command.replace(/^(\.?\/)+/, ''));
  if (named !== undefined) return named;
  const modules = [...files].filter(([path]) => path.endsWith('.wasm'));
  if (modules.length === 1) return modules[0]![1];
  if (modules.length === 0) throw fail('there is no .wasm file in its layers');
  throw fail(`it has ${modules.length} .wasm files, and does not say which one is run`);
}

interface ReadConfig {
  readonly layout: Layout;
  readonly command: string | undefined;
  readonly diffIds: readonly unknown[];
}

function readConfig(bytes: Buffer): ReadConfig {
  const config = jsonOf(bytes) ?? {};
  if (typeof config.kind === 'string') {
    if (config.kind.toLowerCase() !== 'wasi')
      throw fail(`its kind is ${config.kind.slice(0, 32)}, and only Wasi can be run`);
    return { layout: 'hpmq', command: typeof config.cmd === 'string' ? config.cmd : undefined, diffIds: [] };
  }
  const run = (config.config ?? {}) as Record<string, unknown>;
  const words = [run.Entrypoint, run.Cmd].flatMap((one) => (Array.isArray(one) ? one : []));
  const command = words.find((word): word is string => typeof word === 'string' && word.endsWith('.wasm'));
  const { diff_ids: diffIds } = (config.rootfs ?? {}) as { diff_ids?: unknown };
  return { layout: 'image', command, diffIds: Array.isArray(diffIds) ? diffIds : [] };
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function unzip(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_LAYER_BYTES });
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw registryError('FUNCTION_IMAGE_TOO_LARGE', `a layer unpacks to more than ${MAX_LAYER_BYTES} bytes`, {
        cause,
      });
    }
    throw fail('a layer is no gzip', cause);
  }
}

function checked(module: Buffer): Buffer {
  if (!module.subarray(0, 4).equals(WASM_MAGIC)) throw fail('its module is no WebAssembly');
  return module;
}

export interface PackOptions {
  readonly annotations?: Readonly<Record<string, string>>;
  /** An ordinary image, for registries that take nothing else. */
  readonly compat?: boolean;
  /** RFC 3339; the same for the same bytes gives the same digest. */
  readonly created?: string;
  /** Of the module in the image. */
  readonly fileName?: string;
}

/** @throws GatewayError FUNCTION_IMAGE_TOO_LARGE, FUNCTION_IMAGE_LAYOUT */
export function packImage(module: Buffer, options: PackOptions = {}): PackedImage {
  if (module.length > MAX_LAYER_BYTES) {
    throw registryError(
      'FUNCTION_IMAGE_TOO_LARGE',
      `the module has ${module.length} bytes, more than ${MAX_LAYER_BYTES}`,
    );
  }
  const { compat = false, created = '1970-01-01T00:00:00Z', fileName = 'function.wasm', annotations = {} } = options;
  const tar = compat ? writeTar({ path: fileName, bytes: checked(module) }) : undefined;
  const content = tar === undefined ? checked(module) : gzipSync(tar, { level: 9 });
  const layer = descriptorOf(tar === undefined ? MEDIA.wasm : MEDIA.tarGzip, content, {
    'org.opencontainers.image.title': fileName,
  });
  const common = { created, architecture: 'wasm', os: 'wasip1' };
  const config = Buffer.from(
    JSON.stringify(
      tar === undefined
        ? { ...common, layerDigests: [layer.digest] }
        : {
            ...common,
            config: { Entrypoint: [`/${fileName}`] },
            rootfs: { type: 'layers', diff_ids: [sha256(tar)] },
            history: [{ created }],
          },
    ),
  );
  const configDescriptor = descriptorOf(tar === undefined ? MEDIA.wasmConfig : MEDIA.imageConfig, config);
  const variant = tar === undefined ? {} : { 'module.wasm.image/variant': 'compat' };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: configDescriptor,
    layers: [layer],
    annotations: { ...variant, ...annotations },
  };
  return {
    manifest: Buffer.from(JSON.stringify(manifest)),
    mediaType: MEDIA.manifest,
    blobs: [
      { descriptor: configDescriptor, bytes: config },
      { descriptor: layer, bytes: content },
    ],
  };
}

function fail(why: string, cause?: unknown) {
  return registryError('FUNCTION_IMAGE_LAYOUT', `the image holds no function: ${why}`, { cause });
}
