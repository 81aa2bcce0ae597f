/** The control socket: its folder, and the errors of the API when it cannot be had. */
import type { Server } from 'node:net';
import type { GatewayError } from '../core/errors.js';
import { isAnswering, listenOnUnixSocket, UnixSocketError } from '../core/unix-socket.js';
import { apiError } from './errors.js';
import { prepareSocketFolder } from './socket.js';

/** Owner and group may connect. */
const SOCKET_MODE = 0o660;

/** @throws GatewayError API_SOCKET_IN_USE or API_SOCKET_FAILED */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  prepareSocketFolder(path);
  try {
    await listenOnUnixSocket(server, path, SOCKET_MODE);
  } catch (error) {
    if (!(error instanceof UnixSocketError)) throw error;
    if (error.fault === 'busy') throw inUse(path);
    const message = error.fault === 'other' ? error.message : `cannot listen on ${path}: ${error.message}`;
    throw apiError('API_SOCKET_FAILED', message, error.cause === undefined ? {} : { cause: error.cause });
  }
}

/** Before anything else is opened that only one gateway can have. @throws GatewayError API_SOCKET_IN_USE */
export async function refuseSecondGateway(path: string): Promise<void> {
  // What cannot be asked is found when the socket is opened.
  if (await isAnswering(path).catch(() => false)) throw inUse(path);
}

function inUse(path: string): GatewayError {
  return apiError('API_SOCKET_IN_USE', `another gateway runs here: it answers on ${path}`);
}
