/** The worker of the history: the only one who touches its file. One request at a time; what is written is one transaction. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { failureOf, isDamage } from '../store/failure.js';
import { HistoryDatabase } from './database.js';
import type { Batch, Failure, FileFigures, WorkerAnswer, WorkerOptions, WorkerRequest } from './protocol.js';
import { query } from './query.js';
import { Retention } from './retention.js';
import { Settler } from './settler.js';

/** Of free pages within the file that do for a batch when the disk is full, bytes. */
const ROOM_WITHIN = 4 * 1024 * 1024;

const options = workerData as WorkerOptions;
const { file } = options;
const port = parentPort!;

interface Open {
  readonly history: HistoryDatabase;
  readonly retention: Retention;
  readonly settler: Settler;
}

class HistoryWorker {
  #open: Open;
  /** Told with the next answer. */
  #setAside: string | undefined;

  constructor() {
    mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
    try {
      this.#open = open();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#setAside = setAside();
      this.#open = open();
    }
    const opened = { kind: 'opened', figures: this.#figures(Date.now()), setAside: this.#takeSetAside() } as const;
    port.postMessage(opened satisfies WorkerAnswer);
    port.on('message', (request: WorkerRequest) => {
      port.postMessage(this.#answer(request));
      if (request.kind === 'close') port.close();
    });
  }

  #answer(request: WorkerRequest): WorkerAnswer {
    const { id } = request;
    try {
      return this.#try(request);
    } catch (error) {
      // A page that only a question met stays: what is recorded may never need it.
      if (request.kind !== 'write' || !isDamage(error)) return { kind: 'failed', id, failure: failureOf(error) };
    }
    // A failure here ends the worker, and the next one begins with what it finds.
    this.#beginAnew();
    return this.#try(request);
  }

  #try(request: WorkerRequest): WorkerAnswer {
    const { id } = request;
    const { history } = this.#open;
    switch (request.kind) {
      case 'write':
        return {
          kind: 'written',
          id,
          trouble: this.#write(request.batch),
          figures: this.#figures(request.batch.now),
          setAside: this.#takeSetAside(),
        };
      case 'query':
        return { kind: 'rows', id, rows: query(history, request.query) };
      case 'list':
        return { kind: 'series', id, series: history.list() };
      case 'close':
        history.close();
        return { kind: 'closed', id };
    }
  }

  /** @returns what failed beside the samples, which are written: it is tried again with the next */
  #write({ name, samples, now, isTimeKnown, corrections }: Batch): Failure | undefined {
    const { history, retention, settler } = this.#open;
    const trouble = attempt(() => retention.makeRoom());
    refuseFullDisk(history);
    if (samples.length === 0) history.sync();
    settler.wrote(history.write(samples, name));
    const tidying = attempt(() => {
      // A time that is not yet right must not be the reason why a sample goes.
      const isCorrected = settler.correct(corrections);
      settler.settleWhenDue();
      if (isTimeKnown && isCorrected) retention.removeOld(now);
    });
    return trouble ?? tidying;
  }

  #beginAnew(): void {
    this.#open.history.close();
    this.#setAside = setAside();
    this.#open = open();
  }

  #takeSetAside(): string | undefined {
    const name = this.#setAside;
    this.#setAside = undefined;
    return name;
  }

  #figures(now: number): FileFigures {
    const { history, retention } = this.#open;
    return {
      series: history.seriesCount,
      bytes: history.fileBytes(),
      shortened: retention.shortened(now),
      heldUntil: retention.heldUntil,
    };
  }
}

/** A damaged file is for the caller. */
function attempt(work: () => void): Failure | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (isDamage(error)) throw error;
    return failureOf(error);
  }
}

function open(): Open {
  const history = new HistoryDatabase(file);
  try {
    return { history, retention: new Retention(history, options), settler: new Settler(history) };
  } catch (error) {
    history.close();
    throw error;
  }
}

/** One damaged file is kept: more would fill the disk. @returns the name that it has now */
function setAside(): string {
  const folder = dirname(file);
  const prefix = `${basename(file)}.damaged-`;
  for (const name of readdirSync(folder)) if (name.startsWith(prefix)) rmSync(join(folder, name), { force: true });
  const aside = `${file}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`;
  renameSync(file, aside);
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${aside}-wal`);
  rmSync(`${file}-shm`, { force: true });
  return basename(aside);
}

function refuseFullDisk(history: HistoryDatabase): void {
  const { bytes, share } = options.minFree;
  const { bavail, blocks, bsize } = statfsSync(dirname(file));
  if (bavail * bsize >= bytes + share * blocks * bsize || history.pages().free >= ROOM_WITHIN) return;
  throw Object.assign(new Error(`less is free on the disk than store.minFree`), { code: 'ENOSPC' });
}

new HistoryWorker();
