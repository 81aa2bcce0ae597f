/** When the oldest message of an outbox was accepted. */
import type { StoredDelivery, StoredQueue } from '../../core/store.js';

export class Oldest {
  readonly #queue: StoredQueue;
  /** Unix ms, as of the last answer. */
  #at: number | null = null;
  #isAsking = false;

  constructor(queue: StoredQueue) {
    this.#queue = queue;
  }

  /** To be told before a message is appended. */
  append(receivedAt: number): void {
    if (this.#queue.messages === 0) this.#at = receivedAt;
  }

  /**
   * @param inMemory - the next of the messages
   * @returns Unix ms; null: none waits. Where it lies on disk only: as it was when this was asked last
   */
  at(inMemory: StoredDelivery | undefined): number | null {
    if (this.#queue.messages === 0) return null;
    if (inMemory !== undefined) {
      this.#at = inMemory.message.receivedAt;
      return this.#at;
    }
    this.#ask();
    return this.#at;
  }

  #ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#queue.read(0, 1).then(
      ([first]) => {
        this.#isAsking = false;
        if (first !== undefined) this.#at = first.message.receivedAt;
      },
      () => {
        this.#isAsking = false;
      },
    );
  }
}
