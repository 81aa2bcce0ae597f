/**
 * One listener: from a server socket to a stream of MQTT bytes whose other end is known.
 *
 *   accept ─▶ PROXY header ─▶ TLS ─▶ WebSocket ─▶ onStream(stream, peer)
 *             └────────── handshakes: limit, deadline ──────────┘
 */
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../core/clock.js';
import type { ListenerConfig } from '../../core/config.js';
import type { Log } from '../../core/log.js';
import type { AlarmView } from '../../core/views.js';
import { plainHost } from '../address.js';
import type { Ticket } from '../limits/admission.js';
import { BurstLog } from '../limits/burst-log.js';
import type { Peer } from '../peer.js';
import { bind, hostAndPort, serverAddress } from './bind.js';
import type { Certificates } from './certificates.js';
import { DirectSocket } from './direct-socket.js';
import { type Handshake, Handshakes } from './handshakes.js';
import { readProxyHeader } from './proxy-header.js';
import type { TlsHandshakes } from './tls.js';
import { TrustedProxies } from './trusted-proxies.js';
import type { WebSocketUpgrades } from './websocket.js';

const DEFAULT_HANDSHAKES = { timeout: 10_000, atOnce: 256 };

/** Disposed: accepts no more; resolves when the last of its sockets is closed, which is the owner's business. */
export interface Listener extends AsyncDisposable {
  /** `127.0.0.1:1883`, the real port when 0 was configured; other types than tcp with their scheme. */
  readonly addresses: readonly string[];
  /** Of its certificates. */
  alarms(): readonly AlarmView[];
}

export interface ListenerOptions {
  readonly config: ListenerConfig;
  /** Largest MQTT control packet, bytes. */
  readonly packetBytes: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Sockets from systemd, by name. */
  readonly activated: ReadonlyMap<string, readonly number[]>;
  /** Asked before anything is done for a connection; undefined: it is closed at once. */
  readonly admit: (peer: Peer) => Ticket | undefined;
  /** The stream has an error listener already. */
  readonly onStream: (stream: Duplex, peer: Peer, ticket: Ticket) => void;
  /** A connection did not get as far as MQTT. */
  readonly onHandshakeFailed: () => void;
  /** Accepting failed (out of file descriptors); the listener goes on. */
  readonly onError: (error: Error) => void;
}

/** @throws GatewayError when it cannot listen, or its certificates cannot be used */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { tls, webSocket } = options.config;
  // OpenSSL and the WebSocket library are memory that a plain listener does not need (test/bench G).
  const secure = tls && { ...(await import('./tls.js')), ...(await import('./certificates.js')) };
  const web = webSocket && (await import('./websocket.js'));
  const listener = new SocketListener(options, secure, web);
  try {
    await listener.open();
  } catch (error) {
    await listener[Symbol.asyncDispose]();
    throw error;
  }
  return listener;
}

interface Admitted {
  readonly peer: Peer;
  readonly ticket: Ticket;
}

class SocketListener implements Listener {
  readonly #options: ListenerOptions;
  readonly #handshakes: Handshakes;
  readonly #certificates: Certificates | undefined;
  readonly #tls: TlsHandshakes | undefined;
  readonly #webSockets: WebSocketUpgrades | undefined;
  /** Undefined: clients come themselves. */
  readonly #proxies: TrustedProxies | undefined;
  readonly #strangers: BurstLog<'noProxy'>;
  #servers: readonly Server[] = [];

