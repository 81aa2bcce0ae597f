/** The public keys that sign JSON Web Tokens, from a JWK Set (RFC 7517) or PEM. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

export interface VerificationKey {
  readonly key: KeyObject;
  /** Tokens name the key they were signed with by it; undefined: it is tried for each. */
  readonly keyId: string | undefined;
  /** The only algorithm it is for; undefined: all that fit it. */
  readonly algorithm: string | undefined;
}

/** A secret and a public key never share a list: else whoever knows the public key could sign with it as a secret. */
export const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;
export const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

/** RFC 7518 §3.2: as long as the output of the hash, at least. */
export const MIN_SECRET_BYTES = 32;
const MAX_KEYS = 32;
const PEM_BLOCK = /-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g;

/** @returns what is wrong with the content, in words, instead of the keys */
export function parseJwtKeys(content: Buffer): readonly VerificationKey[] | string {
  const text = content.toString('utf8').trim();
  const keys = text.startsWith('{') ? fromJwkSet(text) : fromPem(text);
  if (typeof keys === 'string') return keys;
  if (keys.length === 0) return 'it has no public key for signatures';
  return keys.length > MAX_KEYS ? `it has ${keys.length} keys, more than ${MAX_KEYS}` : keys;
}

interface Jwk extends JsonWebKey {
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
}

function fromJwkSet(text: string): readonly VerificationKey[] | string {
  let document: { readonly keys?: unknown };
  try {
    document = JSON.parse(text) as typeof document;
  } catch {
    return 'it is not valid JSON';
  }
  const set = document.keys ?? [document];
  if (!Array.isArray(set)) return 'it is not a JWK Set: `keys` is not a list';
  const keys: VerificationKey[] = [];
  for (const [index, jwk] of (set as readonly Jwk[]).entries()) {
    if (jwk?.kty === 'oct')
      return `key ${index + 1} is a secret: a JWK Set has public keys, a secret stands in \`secret\``;
    if (jwk?.use !== undefined && jwk.use !== 'sig') continue;
    try {
      const key = createPublicKey({ key: jwk, format: 'jwk' });
      keys.push({ key, keyId: textOf(jwk.kid), algorithm: textOf(jwk.alg) });
    } catch {
      return `key ${index + 1} is not a valid public key`;
    }
  }
  return keys;
}

function fromPem(text: string): readonly VerificationKey[] | string {
  const keys: VerificationKey[] = [];
  for (const [block, label] of text.matchAll(PEM_BLOCK)) {
    if (label?.includes('PRIVATE')) return 'it has a private key: the gateway needs the public key only';
    try {
      keys.push({ key: createPublicKey(block), keyId: undefined, algorithm: undefined });
    } catch {
      return `its part ${label} is not a valid public key`;
    }
  }
  return keys.length === 0 ? 'it is neither a JWK Set (JSON) nor PEM' : keys;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
