/** One HTTP request and its whole answer, within limits. Connections are not kept: there are few requests, and long pauses. */
import type { IncomingHttpHeaders, RequestOptions } from 'node:http';
import type { SecureContextOptions } from 'node:tls';
import { request as httpRequest } from '../../core/node-http.js';

export interface ExchangeOptions {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Certificates of authorities, PEM; undefined: those of Node. */
  readonly ca?: SecureContextOptions['ca'];
  /** Without a byte, ms. */
  readonly idleMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Bytes of a 2xx answer as they come; they are not in {@link Answer.body} then. */
  readonly onChunk?: (chunk: Buffer, status: number, headers: IncomingHttpHeaders) => void;
}

export interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The answer is longer than it may be. */
export class TooLong extends Error {}

/** Rejects with the error of the socket, with {@link TooLong}, or when the answer is cut. */
export function exchange(url: URL, options: ExchangeOptions): Promise<Answer> {
  const { method, headers = {}, body, ca, idleMs, maxBytes, signal, onChunk } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const isSecure = url.protocol === 'https:';
  const open = isSecure ? process.getBuiltinModule('node:https').request : httpRequest;
  const settings: RequestOptions = {
    method,
    headers: {
      'user-agent': 'hpmq',
      ...headers,
      ...(hasBody(method) && { 'content-length': String(body?.length ?? 0) }),
    },
    signal,
    agent: false,
    timeout: idleMs,
    ...(isSecure && ca !== undefined && { ca }),
  };
  const outgoing = open(url, settings, (response) => {
    const status = response.statusCode ?? 0;
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) response.destroy(new TooLong(`the answer has more than ${maxBytes} bytes`));
      else if (onChunk !== undefined && status >= 200 && status < 300) onChunk(chunk, status, response.headers);
      else chunks.push(chunk);
    });
    response.on('error', reject);
    response.on('close', () => {
      if (response.complete) resolve({ url, status, headers: response.headers, body: Buffer.concat(chunks) });
      else reject(new Error('the answer was cut'));
    });
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${idleMs} ms`)));
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}

function hasBody(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}
