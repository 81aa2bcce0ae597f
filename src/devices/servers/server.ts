/**
 * One server towards masters of others: where it listens, who may come, how many.
 *
 *   tcp:     listen ─▶ allowed? ─▶ room? ─▶ role.serve(socket) … until it closes or is idle
 *   udp:     datagram ─▶ allowed? ─▶ wire of its address ─▶ role.serve(wire) … until it is idle, or others need the room
 *   serial:  open ─▶ role.serve(line) ─▶ gone ─▶ open again
 *
 * Rules: start() waits for nobody; what cannot be opened is tried again with growing delays, and an alarm says why.
 */
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { backoffDelays } from '../../core/backoff.js';
import type { Clock } from '../../core/clock.js';
import type { ServerConfig } from '../../core/config.js';
import { type GatewayError, toGatewayError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { Scope } from '../../core/scope.js';
import type { RunningServer } from '../../core/server-role.js';
import type { ServiceState } from '../../core/service.js';
import {
  endpointName,
  type OpenTransport,
  type SerialEndpoint,
  type TcpEndpoint,
  type UdpEndpoint,
} from '../../core/transport.js';
import type { ServerView, ServiceView } from '../../core/views.js';
import { devicesError } from '../errors.js';
import { Bell } from '../wait.js';
import { allowList } from './allow-list.js';
import { UdpPeers } from './udp-peers.js';

/** Between two attempts to listen or to open the line. */
const REOPEN = { first: 500, max: 30_000 } as const;
/** A master that vanished without a word is noticed by the kernel's probes. */
const KEEP_ALIVE_DELAY_MS = 10_000;

export interface ServerOptions {
  readonly config: ServerConfig;
  readonly role: RunningServer;
  readonly openTransport: OpenTransport;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

export class Server implements AsyncDisposable {
  readonly #o: ServerOptions;
  readonly #log: Log;
  readonly #scope: Scope;
  readonly #again: Bell;
  readonly #isAllowed: (address: string) => boolean;
  readonly #masters = new Set<Socket>();
  #peers: UdpPeers | undefined;
  #state: ServiceState = 'starting';
  #since: number;
  #error: GatewayError | undefined;
  #endpoint: string;
  #refused = 0;
  #connections = 0;

  constructor(options: ServerOptions) {
    this.#o = options;
    this.#log = options.log.child({ server: options.config.name });
    this.#since = options.clock.now();
    this.#again = new Bell(options.clock);
    this.#isAllowed = allowList(options.config.allow);
    this.#endpoint = endpointName(options.config.listen);
    this.#scope = new Scope((error) => this.#log.error({ err: error }, 'a server ended by a defect'));
  }

  get error(): GatewayError | undefined {
    return this.#error;
  }

  get since(): number {
    return this.#since;
  }

  start(): void {
    this.#scope.run((signal) => this.#live(signal));
  }

  service(): ServiceView {
    const base = { name: `server:${this.#o.config.name}`, state: this.#state, since: this.#since };
    return this.#error === undefined ? base : { ...base, reason: this.#error.message, hint: this.#error.hint };
  }

  view(): ServerView {
    const { name, type } = this.#o.config;
    const { requests, exceptions, dropped } = this.#o.role.figures();
    return {
      name,
      type,
      endpoint: this.#endpoint,
      state: this.#state,
      since: this.#since,
      masters: this.#o.config.listen.type === 'serial' ? null : this.#masters.size + (this.#peers?.size ?? 0),
      connections: this.#connections,
      refused: this.#refused,
      requests,
      exceptions,
      dropped,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#enter('stopping', undefined);
    const closed = this.#scope[Symbol.asyncDispose]();
    this.#again.ring();
    await closed;
  }

  async #live(signal: AbortSignal): Promise<void> {
    const { listen } = this.#o.config;
    let delays = backoffDelays(REOPEN, this.#o.random);
    while (!signal.aborted) {
      const before = this.#o.clock.monotonic();
      try {
        if (listen.type === 'tcp') await this.#listen(listen, signal);
        else if (listen.type === 'udp') await this.#listenUdp(listen, signal);
        else await this.#line(listen, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#down(toGatewayError(error));
      }
      if (signal.aborted) return;
      // What worked for a while is opened again soon.
      if (this.#o.clock.monotonic() - before > REOPEN.max) delays = backoffDelays(REOPEN, this.#o.random);
      await this.#again.wait(delays.next().value);
    }
  }

  /** Resolves when the listener is closed. */
  async #listen(endpoint: TcpEndpoint, signal: AbortSignal): Promise<void> {
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS });
    server.on('connection', (socket) => this.#welcome(socket, endpoint));
    const port = await listening(server, endpoint);
    this.#endpoint = endpointName({ ...endpoint, port });
    this.#enter('up', undefined);
    this.#log.info({ endpoint: this.#endpoint }, 'server listens');
    await new Promise<void>((resolve) => {
      server.on('close', resolve);
      server.on('error', (error) => this.#log.warn({ err: error }, 'a master could not be accepted'));
      const stop = () => {
        server.close();
        for (const socket of this.#masters) socket.destroy();
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  /** Resolves when the socket is closed. */
  async #listenUdp(endpoint: UdpEndpoint, signal: AbortSignal): Promise<void> {
    const { clock, config, role } = this.#o;
    using peers = new UdpPeers(endpoint, {
      clock,
      maxPeers: config.maxConnections,
      idleTimeout: config.idleTimeout,
      isAllowed: (address) => config.allow === undefined || this.#isAllowed(plain(address)),
      onPeer: (wire, address) => {
        this.#connections++;
        this.#scope.run((stopped) => role.serve(wire, plain(address), endpoint, stopped));
      },
      onRefused: (address) => {
        if (this.#refused++ === 0) {
          this.#log.warn({ peer: address, why: 'its address is not in `allow`' }, 'a master was refused');
        }
      },
    });
    const port = await peers.listen(endpoint).catch((cause: NodeJS.ErrnoException) => {
      throw listenError(endpoint, cause);
    });
    this.#endpoint = endpointName({ ...endpoint, port });
    this.#peers = peers;
    this.#enter('up', undefined);
    this.#log.info({ endpoint: this.#endpoint }, 'server listens');
    try {
      const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => stop(), { once: true });
      if (signal.aborted) stop();
      await Promise.race([stopped, peers.closed((error) => this.#log.warn({ err: error }, 'a datagram was lost'))]);
    } finally {
      this.#peers = undefined;
    }
  }

  #welcome(socket: Socket, endpoint: TcpEndpoint): void {
    socket.on('error', () => {});
    const { allow, maxConnections, idleTimeout } = this.#o.config;
    const who = plain(socket.remoteAddress ?? '');
    const isAllowed = allow === undefined || (who !== '' && this.#isAllowed(who));
    if (!isAllowed || this.#masters.size >= maxConnections) {
      if (this.#refused++ === 0) {
        const why = isAllowed ? `${maxConnections} masters are connected already` : 'its address is not in `allow`';
        this.#log.warn({ peer: who, why }, 'a master was refused');
      }
      socket.destroy();
      return;
    }
    this.#connections++;
    this.#masters.add(socket);
    if (idleTimeout > 0) socket.setTimeout(idleTimeout, () => socket.destroy());
    this.#log.debug({ peer: who }, 'master connected');
    this.#scope.run(async (signal) => {
      try {
        await this.#o.role.serve(socket, who, endpoint, signal);
      } finally {
        this.#masters.delete(socket);
        this.#log.debug({ peer: who }, 'master is gone');
      }
    });
  }

  /** Resolves when the line is gone. */
  async #line(endpoint: SerialEndpoint, signal: AbortSignal): Promise<void> {
    const wire = await this.#o.openTransport(endpoint, signal);
    this.#enter('up', undefined);
    this.#log.info({ endpoint: this.#endpoint }, 'server listens');
    await this.#o.role.serve(wire, endpoint.path, endpoint, signal);
    if (!signal.aborted) throw devicesError('PORT_CLOSED', `${this.#endpoint} closed`);
  }

  #down(error: GatewayError): void {
    if (this.#state !== 'down') {
      this.#log.warn({ code: error.code, reason: error.message }, 'server does not work');
    }
    this.#enter('down', error);
  }

  #enter(state: ServiceState, error: GatewayError | undefined): void {
    if (this.#state === 'stopping') return;
    if (this.#state !== state) this.#since = this.#o.clock.now();
    this.#state = state;
    this.#error = error;
  }
}

/** IPv4 in IPv6 clothes is IPv4. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}

function listenError(endpoint: TcpEndpoint | UdpEndpoint, cause: NodeJS.ErrnoException): GatewayError {
  const name = endpointName(endpoint);
  const hint =
    cause.code === 'EACCES'
      ? { hint: 'ports below 1024 need the capability CAP_NET_BIND_SERVICE; or choose a higher port' }
      : {};
  const details = { endpoint: name, code: cause.code };
  return devicesError('SERVER_LISTEN', `cannot listen at ${name} (${cause.code})`, { cause, details, ...hint });
}

/** @returns the port; @throws SERVER_LISTEN */
function listening(server: NetServer, endpoint: TcpEndpoint): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(listenError(endpoint, cause));
    });
    server.listen(endpoint.port, endpoint.host, () => {
      server.removeAllListeners('error');
      resolve((server.address() as { port: number }).port);
    });
  });
}
