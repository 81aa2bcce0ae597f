/**
 * A durable session on its way to the disk, once in its life. CONNACK waits for it: a session that its client was told of is
 * there after a crash. Until then it has no subscriptions, as SUBSCRIBE is read after CONNACK.
 */
import type { Persistence } from './persistence/persistence.js';

export class Founding {
  readonly #keeper: Persistence | undefined;
  #commit: Promise<void> | undefined;
  #isOver: boolean;

  /** @param keeper - undefined: it is not kept @param isOver - it was found on disk */
  constructor(keeper: Persistence | undefined, isOver: boolean) {
    this.#keeper = keeper;
    this.#isOver = isOver || keeper === undefined;
  }

  /** CONNACK was sent, or need not wait. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when the session is on disk; undefined: nobody has to wait. Never rejects: it is tried until it can be written. */
  wait(): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    const over = () => {
      this.#isOver = true;
    };
    this.#commit ??= this.#keeper?.store.commit()?.then(over, over);
    if (this.#commit === undefined) over();
    return this.#commit;
  }
}
