import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import type { GatewayError } from '../../core/errors.js';
import { endpointName, type TcpEndpoint } from '../../core/transport.js';
import { devicesError } from '../errors.js';

/** A peer that vanished without a word is noticed by the kernel's probes even when nothing is sent. */
const KEEP_ALIVE_DELAY_MS = 10_000;

/**
 * Connects. Small frames go out at once (no Nagle); keep-alive probes find dead peers.
 *
 * @throws GatewayError PORT_REFUSED, PORT_UNREACHABLE, PORT_HOST_UNKNOWN or PORT_FAILED; the signal's reason when aborted
 */
export function openTcp(endpoint: TcpEndpoint, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({
      host: endpoint.host,
      port: endpoint.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    });
    const onAbort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    // Stays for ever: a stream without a listener would end the process.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', onAbort);
      reject(tcpError(endpoint, error));
    });
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(socket);
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

export function tcpError(endpoint: TcpEndpoint, cause: NodeJS.ErrnoException): GatewayError {
  const name = endpointName(endpoint);
  const details = { endpoint: name, code: cause.code };
  switch (cause.code) {
    case 'ECONNREFUSED':
      return devicesError('PORT_REFUSED', `nothing accepts connections at ${name}`, { cause, details });
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ETIMEDOUT':
      return devicesError('PORT_UNREACHABLE', `no way to ${name} (${cause.code})`, { cause, details });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return devicesError('PORT_HOST_UNKNOWN', `the host name ${endpoint.host} has no address`, { cause, details });
    default:
      return devicesError('PORT_FAILED', `cannot connect to ${name}: ${cause.code ?? cause.message}`, {
        cause,
        details,
      });
  }
}
