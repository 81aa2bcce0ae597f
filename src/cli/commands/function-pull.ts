/** `hpmq function pull`, `inspect` and `verify`. */
import { writeFileSync } from 'node:fs';
import { pinDigest } from '../../config/function-pin.js';
import type { GatewayConfig } from '../../core/config.js';
import { GatewayError } from '../../core/errors.js';
import { EXIT } from '../../core/exit.js';
import type { RegistryClient } from '../../functions/registry/client.js';
import { registryError } from '../../functions/registry/errors.js';
import { isIndex, parseManifest } from '../../functions/registry/manifest.js';
import { checkTrust, publicKeys, trustOf } from '../../functions/registry/policy.js';
import { parseReference, type Reference, referenceText } from '../../functions/registry/reference.js';
import { type ImageSource, signatureTag, verifySignatures } from '../../functions/registry/signature.js';
import type { Cli } from '../cli.js';
import { cliError } from '../errors.js';
import { openImages } from '../function-images.js';
import type { LoginOptions, PullOptions } from '../function-options.js';
import { unknown } from '../names.js';
import { bytesText, visible } from '../text.js';

const MAX_TAGS_SHOWN = 20;

export async function pull(cli: Cli, name: string, options: PullOptions): Promise<undefined> {
  const { images, loaded } = await openImages(cli, options);
  const isReference = name.includes('/');
  if (isReference && options.deploy === true)
    throw cliError('CLI_USAGE', 'only a function can be deployed', { hint: 'write its name' });
  const image = isReference ? name : await imageOf(name, loaded?.config);
  const found = await images.find(image);
  if (options.output !== undefined) writeFileSync(options.output, found.module);
  const isPinned = !isReference && loaded?.file !== undefined && pinDigest(loaded.file, name, found.digest);
  if (options.deploy === true) {
    const body = { module: found.module.toString('base64'), source: image };
    await cli.request('POST /v1/functions/{function}/deploy', { params: { function: name }, body });
  }
  const { reference, digest, layout, signedBy, from, module } = found;
  if (cli.output.isJson)
    cli.output.json({ image: reference, digest, layout, signedBy, from, bytes: module.length, pinned: isPinned });
  else {
    cli.output.line(
      `${reference}, ${bytesText(module.length)}, ${signedBy.length === 0 ? 'unsigned' : `signed by ${signedBy.map(visible).join(', ')}`}`,
    );
    if (from === 'cache' && parseReference(image).digest === undefined)
      cli.output.note('the registry gives no answer: this is what it gave before');
    if (isPinned)
      cli.output.note(
        `pinned in ${visible(loaded.file)}${options.deploy === true ? '' : '; it runs from the next start, or at once with --deploy'}`,
      );
  }
  return undefined;
}

async function imageOf(name: string, config: GatewayConfig | undefined): Promise<string> {
  const functions = config?.functions ?? {};
  const one = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (one === undefined)
    throw await unknown('CLI_UNKNOWN_FUNCTION', `there is no function "${name}"`, name, Object.keys(functions));
  if (one.source.type === 'image') return one.source.image;
  throw cliError('CLI_USAGE', `${name} comes from the file ${one.source.file}`, {
    hint: 'name an image, or a function that has one',
  });
}

export async function inspect(cli: Cli, image: string, options: LoginOptions): Promise<undefined> {
  const reference = parseReference(image);
  const { images } = await openImages(cli, options);
  const client = await images.client(reference);
  const { repository } = reference;
  const document = await manifestOf(client, reference);
  const manifest = parseManifest(document);
  const [tags, signature, referrers] = [
    await client.tags(repository),
    await client.manifest(repository, signatureTag(document.digest)),
    await client.referrers(repository, document.digest),
  ];
  const signatures = signature === undefined ? undefined : parseManifest(signature);
  const count = signatures === undefined || isIndex(signatures) ? 0 : signatures.layers.length;
  const shownTags = tags.filter((tag) => !/^sha256-[0-9a-f]{64}/.test(tag));
  const view = {
    image: referenceText({ ...reference, digest: document.digest }),
    digest: document.digest,
    manifest,
    signatures: count,
    referrers,
    tags: shownTags,
  };
  if (cli.output.isJson) {
    cli.output.json(view);
    return undefined;
  }
  const row = (title: string, text: string) => cli.output.line(`${title.padEnd(12)} ${visible(text)}`);
  row('image', view.image);
  if (isIndex(manifest))
    for (const one of manifest.manifests)
      row('manifest', `${one.digest} ${one.platform?.os ?? ''}/${one.platform?.architecture ?? ''}`);
  else {
    row('config', `${manifest.config.mediaType}, ${bytesText(manifest.config.size)}`);
    for (const layer of manifest.layers) row('layer', `${layer.mediaType}, ${bytesText(layer.size)}, ${layer.digest}`);
  }
  for (const [key, value] of Object.entries(manifest.annotations ?? {})) row('annotation', `${key}: ${value}`);
  row('signatures', count === 0 ? 'none' : `${count}, not checked: hpmq function verify`);
  for (const one of referrers) row('referrer', `${one.artifactType ?? one.mediaType} ${one.digest}`);
  row(
    'tags',
    shownTags.slice(0, MAX_TAGS_SHOWN).join(' ') +
      (shownTags.length > MAX_TAGS_SHOWN ? ` and ${shownTags.length - MAX_TAGS_SHOWN} more` : ''),
  );
  return undefined;
}

export async function verify(
  cli: Cli,
  image: string,
  options: LoginOptions & { readonly key?: readonly string[] },
): Promise<number> {
  const reference = parseReference(image);
  const { images, loaded } = await openImages(cli, options);
  const client = await images.client(reference);
  const document = await manifestOf(client, reference);
  const source: ImageSource = {
    manifest: (wanted) => client.manifest(reference.repository, wanted),
    blob: (descriptor) => client.blob(reference.repository, descriptor),
  };
  try {
    const signedBy =
      options.key !== undefined
        ? await verifySignatures(source, document.digest, await publicKeys(options.key))
        : await checkTrust(
            source,
            document.digest,
            trustOf(reference, loaded?.config.functionRegistry ?? { trust: [], insecure: [], auth: {}, ca: undefined }),
          );
    const text = referenceText({ ...reference, digest: document.digest });
    if (cli.output.isJson) cli.output.json({ image: text, digest: document.digest, valid: true, signedBy });
    else
      cli.output.line(
        signedBy.length === 0
          ? `${text}: no signature is asked for`
          : `${text}: signed by ${signedBy.map(visible).join(', ')}`,
      );
    return EXIT.OK;
  } catch (error) {
    const isVerdict =
      error instanceof GatewayError && /^FUNCTION_IMAGE_(UNSIGNED|SIGNATURE|UNTRUSTED)$/.test(error.code);
    if (!isVerdict) throw error;
    cli.output.error(error);
    return EXIT.NO;
  }
}

async function manifestOf(client: RegistryClient, reference: Reference) {
  const found = await client.manifest(reference.repository, reference.digest ?? reference.tag!);
  if (found !== undefined) return found;
  throw registryError(
    'FUNCTION_IMAGE_UNKNOWN',
    `${reference.host} has no ${referenceText(reference).slice(reference.host.length + 1)}`,
  );
}
