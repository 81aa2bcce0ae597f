/** `hpmq function keygen` and `sign`. */
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { registryError } from '../../functions/registry/errors.js';
import { MEDIA } from '../../functions/registry/manifest.js';
import { nameOf, parseReference, referenceText } from '../../functions/registry/reference.js';
import {
  addSignature,
  generateKeys,
  isEncrypted,
  readPrivateKey,
  signaturePayload,
  signatureTag,
} from '../../functions/registry/signature.js';
import type { Cli } from '../cli.js';
import { openImages, readInput } from '../function-images.js';
import type { KeygenOptions, KeyOptions, LoginOptions } from '../function-options.js';
import { readSecret } from '../password.js';
import { visible } from '../text.js';

export async function keygen(cli: Cli, { output, passphrase, passphraseFile }: KeygenOptions): Promise<undefined> {
  const files = { key: `${output}.key`, pub: `${output}.pub` };
  for (const file of Object.values(files)) {
    if (existsSync(file))
      throw registryError('FUNCTION_KEY', `${file} is there already`, { hint: 'choose another name with -o' });
  }
  const secret = passphrase ? await readSecret(cli, 'Passphrase of the key: ', passphraseFile, true) : undefined;
  const { privateKey, publicKey } = generateKeys(secret);
  write(files.key, privateKey, 0o600);
  write(files.pub, publicKey, 0o644);
  if (cli.output.isJson) cli.output.json({ privateKey: files.key, publicKey: files.pub, encrypted: passphrase });
  else
    cli.output.line(
      `${visible(files.key)} signs, and stays with you; ${visible(files.pub)} goes to the gateways (functionRegistry.trust)`,
    );
  return undefined;
}

function write(path: string, text: string, mode: number): void {
  try {
    const file = openSync(path, 'wx', mode);
    try {
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw registryError('FUNCTION_KEY', `cannot write ${path}: ${(cause as Error).message}`, {
      cause,
      hint: 'choose another place with -o',
    });
  }
}

export async function sign(
  cli: Cli,
  image: string,
  options: LoginOptions & KeyOptions & { readonly key: string },
): Promise<undefined> {
  const reference = parseReference(image);
  const pem = readInput(options.key);
  const passphrase = isEncrypted(pem)
    ? await readSecret(cli, `Passphrase of ${options.key}: `, options.passphraseFile)
    : undefined;
  const key = readPrivateKey(pem, options.key, passphrase);
  const { images } = await openImages(cli, options);
  const client = await images.client(reference);
  const { repository } = reference;
  const found = await client.manifest(repository, reference.digest ?? reference.tag!);
  if (found === undefined)
    throw registryError('FUNCTION_IMAGE_UNKNOWN', `${reference.host} has no ${referenceText(reference)}`);
  const tag = signatureTag(found.digest);
  const payload = signaturePayload(nameOf(reference), found.digest);
  const { manifest, blobs } = addSignature(await client.manifest(repository, tag), payload, key);
  for (const blob of blobs) await client.pushBlob(repository, blob);
  await client.pushManifest(repository, tag, manifest, MEDIA.manifest);
  const text = referenceText({ ...reference, digest: found.digest });
  if (cli.output.isJson)
    cli.output.json({ image: text, digest: found.digest, signature: `${nameOf(reference)}:${tag}` });
  else cli.output.line(`${text}: signed`);
  return undefined;
}
