/** By slot, the last message that waits, or waited, in the order of the queue, and its priority. */

/** Beyond so many, slots are folded together: what is in order stays so, and fewer messages may pass. */
const MOST_SLOTS = 100_000;
const FOLDED = 2 ** 16;
const PRIORITIES = 16;

export class Marks {
  /** Slot → sequence * 16 + priority. */
  readonly #exact = new Map<number, number>();
  #folded: Float64Array | undefined;
  /** Whether the last message of a slot has gone. */
  readonly #isGone: (sequence: number, priority: number) => boolean;
  readonly #most: number;
  #sweepAt: number;

  constructor(isGone: (sequence: number, priority: number) => boolean, most = MOST_SLOTS) {
    this.#isGone = isGone;
    this.#most = most;
    this.#sweepAt = most;
  }

  get size(): number {
    return this.#exact.size;
  }

  set(slot: number, sequence: number, priority: number): void {
    const mark = sequence * PRIORITIES + priority;
    if (this.#folded !== undefined) {
      const at = slot % FOLDED;
      if (mark > this.#folded[at]!) this.#folded[at] = mark;
      return;
    }
    const before = this.#exact.get(slot);
    if (before !== undefined && before > mark) return;
    this.#exact.set(slot, mark);
    if (this.#exact.size > this.#sweepAt) this.#sweep();
  }

  /** @returns undefined: nothing of the slot waits; else the priority of the last that does */
  get(slot: number): number | undefined {
    const mark = this.#folded === undefined ? this.#exact.get(slot) : this.#folded[slot % FOLDED];
    if (mark === undefined || mark === 0) return undefined;
    const priority = mark % PRIORITIES;
    return this.#isGone((mark - priority) / PRIORITIES, priority) ? undefined : priority;
  }

  /** The queue is empty. */
  clear(): void {
    this.#exact.clear();
    this.#folded = undefined;
    this.#sweepAt = this.#most;
  }

  #sweep(): void {
    for (const slot of this.#exact.keys()) if (this.get(slot) === undefined) this.#exact.delete(slot);
    if (this.#exact.size < this.#most * 0.75) return;
    const folded = new Float64Array(FOLDED);
    for (const [slot, mark] of this.#exact) folded[slot % FOLDED] = Math.max(mark, folded[slot % FOLDED]!);
    this.#exact.clear();
    this.#folded = folded;
  }
}
