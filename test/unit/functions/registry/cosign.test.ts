/** Signatures that cosign 2.6.5 made and accepted (test/vectors/functions/cosign.json), word for word as they lay in Debian's docker-registry. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Manifest, MEDIA, sha256 } from '../../../../src/functions/registry/manifest.js';
import {
  addSignature,
  type ImageSource,
  readPublicKey,
  signaturePayload,
  signatureTag,
  verifySignatures,
} from '../../../../src/functions/registry/signature.js';
import { repoRoot } from '../../../support/peers.js';

interface Signed {
  /** Of the manifest that is signed. */
  readonly digest: string;
  readonly manifest: string;
  readonly payloads: readonly string[];
}

interface Vectors {
  readonly keys: Readonly<Record<'cosign' | 'hpmq', string>>;
  readonly signatures: Readonly<Record<'cosign' | 'hpmq' | 'both', Signed>>;
}

const text = readFileSync(join(repoRoot, 'test/vectors/functions/cosign.json'), 'utf8');
const { keys, signatures } = JSON.parse(text) as Vectors;
const cosign = readPublicKey(Buffer.from(keys.cosign), 'cosign');
const hpmq = readPublicKey(Buffer.from(keys.hpmq), 'hpmq');

function registry({ digest, manifest, payloads }: Signed): ImageSource {
  const document = { bytes: Buffer.from(manifest), mediaType: MEDIA.manifest, digest: sha256(Buffer.from(manifest)) };
  return {
    manifest: async (reference) => (reference === signatureTag(digest) ? document : undefined),
    async blob({ digest: wanted }) {
      const found = payloads.map((one) => Buffer.from(one)).find((one) => sha256(one) === wanted);
      if (found === undefined) throw new Error(`there is no ${wanted}`);
      return found;
    },
  };
}

t.test('what cosign signed is accepted, with its key alone', async (t) => {
  const { cosign: signed } = signatures;
  t.strictSame(await verifySignatures(registry(signed), signed.digest, [hpmq, cosign]), ['cosign']);
  await t.rejects(verifySignatures(registry(signed), signed.digest, [hpmq]), { code: 'FUNCTION_IMAGE_SIGNATURE' });
  const changed = {
    ...signed,
    payloads: signed.payloads.map((one) => one.replace('"optional":null', '"optional":{}')),
  };
  await t.rejects(verifySignatures(registry(changed), signed.digest, [cosign]), { code: 'FUNCTION_IMAGE_SIGNATURE' });
  const other = { ...signed, digest: signatures.hpmq.digest };
  await t.rejects(verifySignatures(registry(other), other.digest, [cosign]), { message: /signature of another image/ });
});

t.test('what cosign added to a signature of ours, with an annotation: both count', async (t) => {
  const { both } = signatures;
  t.strictSame(await verifySignatures(registry(both), both.digest, [cosign, hpmq]), ['hpmq', 'cosign']);
});

t.test('what is signed here is what cosign accepted, and what cosign itself makes', async (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const unsigned = ({ layers, ...rest }: Manifest) => ({
    ...rest,
    layers: layers.map((layer) => ({ ...layer, annotations: Object.keys(layer.annotations ?? {}) })),
  });
  for (const [name, { digest, manifest, payloads }] of Object.entries({ a: signatures.cosign, b: signatures.hpmq })) {
    const repository = (JSON.parse(payloads[0]!) as { critical: { identity: { 'docker-reference': string } } }).critical
      .identity['docker-reference'];
    t.match(repository, new RegExp(`/fn/${name}$`));
    const payload = signaturePayload(repository, digest);
    t.equal(payload.toString(), payloads[0]);
    const made = addSignature(undefined, payload, privateKey);
    const [ours, theirs] = [made.manifest.toString(), manifest].map((one) => unsigned(JSON.parse(one) as Manifest));
    // What cosign writes into its configuration beside the layers nobody reads.
    const { config } = name === 'a' ? ours! : theirs!;
    t.strictSame(ours, { ...theirs, config });
    t.equal(config.mediaType, theirs!.config.mediaType);
  }
});
