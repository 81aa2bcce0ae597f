import { setImmediate as turn } from "node:timers/promises";
class ManualClock {
  #monotonic = 0;
  #wall;
  #timers = /* @__PURE__ */ new Set();
  constructor(wall = Date.UTC(2026, 0, 1)) {
    this.#wall = wall;
  }
  now() {
    return this.#wall;
  }
  monotonic() {
    return this.#monotonic;
  }
  /** Timers that wait, for leak checks. */
  get pending() {
    return this.#timers.size;
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
      const onAbort = () => {
        timer.cancel();
        reject(signal?.reason);
      };
      const timer = this.after(ms, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }
  /** Moves time, firing each timer at its moment; promises and streams settle between two timers. */
  async advance(ms) {
    const end = this.#monotonic + ms;
    await settle();
    for (; ; ) {
      let next;
      for (const timer of this.#timers) if (timer.at <= end && (next === void 0 || timer.at < next.at)) next = timer;
      if (next === void 0) break;
      this.#timers.delete(next);
      this.#move(next.at);
      next.callback();
      await settle();
    }
    this.#move(end);
    await settle();
  }
  /** Only the wall clock jumps, as when NTP sets it. */
  setWall(unixMs) {
    this.#wall = unixMs;
  }
  #move(to) {
    this.#wall += to - this.#monotonic;
    this.#monotonic = to;
  }
}
async function settle() {
  for (let i = 0; i < 5; i++) await turn();
}
export {
  ManualClock,
  settle
};
//# sourceMappingURL=manual-clock.js.map
