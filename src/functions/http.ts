/**
 * http(): one request to a host of the list. JSON in and out:
 *
 *   {"method":"POST","url":"https://api.example.com/x","headers":{"content-type":"application/json"},"body":"…"}
 *   {"status":200,"headers":{…},"body":"…"}      or {"error":"…"}
 *
 * Bodies that are no UTF-8 are in `bodyBase64`. Redirects are followed to hosts of the list, five at most; a request with
 * a body only by 307 and 308, as it was (RFC 9110 §15.4), and not to another origin; from https to https alone.
 */
import { isUtf8 } from 'node:buffer';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpRequest } from '../core/node-http.js';

const MAX_BODY = 1_048_576;
const MAX_REDIRECTS = 5;
const MAX_HEADERS = 64;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
/** Of the connection, not of the function. */
const OWN_HEADERS = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'expect',
]);

/** What goes with a redirect to another origin: the others may be credentials. */
const COMMON_HEADERS = new Set(['accept', 'accept-language', 'content-type', 'user-agent']);

export interface Wanted {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

export class HttpAgent {
  readonly #hosts: readonly string[];
  readonly #timeout: number;

  /** @param timeout - ms, of all of one request */
  constructor(hosts: readonly string[], timeout: number) {
    this.#hosts = hosts.map((host) => host.toLowerCase());
    this.#timeout = timeout;
  }

  /** Never rejects: what went wrong is in the answer. */
  async fetch(text: string, signal: AbortSignal): Promise<string> {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#timeout)]);
      return JSON.stringify(await this.#follow(parse(text), limit));
    } catch (error) {
      return JSON.stringify({ error: wordsOf(error, this.#timeout) });
    }
  }

  async #follow(first: Wanted, signal: AbortSignal): Promise<unknown> {
    let wanted = first;
    for (let redirects = 0; ; redirects++) {
      if (!this.allows(wanted.url)) throw new Error(`${wanted.url.host} is not in grants.http.hosts`);
      const response = await send(wanted, signal);
      const { location } = response.headers;
      const status = response.statusCode ?? 0;
      if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return answer(response);
      response.destroy();
      if (redirects === MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`);
      wanted = redirected(wanted, status, location);
    }
  }

  allows(url: URL): boolean {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
    if (url.username !== '' || url.password !== '') return false;
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    const name = url.hostname.toLowerCase();
    return this.#hosts.some((host) => {
      const [, hostName = host, hostPort] =
        /^(.*?)(?::(\d+))?$/.exec(host.startsWith('[') ? host.replace(/^(\[.*\])/, '$1') : host) ?? [];
      if (hostPort !== undefined ? hostPort !== port : port !== '80' && port !== '443') return false;
      return hostName.startsWith('*.') ? name.endsWith(hostName.slice(1)) : name === hostName;
    });
  }
}

/** @returns ms: time is left to the function to do without an answer */
export function requestTimeout(timeout: number, deadline: number): number {
  return Math.min(timeout, Math.floor(deadline * 0.9));
}

/** The request that follows a redirect. @throws Error where it must not be made */
export function redirected(wanted: Wanted, status: number, location: string): Wanted {
  const from = wanted.url;
  const url = new URL(location, from);
  if (from.protocol === 'https:' && url.protocol === 'http:') {
    throw new Error(`the redirect to ${url.host} goes from https to http`);
  }
  const isSame = url.origin === from.origin;
  const headers = only(wanted.headers, (name) => isSame || COMMON_HEADERS.has(name));
  const isAsItWas = wanted.method === 'GET' || wanted.method === 'HEAD' || status === 307 || status === 308;
  if (!isAsItWas) {
    return { method: 'GET', url, headers: only(headers, (name) => name !== 'content-type'), body: undefined };
  }
  const isUpgrade = url.hostname === from.hostname && from.protocol === 'http:' && url.protocol === 'https:';
  if (wanted.body !== undefined && !isSame && !isUpgrade) {
    throw new Error(`the redirect to ${url.host} would take the body to another origin`);
  }
  return { ...wanted, url, headers };
}

function only(
  headers: Readonly<Record<string, string>>,
  isKept: (name: string) => boolean,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isKept(name.toLowerCase())));
}

function parse(text: string): Wanted {
  const value = JSON.parse(text) as Record<string, unknown> | null;
  if (typeof value !== 'object' || value === null) throw new Error('the request is not a JSON object');
  const { method = 'GET', url, headers = {}, body, bodyBase64 } = value;
  if (typeof method !== 'string' || !TOKEN.test(method) || method.toUpperCase() === 'CONNECT') {
    throw new Error('the method is none');
  }
  if (typeof url !== 'string' || !URL.canParse(url)) throw new Error('the url is none');
  if (typeof headers !== 'object' || headers === null) throw new Error('headers are not an object');
  const pairs = Object.entries(headers);
  if (pairs.length > MAX_HEADERS) throw new Error(`there are more than ${MAX_HEADERS} headers`);
  for (const [name, one] of pairs) {
    if (!TOKEN.test(name) || typeof one !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(one)) {
      throw new Error('a header is none');
    }
    if (OWN_HEADERS.has(name.toLowerCase())) throw new Error(`the header ${name} is not the function's`);
  }
  const bytes =
    typeof bodyBase64 === 'string'
      ? Buffer.from(bodyBase64, 'base64')
      : body === undefined || body === null
        ? undefined
        : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return {
    method: method.toUpperCase(),
    url: new URL(url),
    headers: headers as Record<string, string>,
    body: bytes,
  };
}

function send({ method, url, headers, body }: Wanted, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const open = url.protocol === 'https:' ? process.getBuiltinModule('node:https').request : httpRequest;
  const options = {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-length': String(body.length) }) },
    signal,
    agent: false as const,
  };
  const outgoing: ClientRequest = open(url, options, resolve);
  outgoing.on('error', reject);
  // Without a listener, Node.js would end the connection and say nothing.
  outgoing.on('upgrade', (_response, socket) => {
    socket.destroy();
    reject(new Error('the server switches to another protocol'));
  });
  outgoing.on('close', () => reject(new Error('the connection was closed without an answer')));
  outgoing.end(body);
  return promise;
}

async function answer(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY) {
      response.destroy();
      throw new Error(`the answer has more than ${MAX_BODY} bytes`);
    }
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  return {
    status: response.statusCode,
    headers: response.headers,
    ...(isUtf8(body) ? { body: body.toString('utf8') } : { bodyBase64: body.toString('base64') }),
  };
}

function wordsOf(error: unknown, timeout: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError' || (error.cause as Error | undefined)?.name === 'TimeoutError') {
    return `no answer within ${timeout} ms`;
  }
  return error.message === '' ? error.name : error.message;
}
