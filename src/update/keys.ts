/** Whose signatures count: public keys in PEM files, and those that came with the program. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { updateError } from './errors.js';

const MAX_KEYS = 16;
const DEFAULT_FOLDER = '/etc/hpmq/update-keys';

/**
 * @param env - HPMQ_UPDATE_KEYS: another folder
 * @throws GatewayError UPDATE_NO_KEYS
 */
export function trustedKeys(env: Readonly<Record<string, string | undefined>>): readonly KeyObject[] {
  const folder = env.HPMQ_UPDATE_KEYS || DEFAULT_FOLDER;
  const keys: KeyObject[] = [];
  for (const name of namesIn(folder)) {
    const key = keyOf(join(folder, name));
    if (key !== undefined) keys.push(key);
  }
  if (keys.length === 0) {
    throw updateError(
      'UPDATE_NO_KEYS',
      `there is no public key (ECDSA P-256, PEM) in ${folder}: no update can be trusted`,
    );
  }
  return keys;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.pem'))
      .sort()
      .slice(0, MAX_KEYS);
  } catch {
    return [];
  }
}

function keyOf(file: string): KeyObject | undefined {
  try {
    const key = createPublicKey(readFileSync(file));
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** ECDSA with SHA-256, signature in DER: as `openssl dgst -sha256 -sign` makes it. */
export function isSignedBy(keys: readonly KeyObject[], data: Buffer, signature: Buffer): boolean {
  return keys.some((key) => {
    try {
      return verify('sha256', data, key, signature);
    } catch {
      return false;
    }
  });
}
