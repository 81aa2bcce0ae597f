/**
 * Which messages were received already (RFC 7252 §4.5), and what they were answered with.
 *
 * A device that has restarted may use a Message ID again at once for something else, where the RFC wants it to wait for
 * four minutes: so a duplicate has the same bytes, too.
 */
import type { Clock } from '../../../src/adapter.js';

/** Messages that are remembered; more come only from who floods us. */
const LIMIT = 1_024;

interface Seen {
  readonly hash: number;
  /** Monotonic ms. */
  readonly until: number;
  reply: Buffer | undefined;
}

export class Duplicates {
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  readonly #seen = new Map<number, Seen>();

  constructor(clock: Clock, lifetimeMs: number) {
    this.#clock = clock;
    this.#lifetimeMs = lifetimeMs;
  }

  /** @returns undefined: it is new, and remembered from now on; else what it was answered with, if it was */
  take(messageId: number, bytes: Buffer): { readonly reply: Buffer | undefined } | undefined {
    const now = this.#clock.monotonic();
    const hash = fnv1a(bytes);
    const known = this.#seen.get(messageId);
    if (known !== undefined && known.until > now && known.hash === hash) return known;
    this.#seen.delete(messageId);
    this.#forget(now);
    this.#seen.set(messageId, { hash, until: now + this.#lifetimeMs, reply: undefined });
    return undefined;
  }

  answered(messageId: number, reply: Buffer): void {
    const seen = this.#seen.get(messageId);
    if (seen !== undefined) seen.reply = reply;
  }

  #forget(now: number): void {
    for (const [messageId, { until }] of this.#seen) {
      if (until > now && this.#seen.size < LIMIT) return;
      this.#seen.delete(messageId);
    }
  }
}

function fnv1a(bytes: Buffer): number {
  let hash = 0x811c9dc5 ^ bytes.length;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
