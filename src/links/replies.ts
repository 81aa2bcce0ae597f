/**
 * Response Topics of requests that came from the far side (MQTT 5.0 §4.10). The far side's topic means nothing here, so
 * the request gets a local one, `$link/<link>/<token>`, and what is published there goes back under the original.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.js';

export interface ReplyAddress {
  readonly responseTopic: string;
  readonly correlationData: Buffer | undefined;
}

/** Requests that can wait for a reply at the same time; the oldest goes first. */
const MAX_REQUESTS = 1_000;
/** A reply must come within this time, ms. */
const REPLY_TIME = 5 * 60_000;

export class Replies {
  readonly #prefix: string;
  readonly #clock: Clock;
  /** By local topic, oldest first: all live equally long. */
  readonly #requests = new Map<string, { readonly address: ReplyAddress; readonly until: number }>();

  constructor(linkName: string, clock: Clock) {
    this.#prefix = `$link/${linkName}/`;
    this.#clock = clock;
  }

  /** Local filter of all replies. */
  get filter(): string {
    return `${this.#prefix}#`;
  }

  get size(): number {
    return this.#requests.size;
  }

  isReply(topic: string): boolean {
    return topic.startsWith(this.#prefix);
  }

  /** @returns the local Response Topic, which nobody else can guess */
  add(address: ReplyAddress): string {
    const now = this.#clock.monotonic();
    for (const [topic, request] of this.#requests) {
      if (request.until > now && this.#requests.size < MAX_REQUESTS) break;
      this.#requests.delete(topic);
    }
    const topic = this.#prefix + randomBytes(12).toString('base64url');
    this.#requests.set(topic, { address, until: now + REPLY_TIME });
    return topic;
  }

  /** Where a reply goes; undefined when it is too late or was never asked for. One request may get several replies. */
  find(topic: string): ReplyAddress | undefined {
    const request = this.#requests.get(topic);
    return request !== undefined && request.until > this.#clock.monotonic() ? request.address : undefined;
  }
}
