/** Starts the worker: a file of dist/, or an asset of the executable (images/executable). */
import { getAsset, isSea } from 'node:sea';
import { type WorkerOptions as ThreadOptions, Worker } from 'node:worker_threads';
import type { WorkerOptions } from './protocol.js';

export function startWorker(workerData: WorkerOptions): Worker {
  const options: ThreadOptions = { workerData, name: 'store', execArgv: [], stdin: false };
  if (isSea()) return new Worker(getAsset('store-worker.cjs', 'utf8'), { ...options, eval: true });
  return new Worker(new URL('./worker.js', import.meta.url), options);
}
