/** Which messages of a backlog stay when it is thinned out: topic by topic, in the order of the queue. */
import type { ThinRule } from '../../core/config.js';
import type { StoredDelivery } from '../../core/store.js';
import { slotOf } from './item.js';

/** Topics remembered at a time; beyond that it begins anew, and a few more messages stay. */
const MAX_TOPICS = 10_000;

/** One pass over a queue. */
export class Thinning {
  readonly #rule: ThinRule;
  /** Messages since the last that stayed, by topic. */
  readonly #counts = new Map<string, number>();
  /** The latest of its interval so far, by topic. */
  readonly #latest = new Map<string, { readonly interval: number; readonly delivery: StoredDelivery }>();

  constructor(rule: ThinRule) {
    this.#rule = rule;
  }

  /** @returns a message that goes, which may be an earlier one; undefined: none goes for this one */
  add(delivery: StoredDelivery): StoredDelivery | undefined {
    // Messages of a topic for different targets are thinned out on their own.
    const key = `${slotOf(delivery.label)} ${delivery.message.topic}`;
    return 'every' in this.#rule
      ? this.#countEvery(key, delivery, this.#rule.every)
      : this.#keepLatest(key, delivery, this.#rule.interval);
  }

  #countEvery(key: string, delivery: StoredDelivery, every: number): StoredDelivery | undefined {
    const count = this.#counts.get(key) ?? 0;
    if (this.#counts.size >= MAX_TOPICS && count === 0) this.#counts.clear();
    this.#counts.set(key, (count + 1) % every);
    return count === 0 ? undefined : delivery;
  }

  #keepLatest(key: string, delivery: StoredDelivery, ms: number): StoredDelivery | undefined {
    const interval = Math.floor(delivery.message.receivedAt / ms);
    const before = this.#latest.get(key);
    if (this.#latest.size >= MAX_TOPICS && before === undefined) this.#latest.clear();
    this.#latest.set(key, { interval, delivery });
    return before?.interval === interval ? before.delivery : undefined;
  }
}
