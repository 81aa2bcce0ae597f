/**
 * The calls of one function, in order, over all its versions.
 *
 *   at once:   a module that does not wait, nothing before it under way
 *   later:     what waits (http, a worker); after a swap, behind what the old version still has
 */
import type { FunctionInstance, FunctionModule, Hook } from '../core/function.js';
import { FunctionTrap } from '../core/function.js';
import { Abandoned, Failure, type Outcome } from './failure.js';

/** One version that can be called. */
export interface Running {
  readonly module: FunctionModule;
  readonly instance: FunctionInstance;
  /** Calls that it has not answered. */
  pending: number;
  /** Another one has taken its place: it is closed with its last answer. */
  isOver: boolean;
}

export class SlotCalls {
  readonly #queue: number;
  readonly #onBug: (error: unknown) => void;
  #pending = 0;
  /** Until everything that was called has its answer; never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  /** Resolves when the version before has answered everything. */
  #gate: Promise<unknown> | undefined;
  /** Calls go one by one: what one publishes is told from what the next one does. */
  #isSerial = false;
  /** What became of all that waited, and how often it did. */
  #abandoned: { readonly count: number; readonly failure: Failure | undefined } = { count: 0, failure: undefined };

  /** @param queue - calls that may wait */
  constructor(queue: number, onBug: (error: unknown) => void) {
    this.#queue = queue;
    this.#onBug = onBug;
  }

  get pending(): number {
    return this.#pending;
  }

  /** A version takes the place of another. */
  swapped(to: Running): void {
    this.#isSerial = to.module.needs.has('publish');
    if (this.#pending === 0) return;
    const gate = this.#last;
    this.#gate = gate;
    // Whoever waits at it goes first.
    void gate.then(() =>
      setImmediate(() => {
        if (this.#gate === gate) this.#gate = undefined;
      }),
    );
  }

  /**
   * @param frame - copied where the call is made later
   * @param before - called in the same turn before the module runs, `after` when it has answered
   */
  call(
    running: Running,
    hook: Hook,
    frame: Buffer,
    before: () => void,
    after: (outcome: Outcome) => Outcome,
  ): Outcome | Promise<Outcome> {
    const { isAsync } = running.module;
    if (!isAsync && this.#pending === 0) {
      before();
      return after(this.#now(running.instance, hook, frame));
    }
    if (this.#pending >= this.#queue) return new Failure('queue', `${this.#pending} calls wait already`);
    this.#pending++;
    running.pending++;
    const own = Buffer.from(frame);
    const { count } = this.#abandoned;
    const make = (): Outcome | Promise<Outcome> => {
      if (this.#abandoned.count !== count) return this.#abandoned.failure;
      before();
      return isAsync ? this.#later(running.instance, hook, own) : this.#now(running.instance, hook, own);
    };
    const wait = isAsync && !this.#isSerial ? this.#gate : this.#last;
    const outcome = (wait === undefined ? Promise.resolve(make()) : wait.then(make)).then((answer) => {
      this.#pending--;
      running.pending--;
      const result = after(answer);
      if (running.isOver && running.pending === 0) running.instance[Symbol.dispose]();
      return result;
    });
    // What is abandoned has its answer before what runs.
    this.#last = this.#last.then(() => outcome);
    return outcome;
  }

  /** What waits, and has not begun, ends in this. */
  abandon(running: Running, failure: Failure): void {
    this.#abandoned = { count: this.#abandoned.count + 1, failure };
    running.instance.abandon(new Abandoned(failure));
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#pending > 0) await this.#last;
  }

  #now(instance: FunctionInstance, hook: Hook, frame: Buffer): Outcome {
    try {
      return instance.call(hook, frame);
    } catch (error) {
      return this.#failure(error);
    }
  }

  async #later(instance: FunctionInstance, hook: Hook, frame: Buffer): Promise<Outcome> {
    try {
      return await instance.callAsync(hook, frame);
    } catch (error) {
      return this.#failure(error);
    }
  }

  #failure(error: unknown): Failure {
    if (error instanceof Abandoned) return error.failure;
    if (error instanceof FunctionTrap) return new Failure(error.trap, error.message);
    this.#onBug(error);
    return new Failure('host', error instanceof Error ? error.message : String(error));
  }
}
