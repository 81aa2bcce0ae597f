/**
 * Which routes `onDemand` are wanted now: those that bring topics to which somebody here subscribes, and for a while after.
 * The link itself is nobody, and who only looks at the traffic wants what there is.
 */
import type { Clock, Timer } from '../core/clock.js';
import type { Origin } from '../core/message.js';
import type { Router, Sink, SubscriptionWatcher } from '../core/router.js';
import { type Filter, overlaps, parseFilter } from '../core/topic-filter.js';
import type { InRoute } from './route-types.js';
import type { Rule } from './rules.js';

interface Want {
  /** Of the topics that the route makes here. */
  readonly local: Filter;
  readonly linger: number;
  subscriptions: number;
  /** It lingers. */
  timer: Timer | undefined;
}

export interface DemandOptions {
  readonly rules: readonly Rule<InRoute>[];
  readonly router: Router;
  readonly clock: Clock;
  /** Of the link. */
  readonly origin: Origin;
  /** {@link Demand.isWanted} says something else for some rule. */
  readonly onChange: () => void;
}

export class Demand implements SubscriptionWatcher, Disposable {
  readonly #options: DemandOptions;
  readonly #wants = new Map<Rule<InRoute>, Want>();
  #watching: Disposable | undefined;

  constructor(options: DemandOptions) {
    this.#options = options;
    for (const rule of options.rules) {
      const { linger } = rule.route;
      if (linger === undefined) continue;
      this.#wants.set(rule, { local: parseFilter(rule.mapped), linger, subscriptions: 0, timer: undefined });
    }
  }

  start(): void {
    if (this.#wants.size > 0) this.#watching = this.#options.router.watch(this);
  }

  /** Is the rule to be subscribed at the far side now? */
  isWanted(rule: Rule<InRoute>): boolean {
    const want = this.#wants.get(rule);
    return want === undefined || want.subscriptions > 0 || want.timer !== undefined;
  }

  onSubscribed(filter: string, sink: Sink): void {
    let isChanged = false;
    for (const want of this.#concerned(filter, sink)) {
      if (want.subscriptions++ > 0) continue;
      if (want.timer === undefined) isChanged = true;
      want.timer?.cancel();
      want.timer = undefined;
    }
    if (isChanged) this.#options.onChange();
  }

  onUnsubscribed(filter: string, sink: Sink): void {
    for (const want of this.#concerned(filter, sink)) {
      if (--want.subscriptions > 0) continue;
      want.timer = this.#options.clock.after(want.linger, () => {
        want.timer = undefined;
        this.#options.onChange();
      });
    }
  }

  [Symbol.dispose](): void {
    this.#watching?.[Symbol.dispose]();
    for (const want of this.#wants.values()) want.timer?.cancel();
  }

  *#concerned(filter: string, sink: Sink): Iterable<Want> {
    if (sink.origin === this.#options.origin || sink.kind === 'api') return;
    const wanted = parseFilter(filter);
    for (const want of this.#wants.values()) if (overlaps(want.local, wanted)) yield want;
  }
}
