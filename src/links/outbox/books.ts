/**
 * The books of one link's outgoing half; they balance at any moment:
 *
 *   received + found = delivered + queued + expired + dropped(reason)
 *
 * found: waited on disk at start. received: one for each target of a message, QoS 0 included. Counted since start; what
 * survives a start is the loss record.
 */
import type { LinkBooksView } from '../../core/views.js';

export class Books {
  found = 0;
  received = 0;
  delivered = 0;
  expired = 0;
  readonly #dropped = new Map<string, number>();
  #sum = 0;

  /** All that was given up, but for what has expired. */
  get dropped(): number {
    return this.#sum;
  }

  drop(reason: string, messages = 1): void {
    if (messages === 0) return;
    this.#sum += messages;
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + messages);
  }

  view(queued: number): LinkBooksView {
    const { found, received, delivered, expired } = this;
    return {
      found,
      received,
      delivered,
      queued,
      expired,
      dropped: this.#sum,
      droppedBy: Object.fromEntries(this.#dropped),
      difference: found + received - delivered - queued - expired - this.#sum,
    };
  }
}
