/** TLS on sockets that are connected already; one per listener, it listens nowhere itself. */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import type { TlsConfig } from '../../core/config.js';
import type { PeerCertificate } from '../peer.js';
import type { Certificates } from './certificates.js';
import { peerCertificate } from './peer-certificate.js';

/** The caller's deadline is shorter; this one only keeps Node's from being none, ms. */
const HANDSHAKE_TIMEOUT = 120_000;

export interface Securing {
  /** The handshake is done, and the client's certificate is what the listener asks for. */
  readonly onSecure: (socket: TLSSocket, certificate: PeerCertificate | undefined) => void;
  readonly onFailed: (reason: string) => void;
}

/** Node does not say in its types to which socket a TLSSocket belongs. */
interface WrappedSocket extends TLSSocket {
  readonly _parent?: Socket;
}

/** OpenSSL's own words are in `reason`, such as `tlsv1 alert unknown ca`. */
interface TlsError extends NodeJS.ErrnoException {
  readonly reason?: string;
}

export class TlsHandshakes {
  readonly #server: Server;
  readonly #isRequired: boolean;
  readonly #securing = new WeakMap<Socket, Securing>();

  constructor(config: TlsConfig, certificates: Certificates) {
    this.#isRequired = config.clientCertificate === 'required';
    const options: TlsOptions = {
      ...certificates.contextOptions,
      requestCert: config.clientCertificate !== 'none',
      rejectUnauthorized: this.#isRequired,
      handshakeTimeout: HANDSHAKE_TIMEOUT,
      SNICallback: (serverName, callback) => callback(null, certificates.contextFor(serverName)),
      ...(config.alpn.length > 0 && { ALPNProtocols: [...config.alpn] }),
    };
    this.#server = createServer(options);
    this.#server.on('secureConnection', (socket: WrappedSocket) => this.#secured(socket));
    this.#server.on('tlsClientError', (error: TlsError, socket: WrappedSocket) => {
      const reason = `TLS: ${error.reason ?? (error.message || error.code)}`;
      const securing = this.#taken(socket);
      this.#end(socket, () => securing?.onFailed(reason));
    });
  }

  /** Begins the handshake; its time is limited by the caller. */
  secure(socket: Socket, securing: Securing): void {
    this.#securing.set(socket, securing);
    this.#server.emit('connection', socket);
  }

  /** For handshakes from now on. Tickets of before are worth nothing any more: who resumes is checked anew. */
  replace(certificates: Certificates): void {
    this.#server.setSecureContext(certificates.contextOptions);
  }

  #secured(socket: WrappedSocket): void {
    socket.on('error', () => {});
    const securing = this.#taken(socket);
    const certificate = peerCertificate(socket);
    // Node itself refuses only where one is required; a bad one is never better than none.
    const isRefused = certificate === undefined ? this.#isRequired : !certificate.verified;
    if (securing === undefined || isRefused) {
      const reason = `TLS: ${socket.authorizationError ?? 'no client certificate'}`;
      this.#end(socket, () => securing?.onFailed(reason));
      return;
    }
    securing.onSecure(socket, certificate);
  }

  /** Not within its own events: OpenSSL is still at work then, and destroying the socket below it ends the process. */
  #end(socket: TLSSocket, onEnded: () => void): void {
    setImmediate(() => {
      socket.destroy();
      onEnded();
    });
  }

  #taken(socket: WrappedSocket): Securing | undefined {
    const { _parent: parent } = socket;
    if (parent === undefined) return undefined;
    const securing = this.#securing.get(parent);
    this.#securing.delete(parent);
    return securing;
  }
}
