/** The worker of the history: a file of dist/, or an asset of the executable (images/executable). It answers in order. */
import { getAsset, isSea } from 'node:sea';
import { type WorkerOptions as ThreadOptions, Worker } from 'node:worker_threads';
import type { GatewayError } from '../core/errors.js';
import type { HistoryQuery, SeriesView } from '../core/history.js';
import { failureOf } from '../store/failure.js';
import { historyError } from './errors.js';
import type { Batch, Failure, Rows, WorkerAnswer, WorkerOptions, WorkerRequest } from './protocol.js';

type Without<T> = T extends unknown ? Omit<T, 'id'> : never;
export type Written = Extract<WorkerAnswer, { kind: 'written' }>;
export type Opened = Extract<WorkerAnswer, { kind: 'opened' }>;

/** Questions that wait at a time: the worker answers one after the other. */
const MAX_QUESTIONS = 32;

export class WorkerLink {
  readonly #worker: Worker;
  readonly #pending = new Map<number, { resolve(answer: WorkerAnswer): void; reject(error: unknown): void }>();
  #nextId = 1;
  #ended: GatewayError | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Rejects with HISTORY_FAILED, HISTORY_FULL, HISTORY_NEWER. */
  static async start(options: WorkerOptions): Promise<{ readonly link: WorkerLink; readonly opened: Opened }> {
    const worker = startWorker(options);
    const link = new WorkerLink(worker);
    const opened = await new Promise<Opened>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', (error) => reject(errorOf(failureOf(error))));
      worker.once('exit', () => reject(historyError('HISTORY_FAILED', 'the worker of the history ended')));
    });
    worker.removeAllListeners('exit').removeAllListeners('error');
    worker.on('message', (answer: WorkerAnswer) => link.#answered(answer));
    worker.on('error', (error) => link.#failed(errorOf(failureOf(error))));
    worker.on('exit', () => link.#failed(historyError('HISTORY_FAILED', 'the worker of the history ended')));
    return { link, opened };
  }

  /** It is gone: nothing is answered any more. */
  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** All samples or none. Rejects with HISTORY_FULL, HISTORY_FAILED */
  async write(batch: Batch): Promise<{ readonly written: Written; readonly trouble: GatewayError | undefined }> {
    const written = await this.#ask({ kind: 'write', batch });
    if (written.kind !== 'written') throw unexpected(written);
    return { written, trouble: written.trouble && errorOf(written.trouble) };
  }

  /** @returns undefined: nothing of this point was ever recorded */
  async query(query: HistoryQuery): Promise<Rows | undefined> {
    this.#refuseMany();
    const answer = await this.#ask({ kind: 'query', query });
    if (answer.kind !== 'rows') throw unexpected(answer);
    return answer.rows;
  }

  async list(): Promise<readonly SeriesView[]> {
    this.#refuseMany();
    const answer = await this.#ask({ kind: 'list' });
    if (answer.kind !== 'series') throw unexpected(answer);
    return answer.series;
  }

  /** What was asked before is answered first. */
  async close(): Promise<void> {
    if (this.#ended === undefined) await this.#ask({ kind: 'close' }).catch(() => {});
    await this.terminate();
  }

  /** At once. */
  async terminate(): Promise<void> {
    this.#failed(historyError('HISTORY_STOPPED', 'the history is closed'));
    await this.#worker.terminate();
  }

  #refuseMany(): void {
    if (this.#pending.size < MAX_QUESTIONS) return;
    throw historyError('HISTORY_BUSY', `${MAX_QUESTIONS} questions wait already`);
  }

  #ask(request: Without<WorkerRequest>): Promise<WorkerAnswer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id });
    });
  }

  #answered(answer: WorkerAnswer): void {
    if (answer.kind === 'opened') return;
    const waiting = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (answer.kind === 'failed') waiting?.reject(errorOf(answer.failure));
    else waiting?.resolve(answer);
  }

  #failed(error: GatewayError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

function startWorker(workerData: WorkerOptions): Worker {
  const options: ThreadOptions = { workerData, name: 'history', execArgv: [], stdin: false };
  if (isSea()) return new Worker(getAsset('history-worker.cjs', 'utf8'), { ...options, eval: true });
  return new Worker(new URL('./worker.js', import.meta.url), options);
}

function unexpected(answer: WorkerAnswer): GatewayError {
  return historyError('HISTORY_FAILED', `the history gave the answer ${answer.kind} to another question`);
}

/** What the operator is told of a failure of SQLite or the system. */
function errorOf({ code, message }: Failure): GatewayError {
  const details = { code };
  switch (code) {
    case 'SQLITE_FULL':
    case 'ENOSPC':
    case 'EDQUOT':
      return historyError('HISTORY_FULL', 'the disk has no room for the history', { details });
    case 'HISTORY_NEWER':
      return historyError('HISTORY_NEWER', message, { details });
    default:
      return historyError('HISTORY_FAILED', `the history cannot be used: ${message}`, { details });
  }
}
