import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import t from 'tap';
import type { WorkerAnswer, WorkerRequest } from '../../../src/store/protocol.js';
import { WorkerLink } from '../../../src/store/worker-link.js';

/** Answers `close`, and ends within the same turn: Node drains the port of a thread that ended before it tells of the end. */
class EndingWorker extends EventEmitter {
  readonly #isAnswering: boolean;

  constructor(isAnswering: boolean) {
    super();
    this.#isAnswering = isAnswering;
  }

  postMessage(request: WorkerRequest): void {
    setImmediate(() => {
      if (this.#isAnswering) this.emit('message', { kind: 'closed', id: request.id } satisfies WorkerAnswer);
      this.emit('exit', 0);
    });
  }

  terminate(): Promise<number> {
    return Promise.resolve(0);
  }
}

function linked(isAnswering: boolean) {
  const failures: string[] = [];
  const link = new WorkerLink(new EndingWorker(isAnswering) as unknown as Worker, '/nowhere', {
    onBatch: () => {},
    onFailed: ({ message }) => failures.push(message),
  });
  return { link, failures };
}

t.test('the end of a thread that was asked to close is no failure', async (t) => {
  const { link, failures } = linked(true);
  await link.close();
  t.strictSame(failures, []);
});

t.test('one that ends without an answer is', async (t) => {
  const { link, failures } = linked(false);
  await link.close();
  t.strictSame(failures, ['the worker of the store ended']);
});
