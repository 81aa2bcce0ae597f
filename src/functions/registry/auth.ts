/** How a registry wants to know who asks: Basic (RFC 7617), or Bearer with a token service (Distribution § Token Authentication). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { registryError } from './errors.js';
import { jsonOf } from './manifest.js';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface Challenge {
  /** Small letters. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Token {
  /** Value of Authorization. */
  readonly authorization: string;
  /** Unix ms. */
  readonly until: number;
}

const TOKEN_CHARS = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PARAMETER = new RegExp(`^\\s*,?\\s*(${TOKEN_CHARS})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN_CHARS}))`);
const SCHEME = new RegExp(`^[\\s,]*(${TOKEN_CHARS})(?:\\s+|$|,)`);
/** A token service that does not say how long: Distribution § Token Response Fields. */
const DEFAULT_TOKEN_SECONDS = 60;

/** All challenges of WWW-Authenticate (RFC 9110 §11.6.1), in order. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let rest = header.slice(0, 8_192);
  while (rest.trim() !== '') {
    const parameter = challenges.length > 0 ? PARAMETER.exec(rest) : null;
    if (parameter !== null) {
      const [all, key = '', quoted, plain] = parameter;
      challenges.at(-1)!.parameters[key.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '';
      rest = rest.slice(all.length);
      continue;
    }
    const scheme = SCHEME.exec(rest);
    if (scheme === null) break;
    challenges.push({ scheme: scheme[1]!.toLowerCase(), parameters: Object.create(null) as Record<string, string> });
    rest = rest.slice(scheme[0].length);
  }
  return challenges;
}

export function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Where a token is to be had. @throws GatewayError FUNCTION_REGISTRY_REFUSED when it would go there unprotected */
export function tokenUrl(parameters: Challenge['parameters'], scope: string, isPlainAllowed: boolean): URL {
  const { realm = '', service } = parameters;
  if (!URL.canParse(realm)) throw registryError('FUNCTION_REGISTRY_REFUSED', 'the registry names no token service');
  const url = new URL(realm);
  if (url.protocol !== 'https:' && !(isPlainAllowed && url.protocol === 'http:')) {
    const message = `the registry names the token service ${url.origin}, and passwords do not go there unprotected`;
    throw registryError('FUNCTION_REGISTRY_REFUSED', message);
  }
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  return url;
}

/** undefined: no token is in it. */
export function readToken(body: Buffer, now: number): Token | undefined {
  const answer = jsonOf(body) ?? {};
  const token = answer.token ?? answer.access_token;
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,65536}$/.test(token)) return undefined;
  const seconds = typeof answer.expires_in === 'number' ? answer.expires_in : DEFAULT_TOKEN_SECONDS;
  return { authorization: `Bearer ${token}`, until: now + Math.max(5, seconds * 0.9) * 1_000 };
}

/**
 * What `docker login` wrote: `auths` of $DOCKER_CONFIG/config.json, or ~/.docker/config.json. Credential helpers are other
 * programs, and not asked.
 */
export async function dockerCredentials(
  host: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Credentials | undefined> {
  const folder = env.DOCKER_CONFIG || (env.HOME ? join(env.HOME, '.docker') : undefined);
  if (folder === undefined) return undefined;
  const bytes = await readFile(join(folder, 'config.json')).catch(() => undefined);
  const auths = bytes === undefined ? undefined : (jsonOf(bytes)?.auths as Record<string, unknown> | undefined);
  if (typeof auths !== 'object' || auths === null) return undefined;
  for (const key of [host, `https://${host}`, `http://${host}`, `https://${host}/v1/`, `https://${host}/v2/`]) {
    const entry = Object.hasOwn(auths, key)
      ? (auths[key] as { auth?: unknown; username?: unknown; password?: unknown })
      : undefined;
    if (typeof entry?.auth === 'string') {
      const [, username, password] = /^([^:]+):(.*)$/s.exec(Buffer.from(entry.auth, 'base64').toString('utf8')) ?? [];
      if (username !== undefined && password !== undefined) return { username, password: password.replace(/\0+$/, '') };
    }
    if (typeof entry?.username === 'string' && typeof entry.password === 'string') {
      return { username: entry.username, password: entry.password };
    }
  }
  return undefined;
}
