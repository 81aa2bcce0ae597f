/**
 * What the link sent and the far side may send back, so that it is not taken for news:
 * - MQTT 3.1.1 has no No Local: a broker returns a client's own messages when one of its subscriptions matches;
 * - every broker sends its retained messages after each SUBSCRIBE, also those that this gateway put there, which may be
 *   older than what the gateway has now.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../core/clock.js';

/** Messages remembered of each kind; the oldest goes first. */
const MAX_REMEMBERED = 4_096;
/** The echo of a live message comes within this time or not at all, ms. */
const ECHO_TIME = 60_000;

export class EchoGuard {
  readonly #clock: Clock;
  readonly #noLocal: boolean;
  /** Topic and payload → how often it was sent lately. Oldest first. */
  readonly #live = new Map<string, { count: number; readonly until: number }>();
  /** Far topic → payload of the retained message that we put there last. Oldest first. */
  readonly #retained = new Map<string, string>();

  /** @param noLocal - the far side does not return live messages (MQTT 5.0 §3.8.3.1) */
  constructor(clock: Clock, noLocal: boolean) {
    this.#clock = clock;
    this.#noLocal = noLocal;
  }

  get size(): number {
    return this.#live.size + this.#retained.size;
  }

  /** Only for topics that the link is subscribed to at the far side. */
  remember(topic: string, payload: Buffer, retain: boolean): void {
    if (this.#noLocal && !retain) return;
    const hash = hashOf(payload);
    if (retain) {
      this.#retained.delete(topic);
      this.#retained.set(topic, hash);
      if (this.#retained.size > MAX_REMEMBERED) this.#retained.delete(firstOf(this.#retained));
    }
    if (this.#noLocal) return;
    const now = this.#clock.monotonic();
    const key = `${hash} ${topic}`;
    const known = this.#live.get(key);
    // Deleted and set again, so that the map stays in the order of time.
    this.#live.delete(key);
    this.#live.set(key, {
      count: known !== undefined && known.until > now ? known.count + 1 : 1,
      until: now + ECHO_TIME,
    });
    for (const [oldest, { until }] of this.#live) {
      if (until > now && this.#live.size <= MAX_REMEMBERED) break;
      this.#live.delete(oldest);
    }
  }

  /** Is this message from the far side our own? A live one is recognised once for each time it was sent. */
  isEcho(topic: string, payload: Buffer, retain: boolean): boolean {
    if (this.#live.size === 0 && !this.#retained.has(topic)) return false;
    const hash = hashOf(payload);
    const key = `${hash} ${topic}`;
    const live = this.#live.get(key);
    if (live !== undefined && !retain) {
      live.count--;
      if (live.count === 0) this.#live.delete(key);
      if (live.until > this.#clock.monotonic()) return true;
    }
    const retained = this.#retained.get(topic);
    if (retained === undefined) return false;
    if (retain && retained === hash) return true;
    // Somebody else wrote to the topic: from now on our own value there would be news.
    this.#retained.delete(topic);
    return false;
  }

  /** The far side forgot the subscriptions with the connection: no live echo will come any more. */
  disconnected(): void {
    this.#live.clear();
  }
}

function hashOf(payload: Buffer): string {
  return createHash('sha1').update(payload).digest('base64');
}

function firstOf(map: ReadonlyMap<string, unknown>): string {
  for (const key of map.keys()) return key;
  throw new RangeError('the map is empty');
}
