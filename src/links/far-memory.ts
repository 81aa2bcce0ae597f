/**
 * What a link must not forget between two connections to the same far side, in the store where there is one:
 *
 *   table  link-session   link \0 far side                       the far side has a session of ours; its Client Identifier
 *          link-incoming  link \0 far side \0 packet identifier  QoS 2 received, not released (MQTT 5.0 §4.3.3)
 *          link-filter    link \0 far side \0 filter             what that session is subscribed to
 *
 * A session that is not in here is one of somebody else's with our name, or of a gateway whose data are gone: its Packet
 * Identifiers mean something else than ours, so it is not continued.
 */
import type { Store, StoredTable } from '../core/store.js';
import { SESSION_TABLE } from './session-memory.js';

/** Tables that links use; the store is opened with these. */
export const linksTables = ['link-session', 'link-incoming', 'link-filter', SESSION_TABLE] as const;

const SEPARATOR = '\0';
/** Without a store. */
const NOWHERE: StoredTable = { entries: () => [], set: () => {}, delete: () => {} };

interface Tables {
  readonly session: StoredTable;
  readonly incoming: StoredTable;
  readonly filter: StoredTable;
}

/** One far side, as one link knows it. */
export class FarMemory {
  readonly #prefix: string;
  readonly #tables: Tables;
  readonly #store: Store | undefined;
  #clientId: string | undefined;
  readonly #incoming = new Map<number, Promise<void> | undefined>();
  /** Those of them that are in the store, with their messages. */
  readonly #kept = new Set<number>();
  /** Sessions there have been: an identifier means something only within its own. */
  #sessions = 0;
  readonly #filters = new Set<string>();
  /** Those of them that were asked for over this connection. */
  readonly #asked = new Set<string>();

  constructor(prefix: string, tables: Tables, store: Store | undefined) {
    this.#prefix = prefix;
    this.#tables = tables;
    this.#store = store;
  }

  /** Client Identifier of the session that may be continued; undefined: there is none. */
  get clientId(): string | undefined {
    return this.#clientId;
  }

  /** Topic Filters of that session. */
  get filters(): ReadonlySet<string> {
    return this.#filters;
  }

