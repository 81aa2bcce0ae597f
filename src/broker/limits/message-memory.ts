/**
 * What all sessions together may keep: queued messages and those in flight.
 *
 * A large message that many sessions wait for is there once and counts once; what each entry costs beside it counts for
 * each. When it is nearly too much, no session gets a second message in flight, and clients that have acknowledged nothing
 * for long are ended; when it is too much, the sessions that hold most lose their oldest queued messages: first those that do
 * not keep up, then those that have acknowledged nothing since it was last too much, and only then the others.
 */
import type { Clock } from '../../core/clock.js';
import type { Message } from '../../core/message.js';
import { messageBytes } from '../application-message.js';

/** Measured, roughly: delivery, queue or in-flight entry, and the message's own object. */
export const ENTRY_BYTES = 256;
/** Not worth being looked up: counted for each who holds it. */
const SMALL_BYTES = 256;
/** How far it goes down once it is too much, so that it is not done for each message. */
const RELIEF = 15 / 16;
/** What is in flight may use so much of it. */
const TIGHT = 3 / 4;
/** Where nothing more can be freed, it is tried again only once this part of the limit has been added. */
const RETRY = 1 / 64;
/** Or after so many ms. */
const RETRY_INTERVAL = 1_000;

export interface MessageHolder {
  /** Its messages, queued and in flight, bytes. */
  readonly heldBytes: number;
  /** Drops its oldest queued message. @returns false when there is none */
  dropOldest(): boolean;
  /** It does not keep up: away, not reading, or slow to acknowledge. */
  readonly isBehind: boolean;
  /** When it last acknowledged something, or something was first to be acknowledged; monotonic ms. */
  readonly progressAt: number;
  /** It is connected and has acknowledged nothing for long. */
  readonly isStuck: boolean;
  /** Ends it: what is in flight is lost. */
  giveUp(): void;
}

export class MessageMemory {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #large = new Map<Message, number>();
  readonly #holders = new Set<MessageHolder>();
  #used = 0;
  /** More than this is too much. */
  #threshold: number;
  /** Until then it is looked at again only beyond the threshold; monotonic ms. */
  #againAt = 0;
  #isRelieving = false;
  /** When it was last relieved, or became tight; monotonic ms. Who acknowledged something since keeps up. */
  #markedAt = 0;
  #isMarked = false;

  /** @param limit - bytes */
  constructor(limit: number, clock: Clock) {
    this.#clock = clock;
    this.#limit = limit;
    this.#threshold = limit * TIGHT;
  }

  get used(): number {
    return this.#used;
  }

  /** No session should have more in flight: what is in flight cannot be dropped, and those that keep up need room, too. */
  get isTight(): boolean {
    return this.#used >= this.#limit * TIGHT;
  }

  add(holder: MessageHolder): void {
    this.#holders.add(holder);
  }

  delete(holder: MessageHolder): void {
    this.#holders.delete(holder);
  }

  /** One more entry with this message. */
  keep(message: Message): void {
    const bytes = messageBytes(message);
    this.#used += ENTRY_BYTES;
    if (bytes <= SMALL_BYTES) {
      this.#used += bytes;
      return;
    }
    const holders = this.#large.get(message) ?? 0;
    if (holders === 0) this.#used += bytes;
    this.#large.set(message, holders + 1);
  }

  /** One entry with this message less. */
  release(message: Message): void {
    const bytes = messageBytes(message);
    this.#used -= ENTRY_BYTES;
    if (bytes <= SMALL_BYTES) {
      this.#used -= bytes;
      return;
    }
    const holders = this.#large.get(message) ?? 1;
    if (holders > 1) {
      this.#large.set(message, holders - 1);
      return;
    }
    this.#large.delete(message);
    this.#used -= bytes;
  }

  /** Makes room when there is too much; to be called after {@link keep}, once the holder is consistent. */
  relieve(): void {
    const tight = this.#limit * TIGHT;
    if (this.#isRelieving) return;
    if (this.#used <= tight) {
      this.#isMarked = false;
      return;
    }
    const now = this.#clock.monotonic();
    if (!this.#isMarked) this.#markedAt = now;
    this.#isMarked = true;
    if (this.#used <= this.#threshold && now < this.#againAt) return;
    this.#isRelieving = true;
    this.#againAt = now + RETRY_INTERVAL;
    const fattestFirst = [...this.#holders].sort((a, b) => b.heldBytes - a.heldBytes);
    // Who keeps up does not pay for those who do not, as long as they have anything.
    const behind = fattestFirst.filter((holder) => holder.isBehind);
    for (const holder of behind) {
      if (this.#used <= tight) break;
      if (holder.isStuck) holder.giveUp();
    }
    if (this.#used > this.#limit) {
      const target = this.#limit * RELIEF;
      while (this.#used > target && this.#halve(behind, target));
      const idle = fattestFirst.filter(({ progressAt }) => progressAt < this.#markedAt);
      while (this.#used > target && this.#halve(idle, target));
      this.#markedAt = now;
      while (this.#used > target && this.#halve(fattestFirst, target));
    }
    const next = this.#used + this.#limit * RETRY;
    this.#threshold = this.#used > this.#limit ? next : Math.min(this.#limit, next);
    this.#isRelieving = false;
  }

  /** Down to half of what each holds, until it is enough. @returns whether anything could be dropped */
  #halve(holders: readonly MessageHolder[], target: number): boolean {
    let isProgress = false;
    for (const holder of holders) {
      const floor = holder.heldBytes / 2;
      while (this.#used > target && holder.heldBytes > floor && holder.dropOldest()) isProgress = true;
      if (this.#used <= target) break;
    }
    return isProgress;
  }
}
