class Scope {
  #controller = new AbortController();
  #closers = [];
  #tasks = /* @__PURE__ */ new Set();
  #onError;
  #closing;
  /** @param onError - told of every task that fails for another reason than the end of the scope */
  constructor(onError) {
    this.#onError = onError;
  }
  get signal() {
    return this.#controller.signal;
  }
  /** Runs something that nobody awaits: its failure is reported, and close() waits for its end. */
  run(task) {
    if (this.signal.aborted) return;
    const promise = task(this.signal).catch((error) => {
      if (!(this.signal.aborted && (error === this.signal.reason || error?.name === "AbortError"))) {
        this.#onError(error);
      }
    }).finally(() => this.#tasks.delete(promise));
    this.#tasks.add(promise);
  }
  /** Called at the end, last added first. */
  defer(close) {
    this.#closers.push(close);
  }
  use(resource) {
    this.defer(
      () => Symbol.asyncDispose in resource ? Promise.resolve(resource[Symbol.asyncDispose]()) : resource[Symbol.dispose]()
    );
    return resource;
  }
  /** Aborts the signal, closes in reverse order, waits for the tasks. All steps run; failures come as one AggregateError. */
  [Symbol.asyncDispose]() {
    this.#closing ??= this.#close();
    return this.#closing;
  }
  async #close() {
    this.#controller.abort();
    const errors = [];
    for (const close of this.#closers.reverse()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    await Promise.all(this.#tasks);
    if (errors.length > 0) throw new AggregateError(errors, "could not close cleanly");
  }
}
export {
  Scope
};
//# sourceMappingURL=scope.js.map
