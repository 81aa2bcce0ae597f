/**
 * JSON Web Tokens (RFC 7519) in the place of a password. Keys come from a file: nothing is fetched.
 *
 * Rules: the algorithm is one of the configuration, never one the token talks us into (RFC 8725 §3.1); a token without
 * an end is refused unless that was asked for; what is wrong with a token is told to the log, not to its bearer.
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import type { JwtConfig, RuleAction, RuleConfig } from '../../core/config.js';
import { PUBLIC_KEY_ALGORITHMS, parseJwtKeys, SECRET_ALGORITHMS, type VerificationKey } from '../../core/jwt-keys.js';
import { topicFilterFault } from '../../core/topic.js';

/** Who the bearer is, as the token says. */
export interface Bearer {
  readonly user: string;
  readonly roles: readonly string[];
  /** undefined: tokens say nothing of topics. */
  readonly rules: readonly RuleConfig[] | undefined;
  /** Unix ms; Infinity: never. */
  readonly expiresAt: number;
}

/** Longer tokens are not looked at, bytes. */
const MAX_TOKEN = 16_384;
const MAX_NAME = 256;
const MAX_ROLES = 64;
const MAX_TOPICS = 256;

/** Three parts of base64url, the first of which is a JSON object (RFC 7515 §7.1): nobody's password looks like that. */
export function looksLikeToken(password: Buffer): boolean {
  if (password.length > MAX_TOKEN || password[0] !== 0x65 || password[1] !== 0x79) return false;
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(password.toString('latin1'));
}

export class TokenVerifier {
  readonly #config: JwtConfig;
  readonly #clock: Clock;
  readonly #keys: readonly VerificationKey[];
  readonly #algorithms: string[];

  /** @param config - its keys were checked when it was read */
  constructor(config: JwtConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    const { keys } = config;
    if ('secret' in keys) {
      this.#keys = [{ key: createSecretKey(keys.secret), keyId: undefined, algorithm: undefined }];
      this.#algorithms = [...(config.algorithms ?? SECRET_ALGORITHMS)];
    } else {
      const parsed = parseJwtKeys(keys.content);
      this.#keys = typeof parsed === 'string' ? [] : parsed;
      this.#algorithms = [...(config.algorithms ?? PUBLIC_KEY_ALGORITHMS)];
    }
  }

  /** Never rejects. @returns why not, in words without the token, instead of the bearer */
  async verify(token: Buffer): Promise<Bearer | string> {
    const { decodeProtectedHeader, errors, jwtVerify } = await import('jose');
    const { issuer, audience, clockTolerance, userClaim, requireExpiry } = this.#config;
    const text = token.toString('latin1');
    const requiredClaims = requireExpiry ? [userClaim, 'exp'] : [userClaim];
    try {
      const { kid, alg } = decodeProtectedHeader(text);
      if (alg === undefined || !this.#algorithms.includes(alg)) return 'its algorithm is not allowed';
      for (const key of this.#candidates(kid, alg)) {
        try {
          const { payload } = await jwtVerify(text, key, {
            algorithms: this.#algorithms,
            requiredClaims,
            currentDate: new Date(this.#clock.now()),
            clockTolerance: clockTolerance / 1_000,
            ...(issuer !== undefined && { issuer: [...issuer] }),
            ...(audience !== undefined && { audience: [...audience] }),
          });
          return this.#bearer(payload);
        } catch (error) {
          // The key of another signer.
          if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
        }
      }
      return 'no key fits its signature';
    } catch (error) {
      return error instanceof errors.JOSEError ? error.code : 'it is malformed';
    }
  }

  #candidates(keyId: string | undefined, algorithm: string): readonly KeyObject[] {
    return this.#keys
      .filter(
        (one) =>
          (keyId === undefined || one.keyId === undefined || one.keyId === keyId) &&
          (one.algorithm === undefined || one.algorithm === algorithm) &&
          fitsKey(algorithm, one.key),
      )
      .map(({ key }) => key);
  }

  #bearer(payload: Readonly<Record<string, unknown>>): Bearer | string {
    const { userClaim, rolesClaim, topicsClaim, clockTolerance } = this.#config;
    const user = payload[userClaim];
    if (typeof user !== 'string' || user === '' || user.length > MAX_NAME)
      return `its claim ${userClaim} is no user name`;
    const roles = rolesClaim === undefined ? [] : rolesOf(payload[rolesClaim]);
    if (roles === undefined) return `its claim ${rolesClaim} is no list of roles`;
    // A token that should name topics and does not may use none by itself.
    const rules = topicsClaim === undefined ? undefined : rulesOf(payload[topicsClaim] ?? {});
    if (topicsClaim !== undefined && rules === undefined) return `its claim ${topicsClaim} has not the form of topics`;
    const expiresAt = typeof payload.exp === 'number' ? payload.exp * 1_000 + clockTolerance : Number.POSITIVE_INFINITY;
    return { user, roles, rules, expiresAt };
  }
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' };

function fitsKey(algorithm: string, key: KeyObject): boolean {
  switch (key.asymmetricKeyType) {
    case undefined:
      return algorithm.startsWith('HS');
    case 'rsa':
      return algorithm.startsWith('RS') || algorithm.startsWith('PS');
    case 'ec':
      return CURVES[algorithm] === key.asymmetricKeyDetails?.namedCurve;
    default:
      return algorithm === 'EdDSA' && key.asymmetricKeyType === 'ed25519';
  }
}

/** A list, or words with blanks between as in OAuth scopes. */
function rolesOf(claim: unknown): readonly string[] | undefined {
  const roles = typeof claim === 'string' ? claim.split(' ').filter((word) => word !== '') : (claim ?? []);
  const isList = Array.isArray(roles) && roles.length <= MAX_ROLES && roles.every((one) => typeof one === 'string');
  // These are not given away by a token.
  return isList ? (roles as string[]).filter((one) => one !== 'anonymous' && one !== 'authenticated') : undefined;
}

const ACTIONS: Readonly<Record<string, readonly RuleAction[]>> = {
  pub: ['publish'],
  publish: ['publish'],
  sub: ['subscribe'],
  subscribe: ['subscribe'],
  all: ['publish', 'subscribe'],
};

/** `{ "pub": ["a/#"], "sub": ["b/+"], "all": [] }` */
function rulesOf(claim: unknown): readonly RuleConfig[] | undefined {
  if (typeof claim !== 'object' || claim === null) return undefined;
  const rules: RuleConfig[] = [];
  let count = 0;
  for (const [word, topics] of Object.entries(claim)) {
    const actions = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
    if (actions === undefined || !Array.isArray(topics)) return undefined;
    count += topics.length;
    if (count > MAX_TOPICS) return undefined;
    if (!topics.every((one) => typeof one === 'string' && topicFilterFault(one) === undefined)) return undefined;
    const everybody = { users: undefined, roles: undefined, clientIds: undefined, commonNames: undefined };
    rules.push({ effect: 'allow', actions, topics: topics as string[], ...everybody });
  }
  return rules;
}
