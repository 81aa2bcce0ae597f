/** The control API: JSON over HTTP on a Unix socket, events as SSE. Answers every mistake with an ErrorBody; never throws into the gateway. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.js';
import { coreError, errorView, type GatewayError, toGatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { createServer } from '../core/node-http.js';
import type { Service, ServiceStatus } from '../core/service.js';
import type { ErrorBody, GatewayView } from './contract.js';
import { apiError, STATUS_OF_CODE, STATUS_OF_FAULT } from './errors.js';
import { listenOnSocket } from './listen.js';
import { sendMetrics } from './metrics-server.js';
import { eventKinds, numberOf, onlyQuery, readJson } from './requests.js';
import { matchRoute } from './routes.js';
import { EventStreams } from './sse.js';

/** Programs connected at a time, streams included. */
const MAX_CONNECTIONS = 64;
/** Time for the last answers when the gateway stops, ms. */
const STOP_GRACE = 500;
const DEFAULT_RATE = 4;
const MAX_RATE = 10;

export interface ApiServerOptions {
  readonly view: GatewayView;
  /** Path of the Unix socket. */
  readonly socket: string;
  readonly log: Log;
  readonly clock: Clock;
}

export function createApiServer(options: ApiServerOptions): Service {
  return new ApiServer(options);
}

class ApiServer implements Service {
  readonly name = 'api';
  readonly #options: ApiServerOptions;
  readonly #server: Server;
  readonly #streams: EventStreams;
  readonly #closing = new AbortController();
  #status: ServiceStatus;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#status = { state: 'starting', since: options.clock.now() };
    this.#streams = new EventStreams(options.view, options.clock);
    this.#server = createServer({ maxHeaderSize: 16_384 }, (request, response) => void this.#answer(request, response));
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('clientError', (error, socket) => refuseBytes(error, socket as Socket));
  }

  async start(): Promise<void> {
    const { socket, log } = this.#options;
    await listenOnSocket(this.#server, socket);
    this.#server.on('error', (error) => log.error({ error }, 'control socket failed'));
    this.#status = { state: 'up', since: this.#options.clock.now() };
    log.debug({ socket }, 'control API listens');
  }

  status(): ServiceStatus {
    return this.#status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#status = { state: 'stopping', since: this.#options.clock.now() };
    this.#closing.abort(coreError('STOPPED', 'the gateway is stopping'));
    this.#streams[Symbol.dispose]();
    if (!this.#server.listening) return;
    // Requests in progress were aborted and answer with that; a client that does not read must not hold up the stop.
    const deadline = this.#options.clock.after(STOP_GRACE, () => this.#server.closeAllConnections());
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    deadline.cancel();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', (error) => this.#options.log.debug({ error: error.message }, 'client went away'));
    try {
      const { pathname, searchParams } = targetOf(request.url);
      const method = request.method ?? 'GET';
      if (method === 'GET' && pathname === '/v1/events') this.#openStream(response, searchParams);
      else if (method === 'GET' && (pathname === '/healthz' || pathname === '/readyz'))
        this.#health(response, pathname);
      else if (method === 'GET' && pathname === '/metrics') await sendMetrics(this.#options.view, response);
      else await this.#route(request, response, method, pathname, searchParams);
    } catch (error) {
      this.#refuse(response, toGatewayError(error));
    }
  }

  async #route(
    request: IncomingMessage,
    response: ServerResponse,
    method: string,
    path: string,
    query: URLSearchParams,
  ): Promise<void> {
    const { route, params } = matchRoute(method, path);
    onlyQuery(query, route.query ?? []);
    const gone = new AbortController();
    response.on('close', () => gone.abort(apiError('API_CANCELLED', 'the client went away')));
    const body = method === 'GET' ? undefined : await readJson(request, route.maxBodyBytes);
    const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
    const watchedTopics = () => this.#streams.watchedTopics();
    const result = await route.handle({ view: this.#options.view, params, query, body, signal, watchedTopics });
    if (!response.destroyed) send(response, 200, result);
  }

  #openStream(response: ServerResponse, query: URLSearchParams): void {
    onlyQuery(query, ['kinds', 'filter', 'rate']);
    const kinds = eventKinds(query);
    const rate = numberOf(query, 'rate', DEFAULT_RATE, 1, MAX_RATE);
    this.#streams.open(response, { kinds, rate, filter: query.get('filter') ?? '#' });
  }

  /** healthz: the process answers; readyz: it serves. */
  #health(response: ServerResponse, path: string): void {
    const { state } = this.#options.view.status();
    const ready = path === '/healthz' || state === 'up' || state === 'degraded';
    send(response, ready ? 200 : 503, { state });
  }

  #refuse(response: ServerResponse, error: GatewayError): void {
    const { log } = this.#options;
    if (error.fault === 'bug') log.error({ error: error.cause ?? error }, 'request failed');
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const allow = error.code === 'API_METHOD_NOT_ALLOWED' ? error.details.allow : undefined;
    if (typeof allow === 'string') response.setHeader('allow', allow);
    // What is left of a refused body is not read; a gateway that stops waits for no further request.
    if (error.code === 'API_BODY_TOO_LARGE' || this.#closing.signal.aborted) response.setHeader('connection', 'close');
    const body: ErrorBody = { error: errorView(error) };
    send(response, STATUS_OF_CODE[error.code] ?? STATUS_OF_FAULT[error.fault], body);
  }
}

/** The path as it came: resolving dots, as URL does, would leave a client named `..` out of reach. */
function targetOf(url = '/'): { pathname: string; searchParams: URLSearchParams } {
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  return { pathname: path.startsWith('/') ? path : '/', searchParams: new URLSearchParams(query) };
}

const STATUS_OF_PARSER: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What came is not HTTP. Once something was answered, more bytes would be read as part of that. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const code = error.code ?? '';
  const body: ErrorBody = { error: errorView(apiError('API_BAD_REQUEST', `the request is not HTTP: ${code}`)) };
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${STATUS_OF_PARSER[code] ?? '400 Bad Request'}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  if (text === undefined) throw apiError('API_BAD_REQUEST', 'there is nothing to answer');
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}
