/**
 * dist/SHA256SUMS over what is released from dist/, in the form of sha256sum, and dist/SHA256SUMS.sig: the signature of that file, by the
 * key that $HPMQ_RELEASE_KEY names (a file in PEM, ECDSA P-256). To verify:
 *
 *   openssl dgst -sha256 -verify KEY.pub.pem -signature SHA256SUMS.sig SHA256SUMS && sha256sum --check SHA256SUMS
 */
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const RELEASED = 'hpmq{-linux-*,-*.cdx.json,_*.deb,-oci-*.tar}';

/** @returns what to tell the person who builds, one sentence */
export function writeChecksums(folder, env = process.env) {
  const sums = join(folder, 'SHA256SUMS');
  const signature = `${sums}.sig`;
  const lines = globSync(RELEASED, { cwd: folder })
    .toSorted()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}  ${name}\n`,
    );
  writeFileSync(sums, lines.join(''));
  // That of a build before says nothing about this one.
  rmSync(signature, { force: true });
  if (!env.HPMQ_RELEASE_KEY) return 'SHA256SUMS is not signed: HPMQ_RELEASE_KEY names no key';
  const key = createPrivateKey(readFileSync(env.HPMQ_RELEASE_KEY));
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error(`${env.HPMQ_RELEASE_KEY} is not a key of ECDSA P-256`);
  }
  writeFileSync(signature, sign('sha256', readFileSync(sums), key));
  return 'SHA256SUMS is signed: SHA256SUMS.sig';
}
