/** A lifetime: an abort signal, the tasks that run in it, and what is to be closed, in reverse order, at its end. */
export class Scope implements AsyncDisposable {
  readonly #controller = new AbortController();
  readonly #closers: (() => void | Promise<void>)[] = [];
  readonly #tasks = new Set<Promise<void>>();
  readonly #onError: (error: unknown) => void;
  #closing: Promise<void> | undefined;

  /** @param onError - told of every task that fails for another reason than the end of the scope */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Runs something that nobody awaits: its failure is reported, and close() waits for its end. */
  run(task: (signal: AbortSignal) => Promise<void>): void {
    if (this.signal.aborted) return;
    const promise = task(this.signal)
      .catch((error: unknown) => {
        if (!(this.signal.aborted && (error === this.signal.reason || (error as Error)?.name === 'AbortError'))) {
          this.#onError(error);
        }
      })
      .finally(() => this.#tasks.delete(promise));
    this.#tasks.add(promise);
  }

  /** Called at the end, last added first. */
  defer(close: () => void | Promise<void>): void {
    this.#closers.push(close);
  }

  use<T extends Disposable | AsyncDisposable>(resource: T): T {
    this.defer(() =>
      Symbol.asyncDispose in resource ? Promise.resolve(resource[Symbol.asyncDispose]()) : resource[Symbol.dispose](),
    );
    return resource;
  }

  /** Aborts the signal, closes in reverse order, waits for the tasks. All steps run; failures come as one AggregateError. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#controller.abort();
    const errors: unknown[] = [];
    for (const close of this.#closers.reverse()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    await Promise.all(this.#tasks);
    if (errors.length > 0) throw new AggregateError(errors, 'could not close cleanly');
  }
}
