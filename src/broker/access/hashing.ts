/**
 * The queue before the thread pool: deriving keys from passwords takes threads for long, and strangers ask for it.
 *
 * Rules: at most two of libuv's four threads; one per address, addresses in turn; a flood waits for itself, is bounded,
 * and gets no thread once it was refused.
 */

/** Of the four threads that files and name look-ups need, too. */
const THREADS = 2;
/** Waiting, of one address (as many as are served before a client gives up after ten seconds) and in all. */
const WAITING_EACH = 128;
const WAITING = 4_096;

interface Job {
  readonly run: () => Promise<void>;
  readonly giveUp: () => void;
}

interface Lane {
  readonly waiting: Job[];
  isRunning: boolean;
}

export class HashingQueue implements Disposable {
  /** In turn: an address that was served goes to the end. */
  readonly #lanes = new Map<string, Lane>();
  #running = 0;
  #waiting = 0;
  #isOver = false;

  /**
   * @param address - whose turn it is
   * @param task - asks for a key; must not reject
   * @returns undefined when too many wait already, of this address or in all; resolves with undefined when the queue ends
   *   before its turn
   */
  run<T>(address: string, task: () => Promise<T>): Promise<T | undefined> | undefined {
    const lane = this.#lanes.get(address) ?? { waiting: [], isRunning: false };
    if (this.#isOver || lane.waiting.length >= WAITING_EACH || this.#waiting >= WAITING) return undefined;
    this.#lanes.set(address, lane);
    return new Promise((resolve, reject) => {
      lane.waiting.push({ run: () => task().then(resolve, reject), giveUp: () => resolve(undefined) });
      this.#waiting++;
      this.#next();
    });
  }

  /** Waiting or running. */
  get size(): number {
    return this.#waiting + this.#running;
  }

  /** Nobody waits for a key any more: those that are being derived are the last. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const { waiting } of this.#lanes.values()) for (const { giveUp } of waiting.splice(0)) giveUp();
    this.#waiting = 0;
  }

  #next(): void {
    for (const [address, lane] of this.#lanes) {
      if (this.#running >= THREADS) return;
      const job = lane.isRunning ? undefined : lane.waiting.shift();
      if (job === undefined) continue;
      this.#waiting--;
      this.#running++;
      lane.isRunning = true;
      this.#lanes.delete(address);
      this.#lanes.set(address, lane);
      void job.run().finally(() => {
        this.#running--;
        lane.isRunning = false;
        if (lane.waiting.length === 0) this.#lanes.delete(address);
        this.#next();
      });
    }
  }
}
