/** Takes a Unix socket path into possession: removes the socket of a dead process, refuses to disturb a live one. */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import type { GatewayError } from '../core/errors.js';
import { apiError } from './errors.js';
import { prepareSocketFolder } from './socket.js';

/** Owner and group may connect. */
const SOCKET_MODE = 0o660;

function listenOnce(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** @returns whether a process accepts connections there */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      // EAGAIN: its backlog is full, so it lives.
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

function failed(path: string, cause: unknown): GatewayError {
  return apiError('API_SOCKET_FAILED', `cannot listen on ${path}: ${(cause as Error).message}`, { cause });
}

/** @throws GatewayError API_SOCKET_IN_USE or API_SOCKET_FAILED */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  prepareSocketFolder(path);
  try {
    await listenOnce(server, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw failed(path, error);
    await removeDead(path);
    await listenOnce(server, path).catch((cause: unknown) => {
      throw failed(path, cause);
    });
  }
  try {
    chmodSync(path, SOCKET_MODE);
  } catch (error) {
    throw failed(path, error);
  }
}

async function removeDead(path: string): Promise<void> {
  const before = lstatSync(path, { throwIfNoEntry: false });
  if (before === undefined) return;
  if (!before.isSocket()) throw apiError('API_SOCKET_FAILED', `${path} exists and is not a socket`);
  const alive = await isAlive(path).catch((cause: unknown) => {
    throw failed(path, cause);
  });
  if (alive) throw apiError('API_SOCKET_IN_USE', `another gateway runs here: it answers on ${path}`);
  // Another gateway that starts at the same moment may have replaced it meanwhile.
  const after = lstatSync(path, { throwIfNoEntry: false });
  if (after?.ino === before.ino) unlinkSync(path);
}
