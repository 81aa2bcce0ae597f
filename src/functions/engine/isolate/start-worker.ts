/** Starts the thread: a file of dist/, or an asset of the executable (images/executable). */
import { getAsset, isSea } from 'node:sea';
import { Worker, type WorkerOptions } from 'node:worker_threads';

export function startWorker(options: WorkerOptions): Worker {
  const all = { ...options, execArgv: [], env: {}, stdin: false };
  if (isSea()) return new Worker(getAsset('function-worker.cjs', 'utf8'), { ...all, eval: true });
  return new Worker(new URL('./worker.js', import.meta.url), all);
}
