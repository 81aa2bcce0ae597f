/** All sessions by Client Identifier; those without a connection are limited in number, the longest absent goes first. */
import type { FoundSession } from './persistence/persistence.js';
import { Session, type SessionContext } from './session.js';

export class Sessions implements Iterable<Session> {
  readonly #context: SessionContext;
  readonly #sessions = new Map<string, Session>();
  /** Without a connection, longest absent first. */
  readonly #absent = new Set<Session>();

  readonly #onEnded = (ended: Session) => {
    this.#absent.delete(ended);
    if (this.#sessions.get(ended.id) === ended) this.#sessions.delete(ended.id);
  };

  constructor(context: SessionContext) {
    this.#context = context;
  }

  [Symbol.iterator](): Iterator<Session> {
    return this.#sessions.values();
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Sessions with a connection. */
  get connected(): number {
    return this.#sessions.size - this.#absent.size;
  }

  get(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  /** @param isDurable - its Session Expiry Interval is not 0 */
  create(clientId: string, isDurable: boolean): Session {
    const session = this.#add(clientId, isDurable);
    this.#countConnected();
    return session;
  }

  /** Sessions as they were found at start, absent all of them; {@link begin} when the broker does. */
  restore(found: readonly FoundSession[]): void {
    const { ledger } = this.#context.statistics;
    // The longest absent first; those that were connected last.
    const leftAt = ({ record }: FoundSession) => record.left ?? Number.POSITIVE_INFINITY;
    for (const one of [...found].sort((a, b) => (leftAt(a) < leftAt(b) ? -1 : 1))) {
      const session = this.#add(one.clientId, true, one.record.sent);
      session.restore(one);
      ledger.restored += session.figures.queued;
      this.#absent.add(session);
    }
  }

  begin(): void {
    for (const session of [...this.#absent]) session.begin();
  }

  #add(clientId: string, isDurable: boolean, sent?: number): Session {
    const session = new Session(clientId, this.#context, isDurable, this.#onEnded, sent);
    this.#sessions.set(clientId, session);
    return session;
  }

  /** The session has a connection again. */
  present(session: Session): void {
    this.#absent.delete(session);
    this.#countConnected();
  }

  /** The session lost its connection. */
  absent(session: Session): void {
    if (this.#sessions.get(session.id) === session) this.#absent.add(session);
  }

  /** As many sessions may wait for a connection as connections are allowed. */
  evict(): void {
    for (const longest of this.#absent) {
      if (this.#absent.size <= this.#context.limits.connections) return;
      longest.end();
    }
  }

  /** What all of them keep for their clients. */
  figures(): { inflight: number; queued: number; bytes: number; subscriptions: number } {
    const sum = { inflight: 0, queued: 0, bytes: 0, subscriptions: 0 };
    for (const session of this.#sessions.values()) {
      const { inflight, queued, storedBytes } = session.figures;
      sum.inflight += inflight;
      sum.queued += queued;
      sum.bytes += storedBytes;
      sum.subscriptions += session.subscriptions;
    }
    return sum;
  }

  #countConnected(): void {
    const { statistics } = this.#context;
    statistics.clientsMaximum = Math.max(statistics.clientsMaximum, this.connected);
  }

  /** The broker stops: everything goes, no Will is sent. */
  discard(): void {
    for (const session of this.#sessions.values()) session.discard();
    this.#sessions.clear();
    this.#absent.clear();
  }
}
