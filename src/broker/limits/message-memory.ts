/**
 * What all sessions together may keep: queued messages and those in flight.
 *
 * A large message that many sessions wait for is there once and counts once; what each entry costs beside it counts for
 * each. When it is too much, no session gets a second message in flight, and those that hold most lose their oldest queued
 * messages; when nothing queued is left, those are ended that have acknowledged nothing for long.
 */
import type { Message } from '../../core/message.js';
import { messageBytes } from '../application-message.js';

/** Measured, roughly: delivery, queue or in-flight entry, and the message's own object. */
export const ENTRY_BYTES = 256;
/** Not worth being looked up: counted for each who holds it. */
const SMALL_BYTES = 256;
/** How far it goes down once it is too much, so that it is not done for each message. */
const RELIEF = 15 / 16;
/** Where nothing more can be freed, it is tried again only once this part of the limit has been added. */
const RETRY = 1 / 64;

export interface MessageHolder {
  /** Its messages, queued and in flight, bytes. */
  readonly heldBytes: number;
  /** Drops its oldest queued message. @returns false when there is none */
  dropOldest(): boolean;
  /** It has acknowledged nothing for long. */
  readonly isStuck: boolean;
  /** Ends it: what is in flight is lost. */
  giveUp(): void;
}

export class MessageMemory {
  readonly #limit: number;
  readonly #large = new Map<Message, number>();
  readonly #holders = new Set<MessageHolder>();
  #used = 0;
  /** More than this is too much. */
  #threshold: number;
  #isRelieving = false;

  /** @param limit - bytes */
  constructor(limit: number) {
    this.#limit = limit;
    this.#threshold = limit;
  }

  get used(): number {
    return this.#used;
  }

  get isFull(): boolean {
    return this.#used >= this.#limit;
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
    if (this.#used <= this.#limit) this.#threshold = this.#limit;
    if (this.#used <= this.#threshold || this.#isRelieving) return;
    this.#isRelieving = true;
    const target = this.#limit * RELIEF;
    const fattestFirst = [...this.#holders].sort((a, b) => b.heldBytes - a.heldBytes);
    while (this.#used > target && this.#halve(fattestFirst, target));
    for (const holder of fattestFirst) {
      if (this.#used <= target) break;
      if (holder.isStuck) holder.giveUp();
    }
    this.#threshold = Math.max(this.#limit, this.#used + this.#limit * RETRY);
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
