/** Requests to the worker and its answers. The worker answers in order, so what was posted before is visible to what is asked. */
import type { Worker } from 'node:worker_threads';
import type { GatewayError } from '../core/errors.js';
import type { LabelFilter, Surveyed } from '../core/store.js';
import { readEntries } from './entries.js';
import { storeError } from './errors.js';
import type { DiskFigures, Failure, ReadEntry, WorkerAnswer, WorkerRequest } from './protocol.js';

export type BatchAnswer = Extract<WorkerAnswer, { kind: 'committed' | 'refused' }>;

export interface WorkerEvents {
  onBatch(answer: BatchAnswer): void;
  /** The worker is gone: nothing will be answered any more. */
  onFailed(cause: Error): void;
}

type Asked = Exclude<WorkerRequest, { kind: 'batch' }>;
type Without<T> = T extends unknown ? Omit<T, 'id'> : never;

export class WorkerLink {
  readonly #worker: Worker;
  readonly #folder: string;
  readonly #pending = new Map<number, { resolve(answer: WorkerAnswer): void; reject(error: unknown): void }>();
  #nextId = 1;
  #isClosed = false;

  /** @param worker - that has said `opened` */
  constructor(worker: Worker, folder: string, events: WorkerEvents) {
    this.#worker = worker;
    this.#folder = folder;
    const failed = (cause: Error) => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      events.onFailed(cause);
      for (const { reject } of this.#pending.values()) reject(storeError('STORE_FAILED', cause.message, { cause }));
      this.#pending.clear();
    };
    worker.removeAllListeners('exit').removeAllListeners('error');
    worker.on('message', (answer: WorkerAnswer) => {
      if (answer.kind === 'committed' || answer.kind === 'refused') events.onBatch(answer);
      else if (answer.kind !== 'opened' && answer.kind !== 'notOpened') this.#answered(answer.id, answer);
      // Its end may follow within the same turn: before whoever asked for it goes on.
      if (answer.kind === 'closed') this.#isClosed = true;
    });
    worker.on('error', failed);
    worker.on('exit', () => failed(new Error('the worker of the store ended')));
  }

  /** Its answer comes as {@link WorkerEvents.onBatch}. */
  post(bytes: ArrayBuffer, length: number): void {
    if (this.#isClosed) return;
    this.#worker.postMessage({ kind: 'batch', id: this.#nextId++, bytes, length } satisfies WorkerRequest, [bytes]);
  }

  async read(
    receiver: number,
    after: number,
    messages: number,
    only: LabelFilter | undefined,
  ): Promise<readonly ReadEntry[]> {
    return this.#entries(await this.#ask({ kind: 'read', receiver, after, messages, only }));
  }

  async survey(receiver: number, after: number, messages: number): Promise<readonly Surveyed[]> {
    const answer = await this.#ask({ kind: 'survey', receiver, after, messages });
    if (answer.kind !== 'surveyed') throw unexpected(answer);
    if (answer.failure !== undefined) throw failureError(this.#folder, answer.failure);
    return answer.labels;
  }

  async readReleased(receiver: number, upTo: number, after: number, messages: number): Promise<readonly ReadEntry[]> {
    return this.#entries(await this.#ask({ kind: 'readReleased', receiver, upTo, after, messages }));
  }

  #entries(answer: WorkerAnswer): readonly ReadEntry[] {
    if (answer.kind !== 'entries') throw unexpected(answer);
    if (answer.failure !== undefined && answer.slabs.length === 0) throw failureError(this.#folder, answer.failure);
    return readEntries(answer.slabs);
  }

  async dropOldest(
    receiver: number,
    spared: number,
    sentTo: number,
    messages: number,
  ): Promise<{ messages: number; bytes: number }> {
    const answer = await this.#ask({ kind: 'dropOldest', receiver, spared, sentTo, messages });
    if (answer.kind !== 'dropped') throw unexpected(answer);
    if (answer.failure !== undefined) throw failureError(this.#folder, answer.failure);
    return { messages: answer.messages, bytes: answer.bytes };
  }

  async disk(): Promise<DiskFigures> {
    const answer = await this.#ask({ kind: 'disk' });
    if (answer.kind !== 'disk') throw unexpected(answer);
    return answer.disk;
  }

  /** What was posted before is written first. */
  async close(): Promise<void> {
    if (!this.#isClosed) await this.#ask({ kind: 'close' }).catch(() => {});
    this.#isClosed = true;
    await this.#worker.terminate();
  }

  #ask(request: Without<Asked>): Promise<WorkerAnswer> {
    if (this.#isClosed) return Promise.reject(storeError('STORE_FAILED', 'the store is closed'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id });
    });
  }

  #answered(id: number, answer: WorkerAnswer): void {
    const waiting = this.#pending.get(id);
    this.#pending.delete(id);
    waiting?.resolve(answer);
  }
}

function unexpected(answer: WorkerAnswer): GatewayError {
  return storeError('STORE_FAILED', `the store gave the answer ${answer.kind} to another question`);
}

/** What the operator is told of a failure of SQLite or the system. */
export function failureError(folder: string, { code, message }: Failure): GatewayError {
  const options = { details: { folder, code } };
  switch (code) {
    case 'SQLITE_FULL':
    case 'ENOSPC':
    case 'EDQUOT':
      return storeError('STORE_FULL', `the disk of ${folder} is full`, options);
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return storeError('STORE_READ_ONLY', `${folder} cannot be written`, options);
    case 'SQLITE_BUSY':
      return storeError('STORE_IN_USE', `${folder} is in use by another process`, options);
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
      return storeError('STORE_DAMAGED', `the store is damaged: ${message}`, options);
    case 'STORE_NEWER':
      return storeError('STORE_NEWER', message, options);
    case 'NO_BACKUP':
      return storeError('STORE_FULL', message, options);
    default:
      return storeError('STORE_FAILED', `the store cannot write: ${message}`, options);
  }
}
