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
export class CountedSubscriptions {
  readonly #memory: SubscriptionMemory;
  #subscriptions: Map<string, Subscription> | undefined;

  constructor(memory: SubscriptionMemory) {
    this.#memory = memory;
  }

  get size(): number {
    return this.#subscriptions?.size ?? 0;
  }

  has(filter: string): boolean {
    return this.#subscriptions?.has(filter) ?? false;
  }

  keys(): Iterable<string> {
    return this.#subscriptions?.keys() ?? [];
  }

  values(): Iterable<Subscription> {
    return this.#subscriptions?.values() ?? [];
  }

  set(filter: string, subscription: Subscription): void {
    this.#subscriptions ??= new Map();
    if (!this.#subscriptions.has(filter)) this.#memory.add(filter);
    this.#subscriptions.set(filter, subscription);
  }

  /** @returns whether it was there */
  delete(filter: string): boolean {
    if (this.#subscriptions?.delete(filter) !== true) return false;
    this.#memory.remove(filter);
    return true;
  }

  clear(): void {
    for (const filter of this.keys()) this.#memory.remove(filter);
    this.#subscriptions = undefined;
  }
}

/** As if it shared no level with others. */
function bytesOf(filter: string): number {
  let levels = 1;
  for (let at = filter.indexOf('/'); at >= 0; at = filter.indexOf('/', at + 1)) levels++;
  return ENTRY_BYTES + filter.length + levels * NODE_BYTES;
}
