const THREADS = 2;
const WAITING_EACH = 128;
const WAITING = 4096;
class HashingQueue {
  /** In turn: an address that was served goes to the end. */
  #lanes = /* @__PURE__ */ new Map();
  #running = 0;
  #waiting = 0;
  /**
   * @param address - whose turn it is
   * @param task - asks for a key; must not reject
   * @returns undefined when too many wait already, of this address or in all
   */
  run(address, task) {
    const lane = this.#lanes.get(address) ?? { waiting: [], isRunning: false };
    if (lane.waiting.length >= WAITING_EACH || this.#waiting >= WAITING) return void 0;
    this.#lanes.set(address, lane);
    return new Promise((resolve, reject) => {
      lane.waiting.push({ run: () => task().then(resolve, reject) });
      this.#waiting++;
      this.#next();
    });
  }
  /** Waiting or running. */
  get size() {
    return this.#waiting + this.#running;
  }
  #next() {
    for (const [address, lane] of this.#lanes) {
      if (this.#running >= THREADS) return;
      const job = lane.isRunning ? void 0 : lane.waiting.shift();
      if (job === void 0) continue;
      this.#waiting--;
      this.#running++;
      lane.isRunning = true;
      this.#lanes.delete(address);
      this.#lanes.set(address, lane);
      void job.run().finally(() => {
        this.#running--;
        lane.isRunning = false;
        if (lane.waiting.length === 0) this.#lanes.delete(address);
        this.#next();
      });
    }
  }
}
export {
  HashingQueue
};
//# sourceMappingURL=hashing.js.map
