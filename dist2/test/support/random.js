function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = state + 1831565813 >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}
class Choice {
  random;
  constructor(seed) {
    this.random = seeded(seed);
  }
  /** Integer in [0, bound). */
  below(bound) {
    return Math.floor(this.random() * bound);
  }
  chance(probability) {
    return this.random() < probability;
  }
  pick(items) {
    return items[this.below(items.length)];
  }
  /** Picks by weight. */
  weighted(items) {
    let sum = 0;
    for (const [weight] of items) sum += weight;
    let left = this.random() * sum;
    for (const [weight, item] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return items[items.length - 1][1];
  }
  bytes(count) {
    const bytes = Buffer.allocUnsafe(count);
    for (let at = 0; at < count; at++) bytes[at] = this.below(256);
    return bytes;
  }
  /** Lower case letters and digits. */
  name(length) {
    let text = "";
    for (let i = 0; i < length; i++) text += this.below(36).toString(36);
    return text;
  }
}
export {
  Choice,
  seeded
};
//# sourceMappingURL=random.js.map
