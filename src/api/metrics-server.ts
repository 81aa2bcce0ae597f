/** `/metrics` on a TCP address of its own, for a Prometheus that cannot reach the control socket. Nothing else is served there. */
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../core/clock.js';
import type { MetricsConfig } from '../core/config.js';
import type { Log } from '../core/log.js';
import { createServer } from '../core/node-http.js';
import type { Service, ServiceStatus } from '../core/service.js';
import type { GatewayView } from './contract.js';
import { apiError } from './errors.js';

const MAX_CONNECTIONS = 16;
/** A request must be there within this time, ms: nobody keeps a connection for nothing. */
const REQUEST_TIMEOUT = 10_000;

export interface MetricsServerOptions {
  readonly config: MetricsConfig;
  readonly view: Pick<GatewayView, 'metrics'>;
  readonly log: Log;
  readonly clock: Clock;
}

export interface MetricsServer extends Service {
  /** `127.0.0.1:9464`, with the real port where 0 was configured. */
  readonly address: string;
}

export function createMetricsServer(options: MetricsServerOptions): MetricsServer {
  return new TcpMetricsServer(options);
}

/** Answers one scrape. */
export async function sendMetrics(view: Pick<GatewayView, 'metrics'>, response: ServerResponse): Promise<void> {
  const { contentType, text } = await view.metrics();
  if (response.destroyed) return;
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' });
  response.end(text);
}

class TcpMetricsServer implements MetricsServer {
  readonly name = 'metrics';
  readonly #options: MetricsServerOptions;
  readonly #server: Server;
  #status: ServiceStatus;

  constructor(options: MetricsServerOptions) {
    const { view, log } = options;
    this.#options = options;
    this.#status = { state: 'starting', since: options.clock.now() };
    this.#server = createServer(
      { requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT },
      (request, response) => {
        response.on('error', (error) => log.debug({ error: error.message }, 'scraper went away'));
        const [path] = (request.url ?? '').split('?');
        if (path !== '/metrics' || request.method !== 'GET') {
          response
            .writeHead(path === '/metrics' ? 405 : 404, { 'content-type': 'text/plain' })
            .end('only GET /metrics\n');
          return;
        }
        sendMetrics(view, response).catch((error: unknown) => {
          log.error({ error }, 'metrics failed');
          response.destroy();
        });
      },
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  get address(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    return `${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  async start(): Promise<void> {
    const { config, clock, log } = this.#options;
    const { host, port } = config;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) =>
        reject(apiError('METRICS_LISTEN_FAILED', `cannot listen on ${host}:${port}: ${cause.message}`, { cause })),
      );
      this.#server.listen({ host, port }, resolve);
    });
    this.#server.on('error', (error) => log.error({ error }, 'metrics listener failed'));
    this.#status = { state: 'up', since: clock.now() };
    log.info({ address: this.address }, 'metrics are served');
  }

  status(): ServiceStatus {
    return this.#status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#status = { state: 'down', since: this.#options.clock.now() };
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}
