/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677): what a server keeps instead of the password, as PostgreSQL and others write it:
 *
 *   SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>
 */
import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

export interface ScramCredentials {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export const SCRAM_SHA_256 = 'SCRAM-SHA-256';
/** RFC 7677 §4 asks for 4,096 at least; clients compute them at each login, small ones, too. */
export const SCRAM_ITERATIONS = 15_000;
const MIN_ITERATIONS = 4_096;
const MAX_ITERATIONS = 10_000_000;
export const SCRAM_SALT_BYTES = 16;
const KEY_BYTES = 32;

const pbkdf2Key = promisify(pbkdf2);

/** @returns undefined when the text has not this form, or fewer iterations than RFC 7677 allows */
export function parseScramCredentials(text: string): ScramCredentials | undefined {
  const found = /^SCRAM-SHA-256\$(\d{1,8}):([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/.exec(
    text,
  );
  if (found === null) return undefined;
  const iterations = Number(found[1]);
  if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) return undefined;
  const [salt, storedKey, serverKey] = found.slice(2).map((part) => Buffer.from(part, 'base64'));
  return { iterations, salt: salt!, storedKey: storedKey!, serverKey: serverKey! };
}

/** @param password - prepared by SASLprep (RFC 4013) */
export async function deriveScramCredentials(
  password: string,
  salt = randomBytes(SCRAM_SALT_BYTES),
  iterations = SCRAM_ITERATIONS,
): Promise<ScramCredentials> {
  const salted = await pbkdf2Key(password, salt, iterations, KEY_BYTES, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  return { iterations, salt, storedKey: sha256(clientKey), serverKey: hmac(salted, 'Server Key') };
}

export function scramText({ iterations, salt, storedKey, serverKey }: ScramCredentials): string {
  const [s, stored, server] = [salt, storedKey, serverKey].map((bytes) => bytes.toString('base64'));
  return `${SCRAM_SHA_256}$${iterations}:${s}$${stored}:${server}`;
}

export function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
