/** Books that balance, with something in each place. */
import type { LedgerView } from '../../src/core/views.js';

export const fakeLedger: LedgerView = {
  messages: {
    received: 1_200,
    fromClients: 200,
    fromInside: 1_000,
    repeated: 1,
    routed: 890,
    unmatched: 303,
    refused: 7,
    refusedBy: { not_authorized: 7 },
    duplicates: 0,
    transformed: 0,
    discarded: 0,
    made: 0,
    difference: 0,
  },
  copies: {
    made: 910,
    routed: 900,
    replayed: 10,
    restored: 0,
    delivered: 887,
    inFlight: 1,
    queued: 18,
    expired: 1,
    dropped: 3,
    droppedBy: { queueFull: 2, offline: 1 },
    difference: 0,
  },
};
