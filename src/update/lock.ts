/** One installation at a time, whoever asks for it: a name that the kernel gives back when its owner is gone. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { updateError } from './errors.js';

/** @throws GatewayError UPDATE_BUSY */
export function lockInstallation(folder: string): Promise<AsyncDisposable> {
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 32);
  const server = createServer((socket) => void socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(updateError('UPDATE_BUSY', 'another update is being installed on this box', { cause })),
    );
    // An abstract socket address (unix(7)): no file that could be left behind.
    server.listen(`\0hpmq-update-${name}`, () => {
      server.unref();
      resolve({
        [Symbol.asyncDispose]: () => new Promise<void>((closed) => void server.close(() => closed())),
      });
    });
  });
}
