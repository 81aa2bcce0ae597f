/**
 * Signatures as cosign makes them with a pair of keys ("simple signing"): a JSON payload names the digest of the manifest;
 * payloads are layers of the image with the tag `sha256-<hex>.sig`, and their signatures annotations of these layers.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import type { GatewayError } from '../../core/errors.js';
import { registryError } from './errors.js';
import {
  type Descriptor,
  descriptorOf,
  isIndex,
  jsonOf,
  type Manifest,
  type ManifestDocument,
  MEDIA,
  parseManifest,
  sha256,
} from './manifest.js';

export const SIGNATURE_TAG = /^sha256-[0-9a-f]{64}\.sig$/;
const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
const SIGNATURE = 'dev.cosignproject.cosign/signature';
const PAYLOAD_TYPE = 'cosign container image signature';
const MAX_PAYLOAD = 65_536;
const MAX_SIGNATURES = 32;

export interface PublicKey {
  /** For people: the path of its file. */
  readonly name: string;
  readonly key: KeyObject;
}

/** Where manifests and blobs of one repository come from. */
export interface ImageSource {
  /** @param reference - tag or digest @returns undefined: there is none */
  manifest(reference: string): Promise<ManifestDocument | undefined>;
  blob(descriptor: Descriptor): Promise<Buffer>;
}

export function signatureTag(digest: string): string {
  return `${digest.replace(':', '-')}.sig`;
}

/** PEM: PKCS #8, encrypted where there is a passphrase (PBES2, AES-256-CBC), and SubjectPublicKeyInfo. */
export function generateKeys(passphrase: Buffer | undefined): {
  readonly privateKey: string;
  readonly publicKey: string;
} {
  const encrypted = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase: passphrase.toString('utf8') };
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', ...encrypted },
  });
}

/** @throws GatewayError FUNCTION_KEY */
export function readPrivateKey(pem: Buffer, name: string, passphrase: Buffer | undefined): KeyObject {
  const text = pem.toString('latin1');
  if (/BEGIN ENCRYPTED (COSIGN|SIGSTORE) PRIVATE KEY/.test(text)) {
    throw registryError('FUNCTION_KEY', `${name} is encrypted in the format of cosign, which is not read`, {
      hint: 'use a key of `hpmq function keygen`, or any other in PKCS #8',
    });
  }
  try {
    return checkKey(
      createPrivateKey({ key: pem, format: 'pem', ...(passphrase !== undefined && { passphrase }) }),
      name,
    );
  } catch (cause) {
    if ((cause as { code?: string }).code === 'FUNCTION_KEY') throw cause;
    const why = isEncrypted(pem) ? 'the passphrase is missing or wrong' : 'no PEM of a private key';
    throw registryError('FUNCTION_KEY', `cannot read the key ${name}: ${why}`, { cause });
  }
}

export function isEncrypted(pem: Buffer): boolean {
  return /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(pem.toString('latin1'));
}

/** @throws GatewayError FUNCTION_KEY */
export function readPublicKey(pem: Buffer, name: string): PublicKey {
  try {
    // A private key would be one as well, and has no business here.
    if (/PRIVATE KEY/.test(pem.toString('latin1'))) throw new Error('it is a private key');
    return { name, key: checkKey(createPublicKey(pem), name) };
  } catch (cause) {
    if ((cause as { code?: string }).code === 'FUNCTION_KEY') throw cause;
    throw registryError('FUNCTION_KEY', `${name} is no PEM of a public key: ${(cause as Error).message}`, { cause });
  }
}

function checkKey(key: KeyObject, name: string): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const isFit = type === 'ec' || type === 'ed25519' || (type === 'rsa' && (details?.modulusLength ?? 0) >= 2_048);
  if (!isFit) throw registryError('FUNCTION_KEY', `the key ${name} is neither ECDSA, Ed25519 nor RSA of 2048 bits`);
  return key;
}

const hashOf = (key: KeyObject) => (key.asymmetricKeyType === 'ed25519' ? null : 'sha256');

