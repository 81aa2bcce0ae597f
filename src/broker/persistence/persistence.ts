/**
 * The broker's side of the store: what of sessions, Wills and retained messages survives, and where it lies.
 *
 *   queue  session:<client id>           messages of QoS 1 and 2 that wait or are in flight
 *   table  session       client id            whose it is, how long it lives
 *          subscription  client id \0 filter  options
 *          incoming      client id \0 packet identifier   QoS 2 received, not released (MQTT 5.0 §4.3.3)
 *          will          client id            of a connection
 *          retained      topic                message
 *
 * U+0000 cannot be in a Client Identifier [MQTT-1.5.4-2].
 */
import type { Clock } from '../../core/clock.js';
import type { StoreLimits } from '../../core/config.js';
import type { WillFields } from '../../core/mqtt/packets.js';
import type { Subscription } from '../../core/router.js';
import type { DiskState, Store, StoredTable } from '../../core/store.js';
import type { Backing } from './backing.js';
import { persistenceError } from './errors.js';
import {
  decodeSession,
  decodeSubscription,
  decodeWill,
  encodeSession,
  encodeSubscription,
  encodeWill,
  type SessionRecord,
} from './records.js';
import { RetainedKeeper } from './retained-keeper.js';

/** Tables that the broker uses; the store is opened with these. */
export const brokerTables = ['session', 'subscription', 'incoming', 'will', 'retained'] as const;

/** Of a store that nobody limits. */
export const UNLIMITED: StoreLimits = {
  maxBytes: Number.POSITIVE_INFINITY,
  overflow: 'refuse',
  minFree: { bytes: 0, share: 0 },
};

const QUEUE = 'session:';
const SEPARATOR = '\0';

/** Whether messages are taken, and what that was decided on. */
interface Decided {
  readonly fault: Error | undefined;
  readonly batchNumber: number;
  readonly disk: DiskState;
  readonly refusal: Error | undefined;
}

/** One session as it was found at start. */
export interface FoundSession {
  readonly clientId: string;
  readonly record: SessionRecord;
  readonly subscriptions: readonly Subscription[];
  readonly incoming: readonly number[];
  readonly will: WillFields | undefined;
}

export interface Found {
  readonly sessions: readonly FoundSession[];
  /** Of connections whose sessions ended with them. */
  readonly wills: readonly { readonly clientId: string; readonly fields: WillFields }[];
}

export class Persistence {
  readonly store: Store;
  readonly retained: RetainedKeeper;
  readonly #limits: StoreLimits;
  #decided: Decided;
  readonly #session: StoredTable;
  readonly #subscription: StoredTable;
  readonly #incoming: StoredTable;
  readonly #will: StoredTable;

  constructor(store: Store, limits: StoreLimits, clock: Clock) {
    this.store = store;
    this.#limits = limits;
    this.#decided = { fault: undefined, batchNumber: 0, disk: store.disk, refusal: undefined };
    this.#session = store.table('session');
    this.#subscription = store.table('subscription');
    this.#incoming = store.table('incoming');
    this.#will = store.table('will');
    this.retained = new RetainedKeeper(store.table('retained'), clock);
  }

  /** Nothing more can be kept: it is refused at once instead of being lost. */
  get isFull(): boolean {
    return this.refusal !== undefined;
  }

  /**
   * Decided once for a batch: a message that is taken for one receiver is taken for all of them, and acknowledged; what
   * exceeds the limit with it is refused from the next batch on.
   */
  get refusal(): Error | undefined {
    const { store } = this;
    const { fault, batchNumber, disk } = store;
    const decided = this.#decided;
    if (decided.batchNumber !== batchNumber || decided.disk !== disk || decided.fault !== fault) {
      this.#decided = { fault, batchNumber, disk, refusal: fault ?? this.#overQuota ?? this.#shortDisk };
    }
    // Nothing may be written that would say what is free now.
    if (this.#decided.refusal !== undefined && fault === undefined) store.askDisk();
    return this.#decided.refusal;
  }

  get #overQuota(): Error | undefined {
    const { maxBytes, overflow } = this.#limits;
    const { bytes } = this.store;
    if (overflow !== 'refuse' || bytes < maxBytes) return undefined;
    return persistenceError('STORE_QUOTA', `${bytes} bytes of messages wait, ${maxBytes} may`);
  }

