/**
 * At which places the far side may still remember QoS 2 messages of ours that went another way since. Their Packet
 * Identifiers come again, and a new message under one of them would be taken for the old: such a session is not resumed.
 */
import type { Store, StoredTable } from '../core/store.js';

export interface SessionRecord {
  readonly last: string | undefined;
  /** Where the sender sent to last; what is released was received there. */
  readonly sentTo?: string | undefined;
  readonly stale: readonly string[];
}

/** Keeps the record where a restart finds it; resolves when it is there. */
export type SaveSessions = (record: SessionRecord) => Promise<void>;

const MOST_PLACES = 64;

/** Table of the store: link → its record as JSON. */
export const SESSION_TABLE = 'link-endpoint';

/** Of all links. */
export class SessionMemories {
  readonly #store: Store | undefined;
  readonly #table: StoredTable | undefined;
  readonly #found = new Map<string, SessionRecord>();

  constructor(store: Store | undefined) {
    this.#store = store;
    this.#table = store?.table(SESSION_TABLE);
    for (const [link, value] of this.#table?.entries() ?? []) this.#found.set(link, JSON.parse(value.toString()));
  }

  of(link: string): SessionMemory {
    return new SessionMemory(this.#found.get(link), async (record) => {
      this.#table?.set(link, Buffer.from(JSON.stringify(record)), false);
      await this.#store?.commit();
    });
  }
}

export class SessionMemory {
  readonly #save: SaveSessions;
  #last: string | undefined;
  #sentTo: string | undefined;
  /** The last place may remember something: true until a connection ended and proved otherwise. */
  #mayHold = true;
  /** It may from before the connection there, which knows only what it sent itself. */
  #mightHoldBefore = true;
  #stale: ReadonlySet<string>;

  constructor(record: SessionRecord | undefined, save: SaveSessions) {
    this.#save = save;
    this.#last = record?.last;
    this.#sentTo = record?.sentTo;
    this.#stale = new Set(record?.stale);
  }

  /** What was sent and is not acknowledged was sent to this place. */
  wasSentTo(place: string): boolean {
    return this.#sentTo === place;
  }

  /**
   * Something is sent there. Not the same as a connection: that may end before the sender has unreleased what another place
   * received. What is said to the store later is never kept without what was said before.
   */
  sent(place: string): void {
    if (this.#sentTo === place) return;
    this.#sentTo = place;
    // Not kept: after a crash it is published anew.
    this.#save(this.#record).catch(() => {});
  }

  /** The session there must begin anew (Clean Start). */
  isStale(place: string): boolean {
    return this.#stale.has(place);
  }

  /** Before anything is sent there. @param sessionPresent - it remembers what it was sent before */
  async connected(place: string, sessionPresent: boolean): Promise<void> {
    // Elsewhere than at the last place nothing is open, or the session begins anew.
    this.#mightHoldBefore = sessionPresent && this.#last === place && this.#mayHold;
    const stale = new Set(this.#stale);
    stale.delete(place);
    if (this.#last !== undefined && this.#last !== place && this.#mayHold) stale.add(this.#last);
    const isNews = this.#last !== place || stale.size !== this.#stale.size;
    this.#last = place;
    this.#mayHold = true;
    this.#stale = new Set([...stale].slice(-MOST_PLACES));
    if (isNews) await this.#save(this.#record);
  }

  /** After a start, before the first connection: nothing of ours is open anywhere, for nothing waits. */
  nothingWaits(): void {
    this.#mayHold = false;
  }

  /** All that was open there before this connection is settled. */
  caughtUp(): void {
    this.#mightHoldBefore = false;
  }

  get #record(): SessionRecord {
    return { last: this.#last, sentTo: this.#sentTo, stale: [...this.#stale] };
  }

  /** @param openQoS2 - QoS 2 messages of this connection whose exchange was not over */
  ended(openQoS2: number): void {
    this.#mayHold = openQoS2 > 0 || this.#mightHoldBefore;
  }
}
