/** Where a bundle comes from: a file, or a web server. */
import { createReadStream, statfsSync, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../core/errors.js';
import { request as httpRequest } from '../core/node-http.js';
import { updateError } from './errors.js';

const MAX_REDIRECTS = 5;
/** Silence of a server after which it is given up, ms. */
const IDLE_TIMEOUT = 30_000;
/** Of a bundle. */
export const MAX_BYTES = 2 * 1024 * 1024 * 1024;

/** Left free on the data partition beside a bundle that is fetched or copied, bytes. */
export const SPARE_BYTES = 16 * 1024 * 1024;

export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

export const isUrl = (source: string): boolean => /^https?:\/\//i.test(source);

export interface OpenSource extends Disposable {
  readonly content: AsyncIterable<Buffer>;
  /** undefined: the server does not say. */
  readonly bytes: number | undefined;
}

/** @throws GatewayError UPDATE_BAD_BUNDLE, UPDATE_UNREACHABLE, UPDATE_NO_PERMISSION */
export async function openSource(source: string, signal: AbortSignal): Promise<OpenSource> {
  return isUrl(source) ? openUrl(source, signal) : openFile(source, signal);
}

function openFile(path: string, signal: AbortSignal): OpenSource {
  let bytes: number;
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw updateError('UPDATE_BAD_BUNDLE', `${path} is no regular file`);
    bytes = stat.size;
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw fileFailure(path, cause);
  }
  const stream = createReadStream(path, { signal });
  // What nobody reads any more may fail as it likes.
  stream.on('error', () => {});
  return {
    bytes,
    content: translated(stream, (cause) => fileFailure(path, cause)),
    [Symbol.dispose]: () => void stream.destroy(),
  };
}

function fileFailure(path: string, cause: unknown): GatewayError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'EACCES') return updateError('UPDATE_NO_PERMISSION', `${path} may not be read by this user`, { cause });
  return updateError(
    'UPDATE_BAD_BUNDLE',
    `${path} cannot be read: ${code === 'ENOENT' ? 'there is no such file' : message}`,
    {
      cause,
    },
  );
}

async function* translated(
  content: AsyncIterable<Buffer>,
  failure: (cause: unknown) => GatewayError,
): AsyncGenerator<Buffer> {
  try {
    yield* content;
  } catch (cause) {
    if ((cause as Error).name === 'AbortError' || cause instanceof GatewayError) throw cause;
    throw failure(cause);
  }
}

async function openUrl(source: string, signal: AbortSignal): Promise<OpenSource> {
  let url = parseUrl(source);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await get(url, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) {
      const bytes = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
      if (bytes !== undefined && bytes > MAX_BYTES) {
        response.destroy();
        throw updateError('UPDATE_BAD_BUNDLE', `${url.host} offers ${bytes} bytes, more than ${MAX_BYTES}`);
      }
      response.on('error', () => {});
      return {
        bytes,
        content: translated(limited(response, url), (cause) => lost(url, cause)),
        [Symbol.dispose]: () => void response.destroy(),
      };
    }
    response.destroy();
    if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) {
      throw updateError('UPDATE_UNREACHABLE', `${url.host} answers ${statusCode} to ${url.pathname}`);
    }
    const next = parseUrl(new URL(headers.location, url).href);
    if (url.protocol === 'https:' && next.protocol !== 'https:') {
      throw updateError('UPDATE_UNREACHABLE', `${url.host} sends from https to http`);
    }
    url = next;
  }
  throw updateError('UPDATE_UNREACHABLE', `${url.host} sends from place to place, more than ${MAX_REDIRECTS} times`);
}

/** A server need not say how much it sends. */
async function* limited(content: AsyncIterable<Buffer>, url: URL): AsyncGenerator<Buffer> {
  let done = 0;
  for await (const chunk of content) {
    done += chunk.length;
    if (done > MAX_BYTES) throw updateError('UPDATE_BAD_BUNDLE', `${url.host} sends more than ${MAX_BYTES} bytes`);
    yield chunk;
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !isUrl(url.href)) throw updateError('UPDATE_UNREACHABLE', 'this is no http or https address');
  return url;
}

const lost = (url: URL, cause: unknown) =>
  updateError('UPDATE_UNREACHABLE', `${url.host} cannot be reached, or broke off: ${(cause as Error).message}`, {
    cause,
  });

async function get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const request =
    url.protocol === 'https:'
      ? process.getBuiltinModule('node:https').request(url, { signal })
      : httpRequest(url, { signal });
  request.setTimeout(IDLE_TIMEOUT, () => void request.destroy(new Error(`no answer for ${IDLE_TIMEOUT / 1000} s`)));
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', (cause) => reject(signal.aborted ? signal.reason : lost(url, cause)));
    request.end();
  });
}
