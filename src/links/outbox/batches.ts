/** Messages that are collected to leave in one packet, and batches that are made but not sent. */
import type { Clock } from '../../core/clock.js';
import type { GatewayError } from '../../core/errors.js';
import type { Message } from '../../core/message.js';
import { halve, type MessageBatcher } from '../batcher.js';
import type { Batch, Target } from '../route-types.js';
import type { Item } from './item.js';

export class Batches {
  readonly #batcher: MessageBatcher<Item>;
  readonly #clock: Clock;
  /** Made, and not sent; the first is next. */
  #made: Batch<Item>[] = [];
  /** All of them, collected or made. */
  readonly #items = new Set<Item>();
  #isHurried = false;

  constructor(batcher: MessageBatcher<Item>, clock: Clock) {
    this.#batcher = batcher;
    this.#clock = clock;
  }

  /** @returns why the message has no such form: it is not taken */
  add(target: Target, message: Message, item: Item): GatewayError | undefined {
    const fault = this.#batcher.add(target, message, item, this.#clock.monotonic());
    if (fault === undefined) this.#items.add(item);
    return fault;
  }

  next(): Batch<Item> | undefined {
    if (this.#items.size === 0) return undefined;
    const batch = this.#made.shift() ?? this.#batcher.next(this.#clock.monotonic(), this.#isHurried);
    for (const item of batch?.deliveries ?? []) this.#items.delete(item);
    return batch;
  }

  /** It could not be sent now. */
  putBack(batch: Batch<Item>): void {
    this.#made.unshift(batch);
    for (const item of batch.deliveries) this.#items.add(item);
  }

  /** The far side takes only smaller packets. @returns false: it has a single message */
  halve(batch: Batch<Item>): boolean {
    const halves = halve(batch);
    if (halves === undefined) return false;
    for (const half of halves.toReversed()) this.putBack(half);
    return true;
  }

  /** From now on nothing waits for company. */
  hurry(): void {
    this.#isHurried = true;
  }

  /** ms until {@link next} has something without another message; Infinity: nothing waits. */
  wait(): number {
    if (this.#items.size === 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#batcher.dueAt - this.#clock.monotonic());
  }

  /** Takes all of them out: the connection is gone. */
  clear(): readonly Item[] {
    const items = [...this.#items];
    this.#items.clear();
    this.#batcher.clear();
    this.#made = [];
    return items;
  }
}
