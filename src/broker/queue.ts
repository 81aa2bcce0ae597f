/** First in, first out, limited in items and in bytes; the oldest go when full. */
export interface QueueLimits<T> {
  readonly items: number;
  /** One item alone may exceed it. */
  readonly bytes: number;
  readonly bytesOf: (item: T) => number;
  /** Told of each that leaves, taken or dropped. */
  readonly onRemoved?: (item: T) => void;
}

export class DropOldestQueue<T> {
  readonly #limits: QueueLimits<T>;
  /** Made with the first of them. */
  #items: (T | undefined)[] | undefined;
  #head = 0;
  #bytes = 0;

  constructor(limits: QueueLimits<T>) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#items === undefined ? 0 : this.#items.length - this.#head;
  }

  /** Of all items. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What {@link shift} would take. */
  peek(): T | undefined {
    return this.#items?.[this.#head];
  }

  /** Takes all. */
  clear(): void {
    while (this.shift() !== undefined);
  }

  /** @returns how many were dropped for it: the oldest, or the item itself when the limit is 0 */
  push(item: T): number {
    const { items, bytes, bytesOf } = this.#limits;
    this.#items ??= [];
    this.#items.push(item);
    this.#bytes += bytesOf(item);
    let dropped = 0;
    for (; this.size > items || (this.#bytes > bytes && this.size > 1); dropped++) this.shift();
    return dropped;
  }

  /** Takes out, in order, what `isWanted` says. */
  removeWhere(isWanted: (item: T) => boolean): void {
    if (this.#items === undefined) return;
    const { bytesOf, onRemoved } = this.#limits;
    const all = this.#items.slice(this.#head) as T[];
    const kept: T[] = [];
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

  shift(): T | undefined {
    if (this.#items === undefined || this.size === 0) return undefined;
    const item = this.#items[this.#head]!;
    this.#items[this.#head++] = undefined;
    this.#bytes -= this.#limits.bytesOf(item);
    this.#limits.onRemoved?.(item);
    if (this.#head >= 64 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
