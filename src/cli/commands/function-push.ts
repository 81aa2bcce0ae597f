/** `hpmq function build` and `push`. */
import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { capabilities } from '../../core/function.js';
import { compile } from '../../functions/engine/module.js';
import { isScript, readFunctionFile } from '../../functions/javascript/files.js';
import { parseBuildFile } from '../../functions/registry/build-file.js';
import { readImageLayout, writeImageLayout } from '../../functions/registry/layout-folder.js';
import { type PackedImage, packImage } from '../../functions/registry/layouts.js';
import { parseReference, referenceText } from '../../functions/registry/reference.js';
import type { Cli } from '../cli.js';
import { cliError } from '../errors.js';
import { openImages, readInput } from '../function-images.js';
import type { BuildOptions, ImageOptions, LoginOptions } from '../function-options.js';
import { bytesText, visible } from '../text.js';

/** As a module is judged before it is known what it will be granted. */
const LIMITS = {
  fuel: 2_000_000,
  memory: 1024 ** 3,
  deadline: 1_000,
  queue: 1,
  outputs: 100,
  outputBytes: 1_048_576,
  rate: 1,
};

export async function build(cli: Cli, module: string | undefined, options: BuildOptions): Promise<undefined> {
  const image = await packed(cli, module, options);
  const digest = await writeImageLayout(resolve(options.output), image, options.tag);
  if (cli.output.isJson) cli.output.json({ output: options.output, digest, bytes: bytesOf(image) });
  else cli.output.line(`${visible(options.output)}:${options.tag} ${digest}, ${bytesText(bytesOf(image))}`);
  return undefined;
}

export async function push(
  cli: Cli,
  name: string,
  module: string | undefined,
  options: ImageOptions & LoginOptions,
): Promise<undefined> {
  const reference = parseReference(name);
  if (reference.digest !== undefined) {
    throw cliError('CLI_USAGE', 'the digest comes of the image, and is not chosen', { hint: 'write host/name:tag' });
  }
  const isLayout = module !== undefined && statSync(module, { throwIfNoEntry: false })?.isDirectory() === true;
  const image = isLayout ? await readImageLayout(resolve(module)) : await packed(cli, module, options);
  const { images } = await openImages(cli, options);
  const client = await images.client(reference);
  for (const { bytes } of image.blobs) await client.pushBlob(reference.repository, bytes);
  const digest = await client.pushManifest(reference.repository, reference.tag!, image.manifest, image.mediaType);
  const text = referenceText({ ...reference, digest });
  if (cli.output.isJson) cli.output.json({ image: text, digest, bytes: bytesOf(image) });
  else cli.output.line(`${text}, ${bytesText(bytesOf(image))}`);
  return undefined;
}

function bytesOf(image: PackedImage): number {
  return image.blobs.reduce((sum, { bytes }) => sum + bytes.length, image.manifest.length);
}

async function packed(cli: Cli, module: string | undefined, options: ImageOptions): Promise<PackedImage> {
  const { path, fileName } = inputOf(module, options.file);
  const bytes = isScript(path) ? await readFunctionFile(path) : readInput(path);
  // What no gateway would run is not pushed.
  const { abi, hooks, needs } = await compile(bytes, {
    limits: LIMITS,
    grants: new Set(capabilities),
    isolate: 'inline',
  });
  const list = (items: Iterable<string>) => [...items].sort().join(',');
  const annotations: Record<string, string> = {
    'hpmq.function.abi': abi,
    'hpmq.function.hooks': list(hooks),
    'hpmq.function.capabilities': list(needs),
    ...(options.trigger !== undefined && { 'hpmq.function.triggers': options.trigger.join(',') }),
  };
  for (const one of options.annotation ?? []) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(one) ?? [];
    if (key === undefined || value === undefined) throw cliError('CLI_USAGE', `"${one}" is not key=value`);
    annotations[key] = value;
  }
  const { compat = false } = options;
  const seconds = Number(cli.env.SOURCE_DATE_EPOCH || 0);
  const created = new Date((Number.isSafeInteger(seconds) ? seconds : 0) * 1_000).toISOString().replace('.000Z', 'Z');
  return packImage(bytes, { annotations, compat, created, fileName });
}

function inputOf(
  module: string | undefined,
  buildFile: string | undefined,
): { readonly path: string; readonly fileName: string } {
  if (module !== undefined && buildFile === undefined) {
    const fileName = isScript(module) ? basename(module).replace(/\.[^.]+$/, '.wasm') : basename(module);
    return { path: resolve(module), fileName };
  }
  if (module !== undefined || buildFile === undefined) {
    throw cliError(
      'CLI_USAGE',
      module === undefined ? 'there is nothing to make an image of' : 'a module and a build file are one too many',
      {
        hint: 'name a .wasm, .js or .ts file, or a build file with -f',
      },
    );
  }
  const { source, fileName } = parseBuildFile(readInput(resolve(buildFile)).toString('utf8'));
  return { path: join(dirname(resolve(buildFile)), source), fileName };
}
