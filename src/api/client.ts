/** The client of the control API: node:http on a Unix socket. Everything it throws is a GatewayError. */
import type { ClientRequest, RequestOptions as HttpOptions, IncomingMessage } from 'node:http';
import { type ErrorView, type Fault, GatewayError } from '../core/errors.js';
import { request as httpRequest } from '../core/node-http.js';
import type { ApiClient, EventOptions, GatewayEvent, RequestOptions, RouteName, Routes } from './contract.js';
import { apiError } from './errors.js';
import { parseEvents } from './sse-parser.js';

export interface ClientOptions {
  /** Path of the control socket. */
  readonly socket: string;
  /** An answer must be there within this time, ms; 10 s when absent. */
  readonly timeoutMs?: number;
}

/** A stream is pinged every 15 s: silence for three pings means that it is dead. */
const STREAM_SILENCE = 45_000;
/** No answer of the API is longer, bytes. */
const MAX_ANSWER_BYTES = 64_000_000;
const FAULTS: readonly string[] = ['config', 'caller', 'device', 'peer', 'limit', 'bug'] satisfies readonly Fault[];

export function createClient(options: ClientOptions): ApiClient {
  return new SocketClient(options);
}

class SocketClient implements ApiClient {
  readonly #socket: string;
  readonly #timeoutMs: number;

  constructor(options: ClientOptions) {
    this.#socket = options.socket;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  async request<R extends RouteName>(route: R, options: RequestOptions<R> = {}): Promise<Routes[R]['out']> {
    const [method = '', template = ''] = route.split(' ');
    const path = template.replace(/\{(\w+)\}/g, (_all, name: string) =>
      encodeURIComponent(options.params?.[name] ?? ''),
    );
    const query = queryText((options.query ?? {}) as Readonly<Record<string, string | undefined>>);
    const deadline = AbortSignal.timeout(this.#timeoutMs);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
    try {
      const response = await this.#open({ method, path: path + query, signal }, options.body);
      const body = parseBody(await readAll(response));
      if (response.statusCode !== 200) throw errorOf(body, response.statusCode);
      return body as Routes[R]['out'];
    } catch (error) {
      if (deadline.aborted) {
        throw apiError('GATEWAY_NO_ANSWER', `the gateway did not answer within ${this.#timeoutMs} ms`, {
          cause: error,
        });
      }
      if (options.signal?.aborted) throw apiError('API_CANCELLED', 'the request was cancelled', { cause: error });
      throw this.#wrap(error);
    }
  }

  async *events(options: EventOptions): AsyncIterable<GatewayEvent> {
    const { kinds, filter, rate, signal } = options;
    const query = queryText({ kinds: kinds.join(','), filter, rate: rate?.toString() });
    let response: IncomingMessage | undefined;
    try {
      response = await this.#open({ method: 'GET', path: `/v1/events${query}`, signal, timeout: this.#timeoutMs });
      if (response.statusCode !== 200) throw errorOf(parseBody(await readAll(response)), response.statusCode);
      const stream = response;
      stream.setTimeout(STREAM_SILENCE, () =>
        stream.destroy(apiError('GATEWAY_LOST', `nothing came for ${STREAM_SILENCE / 1_000} s`)),
      );
      yield* parseEvents(stream.setEncoding('utf8'));
      throw apiError('GATEWAY_LOST', 'the gateway ended the connection');
    } catch (error) {
      // Whoever asked for the end gets the end.
      if (!signal.aborted) throw this.#wrap(error);
    } finally {
      response?.destroy();
    }
  }

  #open(options: HttpOptions, body?: unknown): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body);
      const headers =
        body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const request: ClientRequest = httpRequest(
        { ...options, socketPath: this.#socket, agent: false, headers },
        resolve,
      );
      request.on('error', reject);
      // Only for streams: requests have a deadline of their own. The stream sets its own time when it has begun.
      request.on('timeout', () =>
        request.destroy(apiError('GATEWAY_NO_ANSWER', `the gateway did not answer within ${options.timeout} ms`)),
      );
      request.end(text);
    });
  }

  #wrap(error: unknown): GatewayError {
    if (error instanceof GatewayError) return error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') {
      return apiError('GATEWAY_NOT_RUNNING', `no gateway answers on ${this.#socket}`, { cause: error });
    }
    if (code === 'EACCES' || code === 'EPERM') {
      return apiError('GATEWAY_NO_PERMISSION', `this user may not connect to ${this.#socket}`, { cause: error });
    }
    if (code?.startsWith('HPE_'))
      return apiError('GATEWAY_BAD_ANSWER', `what answers on ${this.#socket} does not speak HTTP`, { cause: error });
    const reason = message === 'aborted' ? 'it went away in the middle of an answer' : message;
    return apiError('GATEWAY_LOST', `the connection to the gateway was lost: ${reason}`, { cause: error });
  }
}

function queryText(query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES)
      throw apiError('GATEWAY_BAD_ANSWER', `the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw apiError('GATEWAY_BAD_ANSWER', 'the answer is not JSON', { cause });
  }
}

/** The error that the gateway sent, as it was there. */
function errorOf(body: unknown, status: number | undefined): GatewayError {
  const view = (body as { error?: Partial<ErrorView> } | null)?.error;
  if (typeof view?.code !== 'string' || typeof view.message !== 'string' || !FAULTS.includes(view.fault ?? '')) {
    return apiError('GATEWAY_BAD_ANSWER', `the gateway answered with status ${status} and no reason`);
  }
  const kind = { fault: view.fault as Fault, hint: view.hint ?? '' };
  return new GatewayError(view.code, kind, view.message, view.details === undefined ? {} : { details: view.details });
}
