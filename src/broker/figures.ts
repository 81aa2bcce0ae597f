/** What the broker counts and holds at one moment: read by `$SYS`, metrics and status, never on the way of a message. */
import type { RouterCounters } from '../core/router.js';
import type { Statistics } from './statistics.js';

export interface BrokerFigures {
  readonly statistics: Readonly<Statistics>;
  readonly router: RouterCounters;
  /** Sessions, and those of them that have a connection. */
  readonly clients: { readonly total: number; readonly connected: number };
  readonly sharedSubscriptions: number;
  /** Kept for later: retained, queued and in flight. A message for several receivers counts for each. */
  readonly stored: { readonly messages: number; readonly bytes: number };
  /** Written by us, not yet taken by the network. */
  readonly waiting: { readonly packets: number; readonly bytes: number };
}
