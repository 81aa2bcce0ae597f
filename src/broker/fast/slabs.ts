/**
 * Buffers in which what goes to one socket is put together, used again and again: to allocate one per write costs more
 * than to fill it. They are lent for a turn or two; what nobody needs for long is given back to the system.
 */

/** What is read at a time, so that what is read from one and goes to one is one copy. */
export const SLAB_BYTES = 64 * 1024;
/** Lent at a time, 32 MB at most: many sockets with little to write each must not take a slab each. */
const MAX_LENT = 512;
const MAX_SPARE = 64;

export class Slabs {
  readonly #spare: Buffer[] = [];
  #lent = 0;

  /** @returns undefined when too many are out */
  take(): Buffer | undefined {
    if (this.#lent >= MAX_LENT) return undefined;
    this.#lent++;
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
  }

  /** Nobody reads it any more. */
  giveBack(slab: Buffer): void {
    this.#lent--;
    if (this.#spare.length < MAX_SPARE) this.#spare.push(slab);
  }

  /** It is still read by somebody, and will not come back. */
  forget(): void {
    this.#lent--;
  }
}
