/** Opens the server sockets of one listener: TCP, Unix, or taken over from systemd. */
import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import type { ListenerConfig } from '../../core/config.js';
import type { GatewayError } from '../../core/errors.js';
import { listenOnUnixSocket, UnixSocketError } from '../../core/unix-socket.js';
import { plainHost } from '../address.js';
import { brokerError } from '../errors.js';

/** Clients may do without MQTT's Keep Alive: then the system asks, after a minute of silence (ms), whether they are there. */
const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

export interface BindOptions {
  readonly config: ListenerConfig;
  /** Sockets from systemd, by name. */
  readonly activated: ReadonlyMap<string, readonly number[]>;
  readonly onSocket: (socket: Socket) => void;
  /** Accepting failed (out of file descriptors); the server goes on. */
  readonly onError: (error: Error) => void;
}

/** @throws GatewayError BROKER_ADDRESS_IN_USE, _NOT_PERMITTED, _NOT_AVAILABLE, BROKER_SOCKET_MISSING or BROKER_LISTEN_FAILED */
export async function bind(options: BindOptions): Promise<readonly Server[]> {
  const { config } = options;
  if (config.systemd !== undefined) {
    const fds = options.activated.get(config.systemd);
    if (fds === undefined) throw missing(config.systemd, [...options.activated.keys()]);
    const servers: Server[] = [];
    for (const fd of fds)
      servers.push(await open(options, { fd }, `file descriptor ${fd}, ${config.systemd} of systemd`));
    return servers;
  }
  if (config.unix !== undefined) return [await openUnix(options, config.unix.path, config.unix.mode)];
  const where = hostAndPort(config.host, config.port);
  return [await open(options, { host: config.host, port: config.port }, where)];
}

function newServer({ onSocket }: BindOptions): Server {
  return createServer(socketOptions, (socket) => {
    socket.on('error', () => {});
    onSocket(socket);
  });
}

function open(options: BindOptions, listen: ListenOptions & { fd?: number }, where: string): Promise<Server> {
  const server = newServer(options);
  return new Promise((resolve, reject) => {
    const onFailed = (error: NodeJS.ErrnoException) => reject(listenError(where, options.config, error));
    server.once('error', onFailed);
    server.listen(listen, () => {
      server.off('error', onFailed);
      server.on('error', options.onError);
      resolve(server);
    });
  });
}

async function openUnix(options: BindOptions, path: string, mode: number): Promise<Server> {
  const server = newServer(options);
  try {
    await listenOnUnixSocket(server, path, mode);
  } catch (error) {
    server.close();
    if (!(error instanceof UnixSocketError)) throw error;
    const details = { path };
    if (error.fault === 'busy') {
      throw brokerError('BROKER_ADDRESS_IN_USE', `cannot listen on ${path}: another program answers there`, {
        details,
      });
    }
    if (error.fault === 'other') {
      const hint = 'remove the file, or choose another path';
      throw brokerError('BROKER_LISTEN_FAILED', `cannot listen on ${path}: a file that is no socket is there`, {
        details,
        hint,
      });
    }
    throw listenError(path, options.config, error.cause as NodeJS.ErrnoException);
  }
  server.on('error', options.onError);
  return server;
}

/** Where a server listens, as people read it: `127.0.0.1:1883` or a path. */
export function serverAddress(server: Server): string {
  const address = server.address() as AddressInfo | string | null;
  return typeof address === 'object' && address !== null ? hostAndPort(address.address, address.port) : (address ?? '');
}

/** For people: IPv6 gets its brackets. */
export function hostAndPort(host: string, port: number): string {
  const plain = plainHost(host);
  return `${plain.includes(':') ? `[${plain}]` : plain}:${port}`;
}

function missing(name: string, known: readonly string[]): GatewayError {
  const found = known.length === 0 ? 'it passed none' : `it passed ${known.join(', ')}`;
  return brokerError('BROKER_SOCKET_MISSING', `systemd passed no socket with the name ${name}: ${found}`, {
    details: { name },
  });
}

function listenError(where: string, config: ListenerConfig, cause: NodeJS.ErrnoException): GatewayError {
  const facts = config.unix === undefined ? { host: config.host, port: config.port } : { path: config.unix.path };
  const options = { cause, details: { ...facts, errno: cause.code } };
  const unixHint = config.unix === undefined ? {} : { hint: 'check the folder of the socket and who may write there' };
  switch (cause.code) {
    case 'EADDRINUSE':
      return brokerError('BROKER_ADDRESS_IN_USE', `cannot listen on ${where}: the address is in use`, options);
    case 'EACCES':
    case 'EPERM':
      return brokerError('BROKER_ADDRESS_NOT_PERMITTED', `cannot listen on ${where}: not permitted`, {
        ...options,
        ...unixHint,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return brokerError('BROKER_ADDRESS_NOT_AVAILABLE', `cannot listen on ${where}: no such address here`, options);
    default:
      return brokerError('BROKER_LISTEN_FAILED', `cannot listen on ${where}: ${cause.message}`, {
        ...options,
        ...unixHint,
      });
  }
}
