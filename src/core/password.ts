/**
 * Password hashes as text: made by scrypt (RFC 7914) in PHC string format; verified also as Mosquitto writes them.
 *
 *   $scrypt$ln=15,r=8,p=1$<salt>$<hash>          ours; base64 without padding
 *   $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash> RFC 9106; Mosquitto 2.1 and others
 *   $7$<iterations>$<salt>$<hash>                Mosquitto 1.6 to 2.0: PBKDF2 with HMAC-SHA-512
 *   $6$<salt>$<hash>                             Mosquitto before 1.6: SHA-512 of password and salt
 *
 * Deriving a key takes a tenth of a second of a thread on purpose; who lets strangers ask for it limits how many do.
 */
import { argon2, createHash, pbkdf2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

export type PasswordHash =
  | { readonly kind: 'scrypt'; readonly ln: number; readonly r: number; readonly p: number; readonly key: SaltedKey }
  | { readonly kind: 'argon2id'; readonly m: number; readonly t: number; readonly p: number; readonly key: SaltedKey }
  | { readonly kind: 'pbkdf2-sha512'; readonly iterations: number; readonly key: SaltedKey }
  | { readonly kind: 'sha512'; readonly key: SaltedKey };

interface SaltedKey {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** OWASP's recommendation with N = 2^15: 32 MiB of memory, a tenth of a second. */
const OURS = { ln: 15, r: 8, p: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** A file must not make the gateway take all memory or all time for one password. */
const MAX_MEMORY = 256 * 1024 * 1024;
const MAX_ITERATIONS = 10_000_000;
const MAX_PASSES = 100;

const scryptKey = promisify(scrypt) as (
  password: Buffer,
  salt: Buffer,
  length: number,
  options: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer>;
const pbkdf2Key = promisify(pbkdf2);
const argon2Key = promisify(argon2);

/** @returns undefined when the text is none of the known forms, or asks for more than is reasonable */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const [empty, id, ...rest] = text.split('$');
  if (empty !== '' || rest.length < 2) return undefined;
  const key = saltedKey(rest.at(-2)!, rest.at(-1)!);
  if (key === undefined) return undefined;
  const middle = rest.slice(0, -2).join('$');
  if (id === 'scrypt') {
    const found = /^ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,2})$/.exec(middle);
    const [ln, r, p] = (found?.slice(1) ?? []).map(Number) as [number, number, number];
    // RFC 7914 §2: N is a power of two above 1 and below 2^(128 · r / 8).
    const isSane = ln > 0 && ln < Math.min(32, 16 * r) && p > 0 && 128 * 2 ** ln * r * p <= MAX_MEMORY;
    return isSane ? { kind: 'scrypt', ln, r, p, key } : undefined;
  }
  if (id === 'argon2id') {
    const found = /^v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})$/.exec(middle);
    const [m, t, p] = (found?.slice(1) ?? []).map(Number) as [number, number, number];
    const isSane = found !== null && t > 0 && t <= MAX_PASSES && p > 0 && m >= 8 * p && m * 1024 <= MAX_MEMORY;
    return isSane && key.salt.length >= 8 ? { kind: 'argon2id', m, t, p, key } : undefined;
  }
  if (id === '7') {
    const iterations = /^\d{1,8}$/.test(middle) ? Number(middle) : 0;
    const isSane = iterations > 0 && iterations <= MAX_ITERATIONS;
    return isSane ? { kind: 'pbkdf2-sha512', iterations, key } : undefined;
  }
  if (id === '6' && middle === '' && key.hash.length === 64) return { kind: 'sha512', key };
  return undefined;
}

export async function hashPassword(password: Buffer): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const { ln, r, p } = OURS;
  const hash = await deriveKey({ kind: 'scrypt', ln, r, p, key: { salt, hash: Buffer.alloc(HASH_BYTES) } }, password);
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/**
 * In constant time for hashes of one kind and cost. HMAC fills a short key up with zeros (RFC 2104 §2), so a password with
 * zeros behind it would open what the password alone opens: it does not.
 */
export async function verifyPassword(expected: PasswordHash, password: Buffer): Promise<boolean> {
  const actual = await deriveKey(expected, password);
  return timingSafeEqual(actual, expected.key.hash) && password.at(-1) !== 0;
}

/** The same cost as `like`, but no password fits: for users who do not exist. */
export function decoyOf(like: PasswordHash | undefined): PasswordHash {
  const key = { salt: randomBytes(SALT_BYTES), hash: randomBytes(like?.key.hash.length ?? HASH_BYTES) };
  return like === undefined ? { kind: 'scrypt', ...OURS, key } : { ...like, key };
}

function deriveKey(hash: PasswordHash, password: Buffer): Promise<Buffer> {
  const { salt, hash: expected } = hash.key;
  const { length } = expected;
  switch (hash.kind) {
    case 'scrypt': {
      const { ln, r, p } = hash;
      // Node counts its own buffers besides the 128·N·r bytes of RFC 7914 §2.
      return scryptKey(password, salt, length, { N: 2 ** ln, r, p, maxmem: 2 * MAX_MEMORY });
    }
    case 'argon2id': {
      const { m: memory, t: passes, p: parallelism } = hash;
      return argon2Key('argon2id', { message: password, nonce: salt, parallelism, memory, passes, tagLength: length });
    }
    case 'pbkdf2-sha512':
      return pbkdf2Key(password, salt, hash.iterations, length, 'sha512');
    case 'sha512':
      return Promise.resolve(createHash('sha512').update(password).update(salt).digest());
  }
}

function saltedKey(salt: string, hash: string): SaltedKey | undefined {
  const key = { salt: base64(salt), hash: base64(hash) };
  if (key.salt === undefined || key.hash === undefined) return undefined;
  return key.hash.length >= 16 && key.hash.length <= 128 && key.salt.length <= 256 ? (key as SaltedKey) : undefined;
}

/** With or without padding; nothing else in it. */
function base64(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
