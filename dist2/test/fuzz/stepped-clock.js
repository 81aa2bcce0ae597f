class SteppedClock {
  #start = Date.UTC(2026, 0, 1);
  #monotonic = 0;
  #timers = /* @__PURE__ */ new Set();
  get pending() {
    return this.#timers.size;
  }
  now() {
    return this.#start + this.#monotonic;
  }
  monotonic() {
    return this.#monotonic;
  }
  after(ms, callback) {
    const timer = { at: this.#monotonic + Math.max(0, ms), callback };
    this.#timers.add(timer);
    const cancel = () => void this.#timers.delete(timer);
    return { cancel, [Symbol.dispose]: cancel };
  }
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = this.after(ms, resolve);
      signal?.addEventListener("abort", () => {
        timer.cancel();
        reject(signal.reason);
      });
    });
  }
  /** Fires what is due by then, in order. What that starts waits for the next step. */
  advance(ms) {
    this.#monotonic += ms;
    const due = [...this.#timers].filter(({ at }) => at <= this.#monotonic).sort((a, b) => a.at - b.at);
    for (const timer of due) if (this.#timers.delete(timer)) timer.callback();
  }
}
export {
  SteppedClock
};
//# sourceMappingURL=stepped-clock.js.map
