/** Takes the path of a Unix socket into possession: removes the socket of a dead process, refuses to disturb a live one. */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';

/** busy: a process answers there; other: a file that is no socket; failed: see the cause. */
export type UnixSocketFault = 'busy' | 'other' | 'failed';

export class UnixSocketError extends Error {
  override readonly name = 'UnixSocketError';
  readonly fault: UnixSocketFault;

  constructor(fault: UnixSocketFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.fault = fault;
  }
}

/**
 * The server removes the socket when it closes.
 *
 * @param mode - permission bits of the socket, such as 0o660
 * @throws UnixSocketError
 */
export async function listenOnUnixSocket(server: Server, path: string, mode: number): Promise<void> {
  try {
    await listenOnce(server, path, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw failed(error);
    await removeDead(path);
    await listenOnce(server, path, mode).catch((cause: unknown) => {
      throw failed(cause);
    });
  }
  try {
    chmodSync(path, mode);
  } catch (error) {
    throw failed(error);
  }
}

function listenOnce(server: Server, path: string, mode: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // listen() binds before it returns: at no moment may others connect.
    const before = process.umask(0o777 & ~mode);
    try {
      server.listen({ path }, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

/** @returns whether a process accepts connections there */
export function isAnswering(path: string): Promise<boolean> {
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

async function removeDead(path: string): Promise<void> {
  const before = lstatSync(path, { throwIfNoEntry: false });
  if (before === undefined) return;
  if (!before.isSocket()) throw new UnixSocketError('other', `${path} exists and is not a socket`);
  const alive = await isAnswering(path).catch((cause: unknown) => {
    throw failed(cause);
  });
  if (alive) throw new UnixSocketError('busy', `a process answers on ${path}`);
  // Another one that starts at the same moment may have replaced it meanwhile.
  const after = lstatSync(path, { throwIfNoEntry: false });
  if (after?.ino === before.ino) unlinkSync(path);
}

function failed(cause: unknown): UnixSocketError {
  return new UnixSocketError('failed', (cause as Error).message, cause);
}
