import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { GatewayError } from '../../../src/core/errors.js';
import { openBundle } from '../../../src/update/bundle.js';
import { isSignedBy } from '../../../src/update/keys.js';
import { compareVersions } from '../../../src/update/updater.js';
import { Box } from '../../support/update.js';

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpack(bytes: Buffer, key: Parameters<typeof openBundle>[1], size = 1_000): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const { program } = await openBundle(inChunks(bytes, size), key);
  await program(
    async (chunk) => void chunks.push(Buffer.from(chunk)),
    () => {},
    new AbortController().signal,
  );
  return Buffer.concat(chunks);
}

t.test(
  'a bundle with any byte changed, or cut anywhere, is refused or still the program that was signed',
  async (t) => {
    const box = new Box(t);
    const good = readFileSync(box.bundle('9.1.0', 'healthy', { padding: 2_000 }));
    const { createPublicKey } = await import('node:crypto');
    const keys = [createPublicKey(readFileSync(`${box.folder}/release.pub.pem`))];
    const program = readFileSync(`${box.folder}/program-9.1.0`);
    for (const size of [1, 7, 511, 512, 513, 100_000])
      t.ok((await unpack(good, keys, size)).equals(program), `in chunks of ${size}`);
    const outcome = async (bytes: Buffer) => {
      try {
        return (await unpack(bytes, keys)).equals(program) ? 'same' : 'another program';
      } catch (error) {
        return error instanceof GatewayError && error.fault === 'caller' ? 'refused' : String(error);
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(good);
        bytes[at]! ^= change;
        return ['same', 'refused'].includes(await outcome(bytes));
      }),
      { numRuns: 300 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 2_048),
        async (length) => (await outcome(good.subarray(0, length))) === 'refused',
      ),
      { numRuns: 100 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 2_000 }),
        async (noise) => (await outcome(Buffer.from(noise))) === 'refused',
      ),
      { numRuns: 200 },
    );
  },
);

t.test('only ECDSA over P-256 and SHA-256 with a trusted key counts', async (t) => {
  const one = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const data = Buffer.from('manifest');
  const signature = sign('sha256', data, one.privateKey);
  t.ok(isSignedBy([other.publicKey, one.publicKey], data, signature));
  t.notOk(isSignedBy([other.publicKey], data, signature));
  t.notOk(isSignedBy([], data, signature));
  t.notOk(isSignedBy([one.publicKey], Buffer.from('manifesto'), signature));
  t.notOk(isSignedBy([one.publicKey], data, Buffer.alloc(0)));
  t.notOk(isSignedBy([one.publicKey], data, sign('sha512', data, one.privateKey)));
});

t.test('versions are ordered as Semantic Versioning 2.0.0 §11 says', async (t) => {
  const order =
    '1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.2.0 1.10.0 2.0.0';
  const versions = order.split(' ');
  for (const [i, a] of versions.entries())
    for (const [j, b] of versions.entries()) t.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`);
});
