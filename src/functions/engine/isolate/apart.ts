/** One job in a thread of its own, which ends with it. */
import { parentPort } from 'node:worker_threads';
import { type ErrorView, errorView, toGatewayError } from '../../../core/errors.js';
import { functionError, functionErrors } from '../../errors.js';
import { startWorker } from './start-worker.js';

type Answer<T> = { readonly value: T } | { readonly error: ErrorView };

/** In the other thread: what the job gives, or the error it ends with, is the answer. */
export function answer<T>(job: () => T): void {
  let given: Answer<T>;
  try {
    given = { value: job() };
  } catch (error) {
    given = { error: errorView(toGatewayError(error)) };
  }
  parentPort!.postMessage(given);
}

/** Rejects with the job's GatewayError. */
export async function apart<T>(workerData: { readonly job: string }, name: string): Promise<T> {
  const worker = startWorker({ workerData, name });
  const given = await new Promise<Answer<T>>((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the thread ${name} ended with ${code}`)));
  });
  await worker.terminate();
  if ('value' in given) return given.value;
  const { code, message, hint, details = {} } = given.error;
  if (Object.hasOwn(functionErrors, code)) {
    throw functionError(code as keyof typeof functionErrors, message, { hint, details });
  }
  throw new Error(message);
}
