/** Seeded choices: the same seed gives the same run. */

export type Random = () => number;

/** mulberry32: small, seeded, good enough to choose bytes. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Choices of one run. */
export class Choice {
  readonly random: Random;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  /** Integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.random() * bound);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Picks by weight. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let sum = 0;
    for (const [weight] of items) sum += weight;
    let left = this.random() * sum;
    for (const [weight, item] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return items[items.length - 1]![1];
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count);
    for (let at = 0; at < count; at++) bytes[at] = this.below(256);
    return bytes;
  }

  /** Lower case letters and digits. */
  name(length: number): string {
    let text = '';
    for (let i = 0; i < length; i++) text += this.below(36).toString(36);
    return text;
  }
}
