class Bell {
  #clock;
  #ring;
  constructor(clock) {
    this.#clock = clock;
  }
  /** @param ms - wait at most this long; for ever when absent */
  wait(ms) {
    return new Promise((resolve) => {
      const done = () => {
        timer?.cancel();
        this.#ring = void 0;
        resolve();
      };
      const timer = ms === void 0 ? void 0 : this.#clock.after(ms, done);
      this.#ring = done;
    });
  }
  ring() {
    this.#ring?.();
  }
}
function settles(clock, ms, promise) {
  return new Promise((resolve) => {
    const timer = clock.after(ms, () => resolve(false));
    const done = () => {
      timer.cancel();
      resolve(true);
    };
    promise.then(done, done);
  });
}
function orAborted(promise, signal) {
  if (signal.aborted) {
    promise.catch(() => {
    });
    return Promise.reject(signal.reason);
  }
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const done = () => signal.removeEventListener("abort", onAbort);
    promise.then(
      (value) => {
        done();
        resolve(value);
      },
      (error) => {
        done();
        reject(error);
      }
    );
  });
}
export {
  Bell,
  orAborted,
  settles
};
//# sourceMappingURL=wait.js.map
