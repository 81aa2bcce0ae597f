/**
 * A queue with one lane per key. The lane that has cost least is served next, so that neither a busy key nor a slow one
 * can starve the others: lanes that always wait get the same share of the costs (start-time fair queueing). Each lane has
 * a limit.
 */
interface Lane<T> {
  readonly items: T[];
  /** What the key has cost; at least what the lane served last had, when it began to wait. */
  used: number;
}

export class FairQueue<T> {
  /** Those that are not empty; of equals the first has its turn. */
  readonly #lanes = new Map<string, Lane<T>>();
  /** Costs of all keys that ever waited: the devices of one port. */
  readonly #used = new Map<string, number>();
  readonly #limit: number;
  /** What the lane served last had cost: who comes back from a rest starts there, it has not saved anything. */
  #floor = 0;
  #size = 0;

  /** @param limit - most items in one lane; a push beyond it is refused */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns false when the lane is full and nothing was added */
  push(key: string, item: T): boolean {
    const lane = this.#lanes.get(key);
    if (lane === undefined) {
      this.#lanes.set(key, { items: [item], used: Math.max(this.#floor, this.#used.get(key) ?? 0) });
    } else if (lane.items.length >= this.#limit) return false;
    else lane.items.push(item);
    this.#size++;
    return true;
  }

  /** Of the lanes that are not empty. */
  keys(): Iterable<string> {
    return this.#lanes.keys();
  }

  /**
   * The first item of the lane whose turn it is; among equals that lane then goes to the end of the round.
   *
   * @param isReady - a lane that is not keeps its place, the next one has its turn
   */
  shift(isReady: (key: string) => boolean = () => true): T | undefined {
    let first: [string, Lane<T>] | undefined;
    for (const entry of this.#lanes) {
      if ((first === undefined || entry[1].used < first[1].used) && isReady(entry[0])) first = entry;
    }
    if (first === undefined) return undefined;
    const [key, lane] = first;
    const item = lane.items.shift();
    this.#floor = Math.max(this.#floor, lane.used);
    this.#used.set(key, lane.used);
    this.#lanes.delete(key);
    if (lane.items.length > 0) this.#lanes.set(key, lane);
    this.#size--;
    return item;
  }

  /** What the item taken from this lane has cost; the unit is the caller's. */
  charge(key: string, cost: number): void {
    const lane = this.#lanes.get(key);
    const used = (lane?.used ?? this.#used.get(key) ?? 0) + cost;
    if (lane !== undefined) lane.used = used;
    this.#used.set(key, used);
  }

  /** @returns whether the item was there */
  remove(key: string, item: T): boolean {
    const lane = this.#lanes.get(key);
    const index = lane?.items.indexOf(item) ?? -1;
    if (lane === undefined || index < 0) return false;
    lane.items.splice(index, 1);
    if (lane.items.length === 0) this.#lanes.delete(key);
    this.#size--;
    return true;
  }

  /** Takes out a lane. */
  drain(key: string): readonly T[] {
    const items = this.#lanes.get(key)?.items ?? [];
    this.#lanes.delete(key);
    this.#size -= items.length;
    return items;
  }

  /** Takes out everything. */
  drainAll(): readonly T[] {
    const all = [...this.#lanes.values()].flatMap(({ items }) => items);
    this.#lanes.clear();
    this.#size = 0;
    return all;
  }
}
