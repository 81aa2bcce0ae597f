/** Who got which message how often. */
import type { QoS } from '../../../src/core/message.js';

export interface Count {
  readonly published: number;
  /** Deliveries that there must be: one per message and subscriber. */
  readonly expected: number;
  readonly delivered: number;
  /** Message and subscriber without a delivery. */
  readonly missing: number;
  /** Deliveries beyond the first. */
  readonly extra: number;
}

interface Published {
  readonly qos: QoS;
  readonly retain: boolean;
}

/** Messages are named `topic number`. */
export class Deliveries {
  readonly #published = new Map<string, Published>();
  readonly #got: readonly Map<string, number>[];
  readonly examples: string[] = [];
  foreign = 0;
  total = 0;

  /** @param subscribers - how many */
  constructor(subscribers: number) {
    this.#got = Array.from({ length: subscribers }, () => new Map<string, number>());
  }

  published(name: string, message: Published): void {
    this.#published.set(name, message);
  }

  delivered(subscriber: number, name: string): void {
    this.total++;
    const got = this.#got[subscriber]!;
    got.set(name, (got.get(name) ?? 0) + 1);
    if (!this.#published.has(name)) this.foreign++;
  }

  has(subscriber: number, name: string): boolean {
    return this.#got[subscriber]!.has(name);
  }

  /** Of QoS 1 and 2, those that somebody has not got yet. */
  missing(): number {
    return this.count(1, false).missing + this.count(2, false).missing + this.count(1, true).missing;
  }

  count(qos: QoS, retain: boolean): Count {
    let published = 0;
    let delivered = 0;
    let missing = 0;
    let extra = 0;
    for (const [name, message] of this.#published) {
      if (message.qos !== qos || message.retain !== retain) continue;
      published++;
      for (const got of this.#got) {
        const count = got.get(name) ?? 0;
        delivered += count;
        if (count === 0) missing++;
        else extra += count - 1;
      }
    }
    return { published, expected: published * this.#got.length, delivered, missing, extra };
  }

  explain(): void {
    for (const [name, { qos }] of this.#published) {
      for (const [subscriber, got] of this.#got.entries()) {
        const count = got.get(name) ?? 0;
        // QoS 0 may be lost.
        const isWrong = count !== 1 && (qos > 0 || count > 1);
        if (isWrong && this.examples.length < 20) this.examples.push(`n${subscriber} got ${name} ${count} times`);
      }
    }
  }
}
