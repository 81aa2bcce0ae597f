/**
 * The calls of one function, in order, over all its versions.
 *
 *   at once:   a module that does not wait, nothing before it under way
 *   later:     what waits (http, a worker); after a swap, behind what the old version still has
 *   hung:      where an old version lets a deadline pass, what it has not begun goes to the one that runs
 */
import type { Clock } from '../core/clock.js';
import type { FunctionInstance, FunctionModule, Hook } from '../core/function.js';
import { FunctionTrap } from '../core/function.js';
import type { Allowance } from './allowance.js';
import { Abandoned, Failure, type Outcome } from './failure.js';

/** One version that can be called. */
export interface Running {
  readonly module: FunctionModule;
  readonly instance: FunctionInstance;
  readonly allowance: Allowance;
  /** Calls that it has not answered. */
  pending: number;
  /** Another one has taken its place: it is closed with its last answer. */
  isOver: boolean;
  /** As it was closing it let a deadline pass. */
  isHung?: boolean;
}

export interface SlotCallsOptions {
  /** Calls that may wait. */
  readonly queue: number;
  readonly clock: Clock;
  onBug(error: unknown): void;
}

/** At the end, time for what is under way, ms. */
const CLOSE_TIME = 2_000;

/** It tells a call that it is to be made again, by the version that runs now. */
const moved = new Error('another version runs');

export class SlotCalls {
  readonly #o: SlotCallsOptions;
  /** What calls go to. */
  #current: Running | undefined;
  /** Versions before it that have calls to answer. */
  readonly #leaving = new Set<Running>();
  #pending = 0;
  /** Until everything that was called has its answer; never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  /** Resolves when the version before has answered everything. */
  #gate: Promise<unknown> | undefined;
  /** Calls go one by one: what one publishes is told from what the next one does. */
  #isSerial = false;
  /** What became of all that waited, and how often it did. */
  #abandoned: { readonly count: number; readonly failure: Failure | undefined } = { count: 0, failure: undefined };

  constructor(options: SlotCallsOptions) {
    this.#o = options;
  }

  get pending(): number {
    return this.#pending;
  }

  /** A version takes the place of another, between two calls. */
  swapped(to: Running): void {
    this.#isSerial = to.module.needs.has('publish');
    const old = this.#current;
    this.#current = to;
    if (old !== undefined) this.#leave(old);
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
    before: (by: Running) => void,
    after: (outcome: Outcome, by: Running) => Outcome,
  ): Outcome | Promise<Outcome> {
    const { isAsync } = running.module;
    if (!isAsync && this.#pending === 0) {
      before(running);
      return after(this.#now(running.instance, hook, frame), running);
    }
    if (this.#pending >= this.#o.queue) return new Failure('queue', `${this.#pending} calls wait already`);
    this.#pending++;
    running.pending++;
    let by = running;
    const own = Buffer.from(frame);
    const { count } = this.#abandoned;
    const inFront = this.#last;
    const make = (): Outcome | Promise<Outcome> => {
      if (this.#abandoned.count !== count) return this.#abandoned.failure;
      if (by.isHung === true) return again();
      before(by);
      return by.module.isAsync ? this.#later(by, hook, own, again) : this.#now(by.instance, hook, own);
    };
    const again = async (): Promise<Outcome> => {
      await inFront;
      const next = this.#current;
      if (next === undefined) return new Failure('down', 'the gateway is stopping');
      next.pending++;
      this.#left(by);
      by = next;
      return make();
    };
    const wait = isAsync && !this.#isSerial ? this.#gate : inFront;
    const outcome = (wait === undefined ? Promise.resolve(make()) : wait.then(make)).then((answer) => {
      this.#pending--;
      const result = after(answer, by);
      this.#left(by);
      return result;
    });
    // What is abandoned has its answer before what runs.
    this.#last = inFront.then(() => outcome);
    return outcome;
  }

  /** What waits, and has not begun, ends in this. */
  abandon(failure: Failure): void {
    this.#abandoned = { count: this.#abandoned.count + 1, failure };
    for (const one of [...this.#leaving, this.#current]) one?.instance.abandon(new Abandoned(failure));
  }

  /** Waits for what is under way, and no longer than is good for a stop; then all versions are closed. */
  async end(failure: Failure): Promise<void> {
    const late = Promise.withResolvers<void>();
    using _timer = this.#o.clock.after(CLOSE_TIME, late.resolve);
    if (this.#pending > 0) await Promise.race([this.#idle(), late.promise]);
    this.abandon(failure);
    for (const one of this.#leaving) one.instance[Symbol.dispose]();
    this.#leaving.clear();
    this.#current?.instance[Symbol.dispose]();
    this.#current = undefined;
  }

  /** Resolves when nothing is under way. */
  async #idle(): Promise<void> {
    while (this.#pending > 0) await this.#last;
  }

  #leave(old: Running): void {
    old.isOver = true;
    if (old.pending === 0) old.instance[Symbol.dispose]();
    else this.#leaving.add(old);
  }

  /** It has answered one call, or another one does. */
  #left(one: Running): void {
    one.pending--;
    if (one.pending === 0 && this.#leaving.delete(one)) one.instance[Symbol.dispose]();
  }

  #now(instance: FunctionInstance, hook: Hook, frame: Buffer): Outcome {
    try {
      return instance.call(hook, frame);
    } catch (error) {
      return this.#failure(error);
    }
  }

  async #later(by: Running, hook: Hook, frame: Buffer, again: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await by.instance.callAsync(hook, frame);
    } catch (error) {
      if (error === moved) return again();
      const failure = this.#failure(error);
      // At once: in a moment it begins its next call.
      if (by.isOver && failure.cause === 'deadline') {
        by.isHung = true;
        by.instance.abandon(moved);
      }
      return failure;
    }
  }

  #failure(error: unknown): Failure {
    if (error instanceof Abandoned) return error.failure;
    if (error instanceof FunctionTrap) return new Failure(error.trap, error.message);
    this.#o.onBug(error);
    return new Failure('host', error instanceof Error ? error.message : String(error));
  }
}