  get #shortDisk(): Error | undefined {
    const { minFree } = this.#limits;
    const { freeBytes, diskBytes } = this.store.disk;
    const least = minFree.bytes + minFree.share * diskBytes;
    if (diskBytes === 0 || freeBytes >= least) return undefined;
    return persistenceError('STORE_QUOTA', `${freeBytes} bytes are free on the disk, ${Math.ceil(least)} must be`);
  }

  /** So much waits that each session gives up its oldest. */
  get isOverflowing(): boolean {
    return this.#limits.overflow === 'drop-oldest' && this.store.bytes >= this.#limits.maxBytes;
  }

  /** @see Store.commit; rejects at once when what was just said was not taken */
  commit(): Promise<void> | undefined {
    const refusal = this.refusal;
    return refusal === undefined ? this.store.commit() : Promise.reject(refusal);
  }

  /** @param mark - @see Backing.mark */
  backing(clientId: string, sent: number, shareOf: Backing['shareOf'], mark: Backing['mark']): Backing {
    const isFull = () => this.isFull;
    const isOverflowing = () => this.isOverflowing;
    return {
      store: this.store,
      queue: this.store.queue(QUEUE + clientId),
      sent,
      get isFull() {
        return isFull();
      },
      get isOverflowing() {
        return isOverflowing();
      },
      shareOf,
      mark,
    };
  }

  /** When the oldest message of a session was received, Unix ms. */
  async oldestAt(clientId: string): Promise<number | undefined> {
    const [oldest] = await this.store.queue(QUEUE + clientId).read(0, 1);
    return oldest?.message.receivedAt;
  }

  saveSession(clientId: string, record: SessionRecord): void {
    this.#session.set(clientId, encodeSession(record), false);
  }

  subscribe(clientId: string, subscription: Subscription): void {
    this.#subscription.set(clientId + SEPARATOR + subscription.filter, encodeSubscription(subscription), false);
  }

  unsubscribe(clientId: string, filter: string): void {
    this.#subscription.delete(clientId + SEPARATOR + filter);
  }

  /** Belongs to the message that was just published: both are kept, or none. */
  hold(clientId: string, packetIdentifier: number): void {
    this.#incoming.set(clientId + SEPARATOR + packetIdentifier, Buffer.alloc(0), true);
  }

  release(clientId: string, packetIdentifier: number): void {
    this.#incoming.delete(clientId + SEPARATOR + packetIdentifier);
  }

  /** @param fields - undefined: there is none any more */
  saveWill(clientId: string, fields: WillFields | undefined): void {
    if (fields === undefined) this.#will.delete(clientId);
    else this.#will.set(clientId, encodeWill(fields), false);
  }

  forget(clientId: string, filters: Iterable<string>, incoming: Iterable<number>): void {
    this.#session.delete(clientId);
    for (const filter of filters) this.unsubscribe(clientId, filter);
    for (const packetIdentifier of incoming) this.release(clientId, packetIdentifier);
  }

  /** What was found at start; what belongs to nobody is removed. Once. */
  find(): Found {
    const subscriptions = byClient(this.#subscription);
    const incoming = byClient(this.#incoming);
    const wills = new Map<string, WillFields>();
    for (const [clientId, bytes] of this.#will.entries()) {
      const fields = decodeWill(bytes);
      if (fields === undefined) this.#will.delete(clientId);
      else wills.set(clientId, fields);
    }
    const sessions: FoundSession[] = [];
    for (const [clientId, bytes] of this.#session.entries()) {
      const record = decodeSession(bytes);
      if (record === undefined) {
        this.#session.delete(clientId);
        continue;
      }
      sessions.push({
        clientId,
        record,
        subscriptions: (subscriptions.get(clientId) ?? []).flatMap(
          ([filter, value]) => decodeSubscription(filter, value) ?? [],
        ),
        incoming: (incoming.get(clientId) ?? []).map(([packetIdentifier]) => Number(packetIdentifier)),
        will: wills.get(clientId),
      });
      subscriptions.delete(clientId);
      incoming.delete(clientId);
      wills.delete(clientId);
    }
    for (const [clientId, found] of subscriptions) for (const [filter] of found) this.unsubscribe(clientId, filter);
    for (const [clientId, found] of incoming) for (const [id] of found) this.release(clientId, Number(id));
    return { sessions, wills: Array.from(wills, ([clientId, fields]) => ({ clientId, fields })) };
  }

  /** Queues of sessions that are not there. To be called once all that are there have asked for theirs. */
  removeOrphans(): void {
    for (const receiver of this.store.orphans()) {
      if (receiver.startsWith(QUEUE)) this.store.queue(receiver).remove();
    }
  }
}

/** By the part of the key before the separator. */
function byClient(table: StoredTable): Map<string, [rest: string, value: Buffer][]> {
  const found = new Map<string, [string, Buffer][]>();
  for (const [key, value] of table.entries()) {
    const at = key.indexOf(SEPARATOR);
    const clientId = key.slice(0, at);
    const entry: [string, Buffer] = [key.slice(at + 1), value];
    const entries = found.get(clientId);
    if (entries === undefined) found.set(clientId, [entry]);
    else entries.push(entry);
  }
  return found;
}