/** @param name - `host/repository` */
export function signaturePayload(name: string, digest: string): Buffer {
  const image = { 'docker-manifest-digest': digest };
  const critical = { identity: { 'docker-reference': name }, image, type: PAYLOAD_TYPE };
  return Buffer.from(JSON.stringify({ critical, optional: null }));
}

export interface SignedImage {
  readonly manifest: Buffer;
  readonly blobs: readonly Buffer[];
}

/** The image of signatures with one more. @param before - the one that is there */
export function addSignature(before: ManifestDocument | undefined, payload: Buffer, key: KeyObject): SignedImage {
  const signature = signBytes(hashOf(key), payload, key).toString('base64');
  const old = before === undefined ? undefined : parseManifest(before);
  const kept = old === undefined || isIndex(old) ? [] : old.layers;
  const layers = [...kept, descriptorOf(SIMPLE_SIGNING, payload, { [SIGNATURE]: signature })].slice(-MAX_SIGNATURES);
  const config = Buffer.from(
    JSON.stringify({
      architecture: '',
      created: '0001-01-01T00:00:00Z',
      os: '',
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      config: {},
    }),
  );
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: descriptorOf(MEDIA.imageConfig, config),
    layers,
  };
  return { manifest: Buffer.from(JSON.stringify(manifest)), blobs: [payload, config] };
}

/**
 * The names of the keys that signed this digest, at least one.
 *
 * @throws GatewayError FUNCTION_IMAGE_UNSIGNED, FUNCTION_IMAGE_SIGNATURE
 */
export async function verifySignatures(
  source: ImageSource,
  digest: string,
  keys: readonly PublicKey[],
): Promise<readonly string[]> {
  const found = await source.manifest(signatureTag(digest));
  if (found === undefined) throw registryError('FUNCTION_IMAGE_UNSIGNED', `there is no signature of ${digest}`);
  const manifest = parseManifest(found);
  const layers = isIndex(manifest) ? [] : manifest.layers.slice(0, MAX_SIGNATURES);
  const good = new Set<string>();
  const why = new Set<string>();
  for (const layer of layers) {
    const signature = layer.annotations?.[SIGNATURE];
    if (layer.mediaType !== SIMPLE_SIGNING || signature === undefined || layer.size > MAX_PAYLOAD) continue;
    const payload = await blobOf(source, layer);
    if (payload instanceof Error) {
      why.add(payload.message);
      continue;
    }
    const signer = keys.filter(({ key }) => verifyBytes(hashOf(key), payload, key, Buffer.from(signature, 'base64')));
    if (signer.length === 0) why.add('none of the trusted keys made it');
    else if (namedBy(payload) !== digest) why.add('it is the signature of another image');
    else for (const { name } of signer) good.add(name);
  }
  if (good.size > 0) return [...good];
  const reasons = why.size === 0 ? 'there is none that is known' : [...why].join('; ');
  throw registryError('FUNCTION_IMAGE_SIGNATURE', `no signature of ${digest} counts: ${reasons}`);
}

/** One payload that cannot be had is no reason not to look at the others. */
async function blobOf(source: ImageSource, layer: Descriptor): Promise<Buffer | GatewayError> {
  try {
    const payload = await source.blob(layer);
    return sha256(payload) === layer.digest
      ? payload
      : registryError('FUNCTION_IMAGE_DAMAGED', 'its payload is another one');
  } catch (error) {
    if ((error as GatewayError).code === 'FUNCTION_REGISTRY_UNREACHABLE') throw error;
    return error as GatewayError;
  }
}

/** The digest that a payload names. */
function namedBy(payload: Buffer): string | undefined {
  const critical = jsonOf(payload)?.critical as { type?: unknown; image?: Record<string, unknown> } | undefined;
  if (critical?.type !== PAYLOAD_TYPE && critical?.type !== 'atomic container signature') return undefined;
  const digest = critical.image?.['docker-manifest-digest'];
  return typeof digest === 'string' ? digest : undefined;
}
