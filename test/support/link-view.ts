/** What a link shows that has nothing to tell, for fixed views. */
import type { LinkView } from '../../src/core/views.js';

/** @param queued - messages that wait */
export function idleOutbox(
  queued = 0,
  paused = false,
): Pick<LinkView, 'queued' | 'queuedBytes' | 'durable' | 'drain' | 'books' | 'losses'> {
  return {
    queued,
    queuedBytes: queued * 100,
    durable: true,
    drain: { order: 'live-first', paused, perSecond: 0, etaMs: queued === 0 ? 0 : null },
    books: {
      found: 0,
      received: queued,
      delivered: 0,
      queued,
      expired: 0,
      dropped: 0,
      droppedBy: {},
      difference: 0,
    },
    losses: { total: 0, by: {}, unreported: 0 },
  };
}
