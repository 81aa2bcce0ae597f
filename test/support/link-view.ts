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

/** What the views of links have in common in tests that care about something else. */
export const quietLink = {
  endpoint: null,
  endpoints: [],
  heartbeat: 'off',
  provenAt: null,
  rttMs: { p50: null, p99: null },
  connects: 0,
  history: [],
  certificates: [],
  routes: [],
} as const;

/** A route that has something to tell. */
export const busyRoute = {
  direction: 'out',
  filters: ['hpmq/#', 'plant/#'],
  out: { messages: 2, bytes: 2_048, dropped: 1, refused: 3 },
  in: null,
} as const;
