/** What waits for links that are not configured any more: kept until somebody forgets it, for a link may come back. */
import type { Store, StoredQueue } from '../core/store.js';
import type { OrphanedOutboxView } from '../core/views.js';
import { orphanedLinks, orphanedQueue } from './keep.js';
import { Losses } from './outbox/losses.js';
import { Oldest } from './outbox/oldest.js';

interface Orphan {
  readonly queue: StoredQueue;
  readonly oldest: Oldest;
}

export class OrphanedOutboxes {
  readonly #store: Store | undefined;
  readonly #orphans = new Map<string, Orphan>();

  /** To be made once the links have asked for their queues. */
  constructor(store: Store | undefined) {
    this.#store = store;
    for (const name of store === undefined ? [] : orphanedLinks(store)) {
      const queue = orphanedQueue(store!, name);
      if (queue.messages === 0) queue.remove();
      else this.#orphans.set(name, { queue, oldest: new Oldest(queue) });
    }
  }

  orphans(): readonly OrphanedOutboxView[] {
    return Array.from(this.#orphans, ([name, orphan]) => viewOf(name, orphan));
  }

  forget(name: string): OrphanedOutboxView | undefined {
    const orphan = this.#orphans.get(name);
    if (orphan === undefined || this.#store === undefined) return undefined;
    const view = viewOf(name, orphan);
    this.#orphans.delete(name);
    orphan.queue.remove();
    new Losses(name, { store: this.#store, table: this.#store.table('link') }).forget();
    return view;
  }
}

function viewOf(name: string, { queue, oldest }: Orphan): OrphanedOutboxView {
  return { name, messages: queue.messages, bytes: queue.bytes, oldestAt: oldest.at(undefined) };
}
