/** Names of images: `host[:port]/name[:tag][@sha256:hex]` (OCI Distribution 1.1 § Pulling manifests). There is no default registry. */
import { registryError } from './errors.js';

export interface Reference {
  /** `host` or `host:port`. */
  readonly host: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

export const DIGEST = /^sha256:[0-9a-f]{64}$/;
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** @throws GatewayError FUNCTION_REFERENCE */
export function parseReference(text: string): Reference {
  const fail = (why: string) => registryError('FUNCTION_REFERENCE', `${text.slice(0, 300)} names no image: ${why}`);
  if (text.length > 512) throw fail('it is longer than 512 characters');
  const slash = text.indexOf('/');
  const host = text.slice(0, Math.max(slash, 0));
  if (slash < 0 || !HOST.test(host) || !isHost(host)) throw fail('the registry is missing before the name');
  let rest = text.slice(slash + 1);
  let digest: string | undefined;
  const at = rest.indexOf('@');
  if (at >= 0) {
    digest = rest.slice(at + 1);
    rest = rest.slice(0, at);
    if (!DIGEST.test(digest)) throw fail('the digest is not sha256: and 64 hex digits');
  }
  let tag: string | undefined;
  const colon = rest.lastIndexOf(':');
  if (colon >= 0) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
    if (!TAG.test(tag)) throw fail('the tag has other characters than letters, digits, ".", "_" and "-"');
  }
  if (rest.length > 255 || !REPOSITORY.test(rest))
    throw fail('the name has other than small letters, digits and separators');
  return { host, repository: rest, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

/** As Docker tells a host from the first part of a path. */
function isHost(text: string): boolean {
  return text.includes('.') || text.includes(':') || text === 'localhost' || text.startsWith('[');
}

/** `host/name`: what a signature names, and what prefixes are matched with. */
export function nameOf({ host, repository }: Reference): string {
  return `${host}/${repository}`;
}

export function referenceText(reference: Reference): string {
  const { tag, digest } = reference;
  return `${nameOf(reference)}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** 127.0.0.0/8, ::1 and localhost: nobody is between. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}
