/** One installation at a time, whoever asks for it: a name that the kernel gives back when its owner is gone. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { systemClock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';
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

/** Between two tries, and how many, for what is done in a moment. */
const RETRY_INTERVAL = 50;
const RETRIES = 60;

/** Waits for others who change a few bytes, not for an installation. @throws GatewayError UPDATE_BUSY */
export async function lockSoon(folder: string): Promise<AsyncDisposable> {
  for (let retries = RETRIES; ; retries--) {
    try {
      return await lockInstallation(folder);
    } catch (error) {
      if (!(error instanceof GatewayError) || retries === 0) throw error;
    }
    await systemClock.sleep(RETRY_INTERVAL);
  }
}