  /**
   * @param secure - for tls and wss
   * @param web - for ws and wss
   */
  constructor(
    options: ListenerOptions,
    secure: (typeof import('./tls.js') & typeof import('./certificates.js')) | undefined,
    web: typeof import('./websocket.js') | undefined,
  ) {
    const { config, clock, log, packetBytes, onHandshakeFailed } = options;
    this.#options = options;
    this.#handshakes = new Handshakes({
      limits: config.handshakes ?? DEFAULT_HANDSHAKES,
      clock,
      onFailed: (socket, reason) => {
        onHandshakeFailed();
        log.debug({ listener: config.name, address: socketAddress(socket, config), reason }, 'handshake failed');
      },
    });
    if (config.tls !== undefined && secure !== undefined) {
      const certificates = new secure.Certificates({
        name: config.name,
        config: config.tls,
        clock,
        log,
        onReplaced: () => this.#tls?.replace(certificates),
      });
      this.#certificates = certificates;
      this.#tls = new secure.TlsHandshakes(config.tls, certificates);
    }
    this.#strangers = new BurstLog(clock, log, 'connections from elsewhere than the proxies');
    if (config.proxyProtocol === true) this.#proxies = new TrustedProxies(config.proxies);
    if (config.webSocket !== undefined && web !== undefined) {
      this.#webSockets = new web.WebSocketUpgrades(config.webSocket, packetBytes, config.auth.anonymous);
    }
  }

  get addresses(): readonly string[] {
    const { type, webSocket, systemd } = this.#options.config;
    return this.#servers.map((server) => {
      const address = serverAddress(server);
      // Node does not know the path of a Unix socket that it did not bind.
      if (address === '') return `${type}:systemd:${systemd ?? ''}`;
      if (address.startsWith('/')) return `unix:${address}`;
      return type === 'tcp' ? address : `${type}://${address}${webSocket?.path ?? ''}`;
    });
  }

  async open(): Promise<void> {
    const { config, activated, onError } = this.#options;
    this.#servers = await bind({ config, activated, onError, onSocket: (socket) => this.#accept(socket) });
  }

  alarms(): readonly AlarmView[] {
    return this.#certificates?.alarms() ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#certificates?.[Symbol.dispose]();
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    this.#handshakes[Symbol.dispose]();
    this.#strangers[Symbol.dispose]();
    await Promise.all(closed);
  }

  #accept(socket: Socket): void {
    const { config, onStream, onHandshakeFailed } = this.#options;
    const peer = { address: socketAddress(socket, config), host: socketHost(socket, config), listener: config };
    if (this.#proxies?.trusts(peer.host) === false) {
      onHandshakeFailed();
      this.#strangers.report('noProxy', { listener: config.name, address: peer.address });
      socket.destroy();
      return;
    }
    if (this.#proxies !== undefined) {
      this.#handshakes.enter(socket, (handshake) => this.#readProxy(socket, peer, handshake));
      return;
    }
    const isPlain = this.#tls === undefined && this.#webSockets === undefined;
    const stream = (isPlain && DirectSocket.takeOver(socket)) || socket;
    const ticket = this.#admit(stream, peer);
    if (ticket === undefined) return;
    if (isPlain) onStream(stream, peer, ticket);
    else this.#handshakes.enter(socket, (handshake) => this.#secure(socket, { peer, ticket }, handshake));
  }

  /** Before TLS, which costs most. A handshake only to say that there are too many is not worth it. */
  #admit(socket: Socket, peer: Peer): Ticket | undefined {
    const ticket = this.#options.admit(peer);
    const isRefused = ticket?.refusal !== undefined && (this.#tls !== undefined || this.#webSockets !== undefined);
    if (ticket !== undefined && !isRefused) {
      // A plain socket becomes a connection at once, which does it.
      if (this.#tls !== undefined || this.#webSockets !== undefined || this.#proxies !== undefined) {
        socket.once('close', () => ticket.close());
      }
      return ticket;
    }
    ticket?.close();
    socket.destroy();
    return undefined;
  }

  #readProxy(socket: Socket, peer: Peer, handshake: Handshake): void {
    readProxyHeader(socket, (header) => {
      if ('fault' in header) {
        handshake.fail(`PROXY protocol: ${header.fault}`);
        return;
      }
      const { source, certificate } = header;
      const real = source && { address: hostAndPort(source.host, source.port), host: plainHost(source.host) };
      const proxied = { ...peer, ...real, ...(certificate !== undefined && { certificate }) };
      const ticket = this.#admit(socket, proxied);
      if (ticket !== undefined) this.#secure(socket, { peer: proxied, ticket }, handshake);
    });
  }

  #secure(socket: Socket, admitted: Admitted, handshake: Handshake): void {
    const { peer, ticket } = admitted;
    if (this.#tls === undefined) {
      this.#upgrade(socket, admitted, handshake);
      return;
    }
    this.#tls.secure(socket, {
      onSecure: (secured, certificate) =>
        this.#upgrade(
          secured,
          { peer: { ...peer, tls: tlsFacts(secured), ...(certificate && { certificate }) }, ticket },
          handshake,
        ),
      onFailed: (reason) => handshake.fail(reason),
    });
  }

  #upgrade(stream: Duplex, admitted: Admitted, handshake: Handshake): void {
    if (this.#webSockets === undefined) {
      this.#finish(stream, admitted, handshake);
      return;
    }
    this.#webSockets.accept(stream, {
      onStream: (unwrapped) => this.#finish(unwrapped, admitted, handshake),
      onRefused: (reason) => handshake.refuse(`WebSocket: ${reason}`),
    });
  }

  #finish(stream: Duplex, { peer, ticket }: Admitted, handshake: Handshake): void {
    if (handshake.done()) this.#options.onStream(stream, peer, ticket);
    else stream.destroy();
  }
}

/** What was agreed on in the handshake. */
function tlsFacts(socket: TLSSocket): { version: string; cipher: string } {
  return { version: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher().name };
}

function socketHost({ remoteAddress }: Socket, config: ListenerConfig): string {
  return remoteAddress === undefined ? nameless(config) : plainHost(remoteAddress);
}

function socketAddress({ remoteAddress, remotePort }: Socket, config: ListenerConfig): string {
  return remoteAddress === undefined ? nameless(config) : hostAndPort(remoteAddress, remotePort ?? 0);
}

/** Peers of a Unix socket have no address; those of TCP lose theirs when they are gone before they are looked at. */
function nameless({ type, unix, systemd }: ListenerConfig): string {
  return type === 'unix' ? `unix:${systemd ?? unix?.path}` : 'unknown';
}
