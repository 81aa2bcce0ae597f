const QUIET = 1e4;
class BurstLog {
  #clock;
  #log;
  #what;
  #bursts = /* @__PURE__ */ new Map();
  #timer;
  /** @param what - the message, such as `connections refused` */
  constructor(clock, log, what) {
    this.#clock = clock;
    this.#log = log;
    this.#what = what;
  }
  report(reason, fields) {
    const now = this.#clock.monotonic();
    const burst = this.#bursts.get(reason);
    if (burst !== void 0) {
      burst.count++;
      burst.lastAt = now;
      return;
    }
    this.#bursts.set(reason, { count: 1, lastAt: now });
    this.#log.warn({ reason, ...fields }, this.#what);
    this.#timer ??= this.#clock.after(QUIET, () => this.#look());
  }
  [Symbol.dispose]() {
    this.#timer?.cancel();
    for (const reason of this.#bursts.keys()) this.#end(reason);
  }
  #look() {
    const now = this.#clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const [reason, { lastAt }] of this.#bursts) {
      if (now - lastAt >= QUIET) this.#end(reason);
      else next = Math.min(next, lastAt + QUIET);
    }
    this.#timer = this.#bursts.size === 0 ? void 0 : this.#clock.after(next - now, () => this.#look());
  }
  #end(reason) {
    const count = this.#bursts.get(reason)?.count ?? 0;
    this.#bursts.delete(reason);
    if (count > 1) this.#log.warn({ reason, count }, `${this.#what}: over`);
  }
}
export {
  BurstLog
};
//# sourceMappingURL=burst-log.js.map
