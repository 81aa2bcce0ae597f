/**
 * What all connections together may have waiting to be written.
 *
 * Half of it belongs to the connections, each the same part. Of the other half each may have a share of what is still free
 * (dynamic thresholds, as in the shared buffers of network switches): one slow reader gets plenty, a thousand get little
 * each, a reader that keeps up always finds room, and the sum keeps to the limit.
 */

/** A connection may have so much of what is free. */
const SHARE = 1 / 64;
/** No connection needs more of its own than one write takes, bytes. */
const MAX_OWN = 64 * 1024;

export class SocketMemory {
  readonly #limit: number;
  readonly #own: number;
  #used = 0;
  /** What each waits for, bytes; first come, first served. */
  readonly #waiting = new Map<() => void, number>();

  /**
   * @param limit - bytes
   * @param connections - as many as there may be
   */
  constructor(limit: number, connections: number) {
    this.#limit = limit;
    this.#own = Math.min(MAX_OWN, limit / 2 / connections);
  }

  /** Bytes. A frame that several connections have waiting counts for each. */
  get used(): number {
    return this.#used;
  }

  get free(): number {
    return this.#limit - this.#used;
  }

  /** What one connection may have waiting now, bytes. */
  get share(): number {
    return Math.max(this.#own, (this.#limit / 2 - this.#used) * SHARE);
  }

  /** Whether so much may be added at once: a packet larger than half of everything needs only that. */
  fits(bytes: number): boolean {
    return Math.min(bytes, this.#limit / 2) <= this.free;
  }

  add(bytes: number): void {
    this.#used += bytes;
  }

  remove(bytes: number): void {
    this.#used -= bytes;
    for (const [goOn, wanted] of this.#waiting) {
      if (!this.fits(wanted)) return;
      this.#waiting.delete(goOn);
      // Not within the write that made the room.
      setImmediate(goOn);
    }
  }

  /** Calls back once there is room for so many bytes. */
  wait(bytes: number, goOn: () => void): void {
    this.#waiting.set(goOn, bytes);
  }

  forget(goOn: () => void): void {
    this.#waiting.delete(goOn);
  }
}
