class FairQueue {
  #lanes = /* @__PURE__ */ new Map();
  #limit;
  #size = 0;
  /** @param limit - most items in one lane; a push beyond it is refused */
  constructor(limit) {
    this.#limit = limit;
  }
  get size() {
    return this.#size;
  }
  /** @returns false when the lane is full and nothing was added */
  push(key, item) {
    const lane = this.#lanes.get(key);
    if (lane === void 0) this.#lanes.set(key, [item]);
    else if (lane.length >= this.#limit) return false;
    else lane.push(item);
    this.#size++;
    return true;
  }
  /** Of the lanes that are not empty. */
  keys() {
    return this.#lanes.keys();
  }
  /**
   * The first item of the lane whose turn it is; that lane then goes to the end of the round.
   *
   * @param isReady - a lane that is not keeps its place, the next one has its turn
   */
  shift(isReady = () => true) {
    for (const [key, lane] of this.#lanes) {
      if (!isReady(key)) continue;
      const item = lane.shift();
      this.#lanes.delete(key);
      if (lane.length > 0) this.#lanes.set(key, lane);
      this.#size--;
      return item;
    }
    return void 0;
  }
  /** @returns whether the item was there */
  remove(key, item) {
    const lane = this.#lanes.get(key);
    const index = lane?.indexOf(item) ?? -1;
    if (lane === void 0 || index < 0) return false;
    lane.splice(index, 1);
    if (lane.length === 0) this.#lanes.delete(key);
    this.#size--;
    return true;
  }
  /** Takes out a lane. */
  drain(key) {
    const lane = this.#lanes.get(key) ?? [];
    this.#lanes.delete(key);
    this.#size -= lane.length;
    return lane;
  }
  /** Takes out everything. */
  drainAll() {
    const all = [...this.#lanes.values()].flat();
    this.#lanes.clear();
    this.#size = 0;
    return all;
  }
}
export {
  FairQueue
};
//# sourceMappingURL=fair-queue.js.map
