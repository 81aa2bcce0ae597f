/**
 * Routes by the bytes of their topics: a hash table with chains, so that no string is made to look one up.
 *
 * A subscription with wildcards makes all routes stale, one without only that of its topic: clients that come, subscribe
 * to what is theirs and go cost the others nothing.
 */
import { isUtf8 } from 'node:buffer';
import { topicNameFault } from '../../core/topic.js';
import { topicRefusal } from '../topic-rules.js';
import { type Found, Route } from './route.js';
import { TopicShelf } from './topic-words.js';

const BUCKETS = 16_384;
/** Routes kept, and receivers in all of them: then it starts anew. */
const MAX_ROUTES = 32_768;
const MAX_TARGETS = 131_072;
/** Of the topics of all routes since then, those that went among them, words of four bytes. */
const MAX_WORDS = 2_097_152;
/** A route with more receivers is not kept: messages are, for it takes longer to send them than to find out to whom. */
const MAX_FANOUT = 16_384;
/** Longer topics take the general path, bytes. */
const MAX_TOPIC_BYTES = 1_024;

export class Routes {
  readonly #find: (topic: string) => Found | undefined;
  #table: (Route | undefined)[] | undefined;
  #size = 0;
  #targets = 0;
  #shelf = new TopicShelf();
  /** Of the subscriptions. */
  version = 0;

  /** @param find - who gets what is published to a topic; undefined: not to be said in advance */
  constructor(find: (topic: string) => Found | undefined) {
    this.#find = find;
  }

  get size(): number {
    return this.#size;
  }

  /** A subscription to this filter has come, changed or gone. */
  changed(filter: string): void {
    if (this.#size === 0) {
      this.version++;
      return;
    }
    if (filter.includes('+') || filter.includes('#')) {
      this.#clear();
      return;
    }
    const bytes = Buffer.from(filter);
    const route = this.#known(bytes, 0, bytes.length, hashOf(bytes, 0, bytes.length));
    if (route !== undefined) this.#remove(route);
  }

  /**
   * @param start - where the Topic Name begins in `bytes`, and ends
   * @returns undefined: the topic is not one that a client may publish to, or the general path is better
   */
  lookUp(bytes: Buffer, start: number, end: number): Route | undefined {
    const hash = hashOf(bytes, start, end);
    return this.#known(bytes, start, end, hash) ?? this.#make(bytes.subarray(start, end), hash);
  }

  /** The same with new verdicts on its receivers, and on who publishes. */
  renew(route: Route): Route {
    if (route.version === this.version) this.#remove(route);
    return this.lookUp(Buffer.from(route.topic), 0, route.length) ?? route;
  }

  #known(bytes: Buffer, start: number, end: number, hash: number): Route | undefined {
    let route = this.#table?.[bucketOf(hash)];
    while (route !== undefined && !(route.hash === hash && route.isFor(bytes, start, end))) route = route.next;
    return route;
  }

  #make(bytes: Buffer, hash: number): Route | undefined {
    if (bytes.length === 0 || bytes.length > MAX_TOPIC_BYTES || !isUtf8(bytes) || bytes.includes(0)) return undefined;
    const topic = bytes.toString('utf8');
    if (topicNameFault(topic) !== undefined || topicRefusal(topic) !== undefined) return undefined;
    const found = this.#find(topic);
    if (found === undefined || found.targets.length > MAX_FANOUT) return undefined;
    this.#targets += found.targets.length;
    if (++this.#size > MAX_ROUTES || this.#targets > MAX_TARGETS || this.#shelf.size > MAX_WORDS) {
      this.#clear();
      this.#size = 1;
      this.#targets = found.targets.length;
    }
    const route = new Route(topic, this.#shelf.put(bytes), hash, this.version, found);
    this.#table ??= new Array<Route | undefined>(BUCKETS).fill(undefined);
    route.next = this.#table[bucketOf(hash)];
    this.#table[bucketOf(hash)] = route;
    return route;
  }

  #remove(route: Route): void {
    const table = this.#table!;
    const bucket = bucketOf(route.hash);
    route.version = -1;
    route.successor = undefined;
    this.#size--;
    this.#targets -= route.targets.length;
    if (table[bucket] === route) {
      table[bucket] = route.next;
      return;
    }
    let before = table[bucket]!;
    while (before.next !== route) before = before.next!;
    before.next = route.next;
  }

  #clear(): void {
    this.version++;
    this.#forget();
    this.#shelf = new TopicShelf();
    this.#size = 0;
    this.#targets = 0;
  }

  /** Whoever holds a stale route must not hold all those that came after it. */
  #forget(): void {
    const table = this.#table;
    if (table === undefined) return;
    for (let i = 0; i < table.length; i++) {
      for (let route = table[i]; route !== undefined; route = route.next) route.successor = undefined;
    }
    table.fill(undefined);
  }
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}

function bucketOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & (BUCKETS - 1);
}
