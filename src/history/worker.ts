/** The worker of the history: the only one who touches its file. One request at a time; what is written is one transaction. */
import { existsSync, mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { failureOf, isDamage } from '../store/failure.js';
import { HistoryDatabase } from './database.js';
import type { FileFigures, WorkerAnswer, WorkerOptions, WorkerRequest } from './protocol.js';
import { query } from './query.js';
import { Retention } from './retention.js';

const options = workerData as WorkerOptions;
const { file } = options;
const port = parentPort!;

class HistoryWorker {
  #history: HistoryDatabase;
  #retention: Retention;
  /** Told with the next answer. */
  #setAside: string | undefined;

  constructor() {
    mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
    try {
      this.#history = new HistoryDatabase(file);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#setAside = setAside();
      this.#history = new HistoryDatabase(file);
    }
    this.#retention = new Retention(this.#history, options);
    port.postMessage({
      kind: 'opened',
      figures: this.#figures(Date.now()),
      setAside: this.#takeSetAside(),
    } satisfies WorkerAnswer);
    port.on('message', (request: WorkerRequest) => port.postMessage(this.#answer(request)));
  }

  #answer(request: WorkerRequest): WorkerAnswer {
    const { id } = request;
    try {
      return this.#try(request);
    } catch (error) {
      if (!isDamage(error)) return { kind: 'failed', id, failure: failureOf(error) };
      try {
        this.#beginAnew();
        return this.#try(request);
      } catch (again) {
        return { kind: 'failed', id, failure: failureOf(again) };
      }
    }
  }

  #try(request: WorkerRequest): WorkerAnswer {
    const { id } = request;
    switch (request.kind) {
      case 'write': {
        // First what makes room; and what fails then leaves nothing half done, for the whole is asked for again.
        this.#retention.apply(request.now);
        refuseFullDisk();
        this.#history.write(request.samples);
        return { kind: 'written', id, figures: this.#figures(request.now), setAside: this.#takeSetAside() };
      }
      case 'query':
        return { kind: 'rows', id, rows: query(this.#history, request.query) };
      case 'list':
        return { kind: 'series', id, series: this.#history.list() };
      case 'close':
        this.#history.close();
        port.close();
        return { kind: 'closed', id };
    }
  }

  #beginAnew(): void {
    this.#history.close();
    this.#setAside = setAside();
    this.#history = new HistoryDatabase(file);
    this.#retention = new Retention(this.#history, options);
  }

  #takeSetAside(): string | undefined {
    const name = this.#setAside;
    this.#setAside = undefined;
    return name;
  }

  #figures(now: number): FileFigures {
    return {
      series: this.#history.seriesCount,
      bytes: this.#history.fileBytes(),
      shortened: this.#retention.shortened(now),
    };
  }
}

/** @returns the name that the damaged file has now */
function setAside(): string {
  const aside = `${file}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`;
  renameSync(file, aside);
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${aside}-wal`);
  rmSync(`${file}-shm`, { force: true });
  return basename(aside);
}

function refuseFullDisk(): void {
  const { bytes, share } = options.minFree;
  const { bavail, blocks, bsize } = statfsSync(dirname(file));
  if (bavail * bsize >= bytes + share * blocks * bsize) return;
  throw Object.assign(new Error(`less is free on the disk than store.minFree`), { code: 'ENOSPC' });
}

new HistoryWorker();
