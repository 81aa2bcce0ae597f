/** First in, first out, with a limit; the oldest goes when full. */
export class DropOldestQueue<T> {
  readonly #limit: number;
  #items: (T | undefined)[] = [];
  #head = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** @returns whether something was dropped for it: the oldest, or the item itself when the limit is 0 */
  push(item: T): boolean {
    if (this.#limit === 0) return true;
    const isFull = this.size >= this.#limit;
    if (isFull) this.shift();
    this.#items.push(item);
    return isFull;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head >= 64 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
