class DropOldestQueue {
  #limits;
  #items = [];
  #head = 0;
  #bytes = 0;
  constructor(limits) {
    this.#limits = limits;
  }
  get size() {
    return this.#items.length - this.#head;
  }
  /** Of all items. */
  get bytes() {
    return this.#bytes;
  }
  /** What {@link shift} would take. */
  peek() {
    return this.#items[this.#head];
  }
  /** Takes all. */
  clear() {
    while (this.shift() !== void 0) ;
  }
  /** @returns how many were dropped for it: the oldest, or the item itself when the limit is 0 */
  push(item) {
    const { items, bytes, bytesOf } = this.#limits;
    this.#items.push(item);
    this.#bytes += bytesOf(item);
    let dropped = 0;
    for (; this.size > items || this.#bytes > bytes && this.size > 1; dropped++) this.shift();
    return dropped;
  }
  /** Takes out, in order, what `isWanted` says. */
  removeWhere(isWanted) {
    const { bytesOf, onRemoved } = this.#limits;
    const all = this.#items.slice(this.#head);
    const kept = [];
    this.#items = kept;
    this.#head = 0;
    for (const item of all) {
      if (!isWanted(item)) {
        kept.push(item);
        continue;
      }
      this.#bytes -= bytesOf(item);
      onRemoved?.(item);
    }
  }
  shift() {
    if (this.size === 0) return void 0;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = void 0;
    this.#bytes -= this.#limits.bytesOf(item);
    this.#limits.onRemoved?.(item);
    if (this.#head >= 64 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
export {
  DropOldestQueue
};
//# sourceMappingURL=queue.js.map
