/**
 * MQTT over WebSocket (MQTT 5.0 §6): HTTP requests on sockets that are connected already, upgraded or answered with what
 * is wrong. One per listener; it listens nowhere itself.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Duplex } from 'node:stream';
import { type ServerOptions, WebSocketServer } from 'ws';
import type { WebSocketConfig } from '../../core/config.js';
import { createServer, STATUS_CODES } from '../../core/node-http.js';
import { WebSocketStream } from './websocket-stream.js';

/** Of the request line and all headers, bytes; browsers send cookies. */
const MAX_HEADER_BYTES = 16 * 1024;
/** What a message may hold besides the largest packet: clients put several small packets into one. */
const SPARE_BYTES = 64 * 1024;
/** Fragments of one message hold this on average, bytes: each may keep alive a whole block of what was read. */
const FRAGMENT_BYTES = 1024;
/** How long a client may take to answer our Close frame, ms. */
const CLOSE_TIMEOUT = 1_000;
/** [MQTT-6.0.0-4]; MQTT 3.1 clients know the other name. */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1'];

export interface Upgrade {
  /** Bytes of MQTT from now on. */
  readonly onStream: (stream: Duplex) => void;
  /** Told before the socket ends. */
  readonly onRefused: (reason: string) => void;
}

/** Nobody else can let these point to this machine. @param name - as the URL parser gives it */
function isOwnName(name: string): boolean {
  const own = hostname().toLowerCase();
  return isIP(name.replace(/^\[|\]$/g, '')) !== 0 || ['localhost', own, `${own}.local`].includes(name);
}

export class WebSocketUpgrades {
  readonly #config: WebSocketConfig;
  readonly #isOpen: boolean;
  readonly #http: Server;
  readonly #webSockets: WebSocketServer;
  readonly #upgrades = new WeakMap<Duplex, Upgrade>();

  /**
   * @param packetBytes - largest MQTT control packet
   * @param isOpen - clients need no credentials
   */
  constructor(config: WebSocketConfig, packetBytes: number, isOpen: boolean) {
    this.#config = config;
    this.#isOpen = isOpen;
    const maxPayload = packetBytes + SPARE_BYTES;
    const options: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload,
      maxFragments: Math.ceil(maxPayload / FRAGMENT_BYTES),
      closeTimeout: CLOSE_TIMEOUT,
      handleProtocols: (offered) => SUBPROTOCOLS.find((one) => offered.has(one)) ?? false,
    };
    this.#webSockets = new WebSocketServer(options);
    this.#webSockets.on('wsClientError', (error, socket) => this.#refuse(socket, 400, error.message));
    this.#http = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: 0 });
    this.#http.on('request', (request, response) => this.#noUpgrade(request, response));
    this.#http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    this.#http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      const isLarge = error.code === 'HPE_HEADER_OVERFLOW';
      this.#refuse(
        socket,
        isLarge ? 431 : 400,
        isLarge ? `more than ${MAX_HEADER_BYTES} bytes of headers` : 'this is not HTTP',
      );
    });
  }

  /** Serves the one HTTP request of a connected socket. Its time is limited by the caller. */
  accept(socket: Duplex, upgrade: Upgrade): void {
    this.#upgrades.set(socket, upgrade);
    this.#http.emit('connection', socket);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      this.#refuse(socket, ...refusal);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#upgrades.get(socket)?.onStream(new WebSocketStream(webSocket));
    });
  }

  #refusal({ url, headers }: IncomingMessage): readonly [status: number, text: string] | undefined {
    if (!this.#isOurPath(url)) return [404, `MQTT is served at ${this.#config.path}`];
    if (!this.#isAllowedOrigin(headers)) {
      return [403, `pages of ${headers.origin} may not connect: broker.listeners[].origins does not name them`];
    }
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
    // [MQTT-6.0.0-3]
    if (!SUBPROTOCOLS.some((one) => offered.includes(one))) {
      return [400, 'the client must offer the subprotocol mqtt (Sec-WebSocket-Protocol)'];
    }
    return undefined;
  }

  #isOurPath(url = ''): boolean {
    return url.split('?', 1)[0] === this.#config.path;
  }

  /**
   * Only browsers say where a page comes from; other programs could say anything. Without a list, pages of the host that
   * is connected to may connect: a page from elsewhere could else use the browser to reach what its owner cannot. Whoever
   * owns a name can let it point here, and his page is then of this host: where no credentials are needed, a name must be
   * known to be ours.
   */
  #isAllowedOrigin({ origin, host }: IncomingMessage['headers']): boolean {
    if (origin === undefined) return true;
    const { origins } = this.#config;
    if (origins !== undefined) return origins.some((one) => one === '*' || one.toLowerCase() === origin.toLowerCase());
    const page = URL.parse(origin)?.hostname;
    if (page === undefined || page === '' || page !== URL.parse(`http://${host}`)?.hostname) return false;
    return !this.#isOpen || isOwnName(page);
  }

  #noUpgrade(request: IncomingMessage, response: ServerResponse): void {
    const isOurs = this.#isOurPath(request.url);
    const [status, text] = isOurs
      ? [426, 'this is MQTT over WebSocket: connect with an MQTT client']
      : [404, `MQTT over WebSocket is served at ${this.#config.path}`];
    this.#upgrades.get(request.socket)?.onRefused(`${request.method} without upgrade`);
    response.writeHead(status as number, {
      'Content-Type': 'text/plain; charset=utf-8',
      Connection: isOurs ? 'Upgrade, close' : 'close',
      ...(isOurs && { Upgrade: 'websocket' }),
    });
    response.end(`${text}\n`);
  }

  #refuse(socket: Duplex, status: number, text: string): void {
    this.#upgrades.get(socket)?.onRefused(text);
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const body = `${text}\n`;
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Connection: close',
      'Content-Type: text/plain; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...(status === 400 ? ['Sec-WebSocket-Version: 13, 8'] : []),
    ];
    socket.once('finish', () => socket.destroy());
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
}
