/**
 * What all connections together may have received of packets that are not complete: whoever began first, and is still not
 * done, goes first when it is too much. A packet on its way needs milliseconds; who keeps many open means no good.
 */

/** Below it a part is not worth being watched. */
const WATCHED_BYTES = 16 * 1024;

export class IncompletePackets<Holder extends { tooMuch(): void }> {
  readonly #limit: number;
  /** Bytes of each, longest open first. */
  readonly #parts = new Map<Holder, number>();
  #used = 0;

  /** @param limit - bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** @param bytes - what the holder has of its present packet; 0: complete, or gone */
  set(holder: Holder, bytes: number): void {
    const before = this.#parts.get(holder) ?? 0;
    const after = bytes < WATCHED_BYTES ? 0 : bytes;
    if (before === after) return;
    this.#used += after - before;
    if (after === 0) this.#parts.delete(holder);
    // An entry that stays keeps its place.
    else this.#parts.set(holder, after);
    while (this.#used > this.#limit) {
      const [first, held] = this.#parts.entries().next().value!;
      this.#parts.delete(first);
      this.#used -= held;
      first.tooMuch();
    }
  }
}
