/** What waits for links, as people see it. */

/** How the backlog of a link leaves. */
export interface LinkDrainView {
  readonly order: 'live-first' | 'history-first' | 'interleaved';
  readonly paused: boolean;
  /** Messages of QoS 1 and 2 that left, over the last ten seconds. */
  readonly perSecond: number;
  /** Until nothing waits, at the present rates, ms; 0: nothing waits; null: not known, or never. */
  readonly etaMs: number | null;
}

/** received + found = delivered + queued + expired + dropped; since start, one for each target of a message. */
export interface LinkBooksView {
  /** On disk at start. */
  readonly found: number;
  readonly received: number;
  readonly delivered: number;
  readonly queued: number;
  readonly expired: number;
  readonly dropped: number;
  readonly droppedBy: Readonly<Record<string, number>>;
  /** Not 0: a defect. */
  readonly difference: number;
}

/** Messages of QoS 1 and 2 that will never arrive at the far side, since the link was first configured. */
export interface LinkLossView {
  readonly total: number;
  readonly by: Readonly<Record<string, number>>;
  /** Of which the far side does not know yet. */
  readonly unreported: number;
}

/** What waits for a link that is not configured any more. */
export interface OrphanedOutboxView {
  readonly name: string;
  readonly messages: number;
  readonly bytes: number;
  readonly oldestAt: number | null;
}

export interface StoreOutboxView {
  readonly link: string;
  readonly configured: boolean;
  readonly messages: number;
  readonly bytes: number;
  /** Unix ms; null: nothing waits. */
  readonly oldestAt: number | null;
}
