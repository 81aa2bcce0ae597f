import { createConnection, type Socket } from 'node:net';
import type { GatewayError } from '../../core/errors.js';
import { type Address, addressName } from '../../core/transport.js';
import { devicesError } from '../errors.js';

/** A peer that vanished without a word is noticed by the kernel's probes even when nothing is sent. */
const KEEP_ALIVE_DELAY_MS = 10_000;

/**
 * Connects. Small frames go out at once (no Nagle); keep-alive probes find dead peers.
 *
 * @param keepAliveMs - silence before the first probe; 0: none
 * @throws GatewayError PORT_REFUSED, PORT_UNREACHABLE, PORT_HOST_UNKNOWN or PORT_FAILED; the signal's reason when aborted
 */
export function openTcp(address: Address, signal: AbortSignal, keepAliveMs = KEEP_ALIVE_DELAY_MS): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({
      host: address.host,
      port: address.port,
      noDelay: true,
      keepAlive: keepAliveMs > 0,
      keepAliveInitialDelay: keepAliveMs,
    });
    const onAbort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    // Stays for ever: a stream without a listener would end the process.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', onAbort);
      reject(connectError(address, error));
    });
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(socket);
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

export function connectError(address: Address, cause: NodeJS.ErrnoException): GatewayError {
  const name = addressName(address);
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
      return devicesError('PORT_HOST_UNKNOWN', `the host name ${address.host} has no address`, { cause, details });
    default:
      return devicesError('PORT_FAILED', `cannot connect to ${name}: ${cause.code ?? cause.message}`, {
        cause,
        details,
      });
  }
}
