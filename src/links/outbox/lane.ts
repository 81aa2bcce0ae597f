/** Items in order, the next of them first. */
import type { Item } from './item.js';

/** The array is cut when this many of its first places are empty. */
const SLACK = 256;

export class Lane {
  #items: (Item | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #backlog = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** As they are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many of them have waited for the far side. */
  get backlog(): number {
    return this.#backlog;
  }

  peek(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#bytes += item.stored.bytes;
    if (item.isBacklog) this.#backlog++;
  }

  shift(): Item | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    this.#bytes -= item.stored.bytes;
    if (item.isBacklog) this.#backlog--;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head > SLACK && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes all of them out, in order. */
  takeAll(): readonly Item[] {
    const items = this.#items.slice(this.#head) as Item[];
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#backlog = 0;
    return items;
  }

  /** Takes out those with such a sequence. */
  remove(first: number, last: number): readonly Item[] {
    const removed: Item[] = [];
    for (const item of this.takeAll()) {
      if (item.stored.sequence < first || item.stored.sequence > last) this.push(item);
      else removed.push(item);
    }
    return removed;
  }
}
