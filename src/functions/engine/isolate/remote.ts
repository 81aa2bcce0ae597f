/** Instances in another thread. They share one, until one of them has it ended: that one is alone from then on. */
import { type FunctionInstance, FunctionTrap, type Hook, type HostCalls } from '../../../core/function.js';
import type { Compiled } from '../instance.js';
import { FunctionThread, type Pending, type Resident, type Wreck } from './thread.js';

/** Threads that ended without a culprit, in a row, before their calls are given up. */
const MAX_FAILED_STARTS = 3;

let shared: FunctionThread | undefined;
let failedStarts = 0;
let lastNumber = 0;
const homes = new Map<Resident, FunctionThread>();

export class RemoteInstance implements FunctionInstance {
  readonly #resident: Resident;
  /** In the order in which they are answered. */
  readonly #pending = new Set<Pending>();
  #isDisposed = false;

  constructor(compiled: Compiled, host: HostCalls) {
    this.#resident = { number: ++lastNumber, compiled, host, figures: { fuelUsed: 0, memory: 0 } };
    settle(this.#resident, false);
  }

  call(): never {
    throw new TypeError('this function runs in another thread: use callAsync()');
  }

  callAsync(hook: Hook, frame: Buffer, signal?: AbortSignal): Promise<Buffer | undefined> {
    const { queue } = this.#resident.compiled.limits;
    if (this.#isDisposed) return Promise.reject(new TypeError('the instance is disposed'));
    if (signal?.aborted) return Promise.reject(new FunctionTrap('deadline', 'the call was given up'));
    const thread = homes.get(this.#resident) ?? settle(this.#resident, false);
    if (this.#pending.size >= queue) return Promise.reject(new FunctionTrap('host', `${queue} calls wait already`));
    return new Promise<Buffer | undefined>((resolve, reject) => {
      const abort = () => reject(new FunctionTrap('deadline', 'the call was given up'));
      const done = () => {
        this.#pending.delete(pending);
        signal?.removeEventListener('abort', abort);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const pending: Pending = {
        abandoned: undefined,
        isSent: false,
        resident: this.#resident,
        hook,
        frame: Buffer.from(frame),
        resolve: (answer) => {
          failedStarts = 0;
          done();
          resolve(answer);
        },
        reject: (trap) => {
          done();
          reject(trap);
        },
      };
      this.#pending.add(pending);
      thread.call(pending);
    });
  }

  /**
   * Of what is in the other thread, only that knows what has begun. Calls that wait (http) are asked back, and rejected when
   * it says so; of others the first may have begun, and all are run there all the same, and watched.
   */
  abandon(reason: Error): void {
    const { isAsync } = this.#resident.compiled;
    const [first] = this.#pending;
    let isAskedBack = false;
    for (const pending of this.#pending) {
      if (pending.isSent && !isAsync && pending === first) continue;
      pending.abandoned ??= reason;
      if (pending.isSent && isAsync) isAskedBack = true;
      else pending.reject(pending.abandoned);
    }
    if (isAskedBack) homes.get(this.#resident)?.drop(this.#resident);
  }

  get fuelUsed(): number {
    return this.#resident.figures.fuelUsed;
  }

  get memory(): number {
    return this.#resident.figures.memory;
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    const thread = homes.get(this.#resident);
    homes.delete(this.#resident);
    if (thread === undefined) return;
    thread.unload(this.#resident);
    if (!thread.isEmpty) return;
    if (thread === shared) shared = undefined;
    void thread.close();
  }
}

function settle(resident: Resident, isAlone: boolean): FunctionThread {
  let thread: FunctionThread;
  if (isAlone) thread = new FunctionThread(moveOut);
  else {
    shared ??= new FunctionThread(moveOut);
    thread = shared;
  }
  homes.set(resident, thread);
  thread.load(resident);
  return thread;
}

/** Finds other homes for those whose thread has ended, and makes their calls again that can be. */
function moveOut(thread: FunctionThread, { culprit, residents, repeatable }: Wreck): void {
  const wasShared = thread === shared;
  if (wasShared) shared = undefined;
  failedStarts = culprit === undefined ? failedStarts + 1 : 0;
  if (failedStarts >= MAX_FAILED_STARTS) {
    // Another is started when somebody calls.
    for (const resident of residents) homes.delete(resident);
  } else {
    for (const resident of residents) settle(resident, !wasShared || resident === culprit);
  }
  for (const pending of repeatable) {
    const home = homes.get(pending.resident);
    if (home !== undefined) home.call(pending);
    else pending.reject(new FunctionTrap('crashed', 'its thread ended, and the function is not loaded any more'));
  }
}
