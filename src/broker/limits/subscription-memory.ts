/**
 * What the subscriptions of all sessions together may keep: a filter may have 65,535 bytes or 200 levels, each of which is a
 * node in the tree, a session a thousand filters, and a client as many sessions as it thinks of Client Identifiers.
 */
import type { Subscription } from '../../core/router.js';
import { NODE_BYTES } from '../tree-bytes.js';

/** Measured, roughly: the subscription itself and its entries in session and tree. */
const ENTRY_BYTES = 512;

export class SubscriptionMemory {
  readonly #limit: number;
  #used = 0;

  /** @param limit - bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  fits(filter: string): boolean {
    return this.#used + bytesOf(filter) <= this.#limit;
  }

  add(filter: string): void {
    this.#used += bytesOf(filter);
  }

  remove(filter: string): void {
    this.#used -= bytesOf(filter);
  }
}

/** Those of one session by filter, counted. */
export class CountedSubscriptions extends Map<string, Subscription> {
  readonly #memory: SubscriptionMemory;

  constructor(memory: SubscriptionMemory) {
    super();
    this.#memory = memory;
  }

  override set(filter: string, subscription: Subscription): this {
    if (!this.has(filter)) this.#memory.add(filter);
    return super.set(filter, subscription);
  }

  override delete(filter: string): boolean {
    if (this.has(filter)) this.#memory.remove(filter);
    return super.delete(filter);
  }

  override clear(): void {
    for (const filter of this.keys()) this.#memory.remove(filter);
    super.clear();
  }
}

/** As if it shared no level with others. */
function bytesOf(filter: string): number {
  let levels = 1;
  for (let at = filter.indexOf('/'); at >= 0; at = filter.indexOf('/', at + 1)) levels++;
  return ENTRY_BYTES + filter.length + levels * NODE_BYTES;
}
