/** What the broker counts and holds at one moment: read by `$SYS`, metrics and status, never on the way of a message. */

import type { RouterCounters } from '../core/router.js';
import type { LedgerView, ListenerView } from '../core/views.js';
import { type ReasonCode, reasonName } from './reason-codes.js';
import type { Statistics } from './statistics.js';

/** What waits in memory for all clients together, bytes. */
export interface MemoryFigures {
  /** To be written to connections. */
  readonly sockets: number;
  /** Queued and in flight for sessions. */
  readonly messages: number;
  /** Of packets that have not arrived in full. */
  readonly incomplete: number;
  /** Filters of all sessions. */
  readonly subscriptions: number;
}

export interface BrokerFigures {
  readonly statistics: Readonly<Statistics>;
  readonly router: RouterCounters;
  /** Sessions, those of them that have a connection, and their subscriptions. */
  readonly clients: { readonly total: number; readonly connected: number; readonly subscriptions: number };
  readonly ledger: LedgerView;
  readonly sharedSubscriptions: number;
  /** Kept for later: retained, queued and in flight. A message for several receivers counts for each. */
  readonly stored: { readonly messages: number; readonly bytes: number };
  /** By reason, as `quota_exceeded`: connections refused before they were accepted, and ended by us after. */
  readonly connectRefused: Readonly<Record<string, number>>;
  readonly disconnected: Readonly<Record<string, number>>;
  readonly listeners: readonly ListenerView[];
  /** What waits in memory for all clients, bytes; see limits/. */
  readonly memory: MemoryFigures;
  /** Written by us, not yet taken by the network. */
  readonly waiting: { readonly packets: number; readonly bytes: number };
}

export function byReason(counts: ReadonlyMap<ReasonCode, number>): Readonly<Record<string, number>> {
  return Object.fromEntries(Array.from(counts, ([code, count]) => [reasonName(code), count]));
}