  /** Those of them that nobody asked for over this connection. */
  get leftovers(): readonly string[] {
    return [...this.#filters].filter((filter) => !this.#asked.has(filter));
  }

  get incoming(): number {
    return this.#incoming.size;
  }

  /**
   * A connection was accepted.
   *
   * @param isNew - with a new session, that has nothing of ours
   * @returns resolves when that will be known after a crash
   */
  connected(clientId: string, isNew: boolean): Promise<void> | undefined {
    this.#asked.clear();
    if (isNew) this.#forget();
    if (this.#clientId === clientId) return undefined;
    this.#clientId = clientId;
    this.#tables.session.set(this.#prefix, Buffer.from(clientId), false);
    return this.#store?.commit();
  }

  /** A QoS 2 PUBLISH with a Packet Identifier held is the same message again. */
  isHeld(packetIdentifier: number): boolean {
    return this.#incoming.has(packetIdentifier);
  }

  /** @param given - resolves when the message is published; rejects when it is not, which must be asked for again then */
  hold(packetIdentifier: number, given: Promise<void>): void {
    this.#incoming.set(packetIdentifier, given);
    const settle = (isGiven: boolean) => {
      if (this.#incoming.get(packetIdentifier) !== given) return;
      if (isGiven) this.#incoming.set(packetIdentifier, undefined);
      else void this.release(packetIdentifier);
    };
    given.then(
      () => settle(true),
      () => settle(false),
    );
  }

  /** Of a message held; undefined: it is published. */
  given(packetIdentifier: number): Promise<void> | undefined {
    return this.#incoming.get(packetIdentifier);
  }

  /** @returns its message is published: both are kept, or none; to be called in the same turn. Of this session only */
  keeper(packetIdentifier: number): () => void {
    const session = this.#sessions;
    return () => {
      if (this.#store === undefined || this.#sessions !== session) return;
      this.#kept.add(packetIdentifier);
      this.#tables.incoming.set(this.#key(String(packetIdentifier)), Buffer.alloc(0), true);
    };
  }

  /**
   * The far side released it, and may use the identifier for another message once it is told so.
   *
   * @returns resolves when that is kept; false: it was not held
   */
  release(packetIdentifier: number): Promise<void> | undefined | false {
    if (!this.#incoming.delete(packetIdentifier)) return false;
    if (!this.#kept.delete(packetIdentifier)) return undefined;
    this.#tables.incoming.delete(this.#key(String(packetIdentifier)));
    return this.#store?.commit();
  }

  /** @returns resolves when that will be known after a crash */
  subscribed(filter: string): Promise<void> | undefined {
    this.#asked.add(filter);
    if (this.#filters.has(filter)) return undefined;
    this.#filters.add(filter);
    this.#tables.filter.set(this.#key(filter), Buffer.alloc(0), false);
    return this.#store?.commit();
  }

  /** Over this connection, and still wanted. */
  isAsked(filter: string): boolean {
    return this.#asked.has(filter);
  }

  /** It is about to be ended. */
  unwanted(filter: string): void {
    this.#asked.delete(filter);
  }

  unsubscribed(filter: string): void {
    this.#asked.delete(filter);
    if (this.#filters.delete(filter)) this.#tables.filter.delete(this.#key(filter));
  }

  /** As it was found in the store. */
  restore(found: { clientId: string | undefined; incoming: readonly number[]; filters: readonly string[] }): void {
    this.#clientId = found.clientId;
    for (const packetIdentifier of found.incoming) {
      this.#incoming.set(packetIdentifier, undefined);
      this.#kept.add(packetIdentifier);
    }
    for (const filter of found.filters) this.#filters.add(filter);
  }

  #forget(): void {
    for (const packetIdentifier of this.#kept) this.#tables.incoming.delete(this.#key(String(packetIdentifier)));
    for (const filter of this.#filters) this.#tables.filter.delete(this.#key(filter));
    this.#sessions++;
    this.#incoming.clear();
    this.#kept.clear();
    this.#filters.clear();
  }

  #key(rest: string): string {
    return this.#prefix + SEPARATOR + rest;
  }
}

/** Of all links. */
export class FarMemories {
  readonly #store: Store | undefined;
  readonly #tables: Tables;
  /** By link and far side. */
  readonly #memories = new Map<string, FarMemory>();

  /** @param links - names; what is found of others is removed */
  constructor(store: Store | undefined, links: ReadonlySet<string>) {
    this.#store = store;
    const table = (name: (typeof linksTables)[number]) => store?.table(name) ?? NOWHERE;
    this.#tables = { session: table('link-session'), incoming: table('link-incoming'), filter: table('link-filter') };
    this.#find(links);
  }

  /** @param far - host and port */
  of(link: string, far: string): FarMemory {
    const prefix = link + SEPARATOR + far;
    let memory = this.#memories.get(prefix);
    if (memory === undefined) {
      memory = new FarMemory(prefix, this.#tables, this.#store);
      this.#memories.set(prefix, memory);
    }
    return memory;
  }

  #find(links: ReadonlySet<string>): void {
    const found = new Map<string, { clientId: string | undefined; incoming: number[]; filters: string[] }>();
    const entry = (table: StoredTable, key: string) => {
      const [link = '', far = ''] = key.split(SEPARATOR, 2);
      if (!links.has(link)) {
        table.delete(key);
        return undefined;
      }
      const prefix = link + SEPARATOR + far;
      const known = found.get(prefix) ?? { clientId: undefined, incoming: [], filters: [] };
      found.set(prefix, known);
      return { known, rest: key.slice(prefix.length + 1) };
    };
    const { session, incoming, filter } = this.#tables;
    for (const [key, value] of session.entries()) {
      const at = entry(session, key);
      if (at !== undefined) at.known.clientId = value.toString();
    }
    for (const [key] of incoming.entries()) {
      const at = entry(incoming, key);
      at?.known.incoming.push(Number(at.rest));
    }
    for (const [key] of filter.entries()) {
      const at = entry(filter, key);
      at?.known.filters.push(at.rest);
    }
    for (const [prefix, known] of found) {
      const [link = '', far = ''] = prefix.split(SEPARATOR);
      this.of(link, far).restore(known);
    }
  }
}
