/**
 * Requests to one registry: TLS or not, redirects, and who asks.
 *
 * Authorization goes to the registry alone, never to where it redirects (blobs lie on other hosts), and passwords to the
 * token service that it names.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { SecureContextOptions } from 'node:tls';
import type { GatewayError } from '../../core/errors.js';
import { basic, type Credentials, parseChallenges, readToken, type Token, tokenUrl } from './auth.js';
import { registryError } from './errors.js';
import { type Answer, exchange, TooLong } from './exchange.js';
import { jsonOf } from './manifest.js';
import { isLoopback } from './reference.js';

export interface ConnectionOptions {
  readonly host: string;
  /** Without TLS where it has none; loopback may always. */
  readonly insecure?: boolean;
  readonly credentials?: Credentials | undefined;
  /** PEM. */
  readonly ca?: SecureContextOptions['ca'];
  /** Without a byte, ms. */
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
}

export interface Call {
  readonly method: string;
  /** `repository:name:pull` or `repository:name:pull,push`. */
  readonly scope: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly maxBytes?: number;
  readonly onChunk?: (chunk: Buffer, status: number, headers: IncomingHttpHeaders) => void;
}

const MAX_REDIRECTS = 5;
const MAX_ANSWER = 1024 * 1024;
const IDLE = 15_000;

export class Connection {
  readonly host: string;
  readonly #o: ConnectionOptions;
  readonly #isPlainAllowed: boolean;
  readonly #signal: AbortSignal;
  readonly #tokens = new Map<string, Token>();
  #base: URL | undefined;

  constructor(options: ConnectionOptions) {
    this.host = options.host;
    this.#o = options;
    this.#isPlainAllowed = options.insecure === true || isLoopback(options.host);
    this.#signal = options.signal ?? new AbortController().signal;
  }

  /**
   * The answer, whatever its status, except 401 and 403.
   *
   * @param path - absolute, or a URL that the registry gave
   * @throws GatewayError FUNCTION_REGISTRY_UNREACHABLE, FUNCTION_REGISTRY_DENIED, FUNCTION_REGISTRY_REFUSED, FUNCTION_IMAGE_TOO_LARGE
   */
  async call(path: string, call: Call): Promise<Answer> {
    const base = await this.#origin();
    const url = new URL(path, base);
    let answer = await this.#follow(url, call, base);
    if (answer.status === 401 && answer.url.origin === base.origin) {
      this.#tokens.delete(call.scope);
      await this.#authorize(answer, call.scope);
      answer = await this.#follow(url, call, base);
    }
    if (answer.status !== 401 && answer.status !== 403) return answer;
    const who = this.#o.credentials === undefined ? 'nobody in particular' : `user ${this.#o.credentials.username}`;
    throw registryError('FUNCTION_REGISTRY_DENIED', `${this.host} denies ${call.scope} to ${who}: ${saidBy(answer)}`);
  }

  async #follow(first: URL, call: Call, base: URL): Promise<Answer> {
    let url = first;
    for (let redirects = 0; ; redirects++) {
      const token = url.origin === base.origin ? this.#tokens.get(call.scope) : undefined;
      const headers = { ...call.headers, ...(token !== undefined && { authorization: token.authorization }) };
      const answer = await this.#exchange(url, { ...call, headers });
      const { location } = answer.headers;
      if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
      if (redirects === MAX_REDIRECTS) throw this.#refused(`more than ${MAX_REDIRECTS} redirects`);
      if (!URL.canParse(location, url.href)) throw this.#refused('it redirects to no address');
      const next = new URL(location, url);
      this.#check(next);
      if (call.method !== 'GET' && call.method !== 'HEAD' && answer.status < 307)
        throw this.#refused('it redirects an upload');
      url = next;
    }
  }

  /** An address that the registry gave. */
  #check(url: URL): void {
    const isHttp = url.protocol === 'http:' && this.#isPlainAllowed;
    if (url.protocol !== 'https:' && !isHttp) throw this.#refused(`it sends us to ${url.origin}, without TLS`);
    if (url.username !== '' || url.password !== '')
      throw this.#refused('it sends us to an address with a password in it');
  }

  async #authorize(answer: Answer, scope: string): Promise<void> {
    const challenges = parseChallenges(String(answer.headers['www-authenticate'] ?? ''));
    const { credentials } = this.#o;
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined) {
      const url = tokenUrl(bearer.parameters, scope, this.#isPlainAllowed);
      const headers = credentials === undefined ? {} : { authorization: basic(credentials) };
      const given = await this.#exchange(url, { method: 'GET', scope, headers });
      const token = given.status === 200 ? readToken(given.body, Date.now()) : undefined;
      if (token === undefined) {
        throw registryError(
          'FUNCTION_REGISTRY_DENIED',
          `the token service of ${this.host} answers ${given.status}: ${saidBy(given)}`,
        );
      }
      this.#tokens.set(scope, token);
      return;
    }
    if (challenges.some(({ scheme }) => scheme === 'basic') && credentials !== undefined) {
      this.#tokens.set(scope, { authorization: basic(credentials), until: Number.POSITIVE_INFINITY });
    }
  }

  async #exchange(url: URL, call: Call): Promise<Answer> {
    const { ca, idleMs = IDLE } = this.#o;
    const { method, headers = {}, body, onChunk, maxBytes = MAX_ANSWER } = call;
    const more = {
      ...(body !== undefined && { body }),
      ...(onChunk !== undefined && { onChunk }),
      ...(ca !== undefined && { ca }),
    };
    try {
      return await exchange(url, { method, headers, idleMs, maxBytes, signal: this.#signal, ...more });
    } catch (error) {
      if (error instanceof TooLong)
        throw registryError('FUNCTION_IMAGE_TOO_LARGE', `${url.host}: ${error.message}`, { cause: error });
      throw this.#unreachable(error, url);
    }
  }

  /** TLS first; without it only where that is allowed and nobody speaks it. */
  async #origin(): Promise<URL> {
    if (this.#base !== undefined) return this.#base;
    const secure = new URL(`https://${this.host}`);
    if (!this.#isPlainAllowed) {
      this.#base = secure;
      return secure;
    }
    try {
      await this.#exchange(new URL('/v2/', secure), { method: 'GET', scope: '' });
      this.#base = secure;
    } catch (error) {
      const cause = (error as GatewayError).cause as NodeJS.ErrnoException | undefined;
      const code = cause?.code ?? '';
      if (code !== 'EPROTO' && code !== 'ECONNRESET' && !code.startsWith('ERR_SSL')) throw error;
      this.#base = new URL(`http://${this.host}`);
    }
    return this.#base;
  }

  #unreachable(error: unknown, url: URL): GatewayError {
    this.#signal.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    const why = message === '' || message === undefined ? (code ?? String(error)) : message;
    return registryError('FUNCTION_REGISTRY_UNREACHABLE', `no answer from ${url.host}: ${why}`, { cause: error });
  }

  #refused(why: string): GatewayError {
    return registryError('FUNCTION_REGISTRY_REFUSED', `${this.host}: ${why}`);
  }
}

/** The registry's own words (Distribution § Error Codes), or nothing. */
export function saidBy({ status, body }: Answer): string {
  const errors = jsonOf(body)?.errors;
  const first = Array.isArray(errors) ? (errors[0] as { code?: unknown; message?: unknown } | undefined) : undefined;
  const words = [first?.code, first?.message].filter((one) => typeof one === 'string').join(', ');
  return words === '' ? `status ${status}` : words.slice(0, 200).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
