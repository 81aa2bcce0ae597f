class Ring {
  #items;
  #next = 0;
  #size = 0;
  constructor(capacity) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError("capacity must be at least 1");
    this.#items = new Array(capacity);
  }
  get size() {
    return this.#size;
  }
  push(item) {
    this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#items.length;
    if (this.#size < this.#items.length) this.#size++;
  }
  /** Oldest first. */
  *[Symbol.iterator]() {
    const start = (this.#next - this.#size + this.#items.length) % this.#items.length;
    for (let i = 0; i < this.#size; i++) yield this.#items[(start + i) % this.#items.length];
  }
}
export {
  Ring
};
//# sourceMappingURL=ring.js.map
