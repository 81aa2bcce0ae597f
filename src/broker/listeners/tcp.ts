/** A TCP listener: gives each accepted socket away. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { ListenerConfig } from '../../core/config.js';
import type { GatewayError } from '../../core/errors.js';
import { brokerError } from '../errors.js';
import type { Peer } from '../peer.js';

/** Disposed: accepts no more; resolves when the last of its sockets is closed, which is the owner's business. */
export interface Listener extends AsyncDisposable {
  /** `127.0.0.1:1883`, the real port when 0 was configured. */
  readonly address: string;
}

export interface ListenerEvents {
  /** The socket has an error listener already. */
  readonly onSocket: (socket: Socket, peer: Peer) => void;
  /** Accepting failed (out of file descriptors); the listener goes on. */
  readonly onError: (error: Error) => void;
}

/** Clients may do without MQTT's Keep Alive: then the system asks, after a minute of silence (ms), whether they are there. */
const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

/** @throws GatewayError BROKER_ADDRESS_IN_USE, _NOT_PERMITTED, _NOT_AVAILABLE or BROKER_LISTEN_FAILED */
export function listenTcp(config: ListenerConfig, events: ListenerEvents): Promise<Listener> {
  const server = createServer(socketOptions, (socket) => {
    socket.on('error', () => {});
    const host = socket.remoteAddress ?? '';
    events.onSocket(socket, { address: hostAndPort(host, socket.remotePort ?? 0), host, listener: config });
  });
  return new Promise((resolve, reject) => {
    const onFailed = (error: NodeJS.ErrnoException) => reject(listenError(config, error));
    server.once('error', onFailed);
    server.listen({ host: config.host, port: config.port }, () => {
      server.off('error', onFailed);
      server.on('error', events.onError);
      const { address, port } = server.address() as AddressInfo;
      resolve({
        address: hostAndPort(address, port),
        [Symbol.asyncDispose]: () => new Promise<void>((closed) => server.close(() => closed())),
      });
    });
  });
}

/** IPv4 in IPv6 clothes is shown as IPv4; IPv6 gets its brackets. */
function hostAndPort(host: string, port: number): string {
  const plain = host.startsWith('::ffff:') ? host.slice(7) : host;
  return `${plain.includes(':') ? `[${plain}]` : plain}:${port}`;
}

function listenError(config: ListenerConfig, cause: NodeJS.ErrnoException): GatewayError {
  const where = hostAndPort(config.host, config.port);
  const options = { cause, details: { host: config.host, port: config.port, errno: cause.code } };
  switch (cause.code) {
    case 'EADDRINUSE':
      return brokerError('BROKER_ADDRESS_IN_USE', `cannot listen on ${where}: the address is in use`, options);
    case 'EACCES':
    case 'EPERM':
      return brokerError('BROKER_ADDRESS_NOT_PERMITTED', `cannot listen on ${where}: not permitted`, options);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return brokerError('BROKER_ADDRESS_NOT_AVAILABLE', `cannot listen on ${where}: no such address here`, options);
    default:
      return brokerError('BROKER_LISTEN_FAILED', `cannot listen on ${where}: ${cause.message}`, options);
  }
}
