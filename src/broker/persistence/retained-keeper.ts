/**
 * Retained messages in the store: of QoS 1 and 2 at once; of QoS 0, and the values of devices, once in a while and only the
 * last of each topic, so that they do not wear the flash: nobody waits for them, and after a start they are read again.
 * `$SYS/…` is never kept: the broker speaks of itself.
 */
import type { Clock, Timer } from '../../core/clock.js';
import type { Message, Origin, QoS } from '../../core/message.js';
import { decodeMessageRecord, encodeMessageRecord } from '../../core/message-record.js';
import type { StoredTable } from '../../core/store.js';

/** How long a retained message of QoS 0 may wait to be written, ms. */
const LAZY_INTERVAL = 5_000;

/** What nobody waits for until it is on disk. */
export function isLazy(qos: QoS, origin: Origin | undefined): boolean {
  return qos === 0 || origin?.startsWith('device:') === true;
}

export class RetainedKeeper implements Disposable {
  readonly #table: StoredTable;
  readonly #clock: Clock;
  /** Topic → its newest; undefined: cleared. */
  readonly #lazy = new Map<string, Message | undefined>();
  #timer: Timer | undefined;

  constructor(table: StoredTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** @returns whether its publisher must wait for the commit */
  set(message: Message): boolean {
    const { topic } = message;
    if (topic.startsWith('$SYS/')) return false;
    if (isLazy(message.qos, message.origin)) {
      this.#later(topic, message);
      return false;
    }
    this.#lazy.delete(topic);
    this.#table.set(topic, encodeMessageRecord(message), true);
    return true;
  }

  /** The message that is kept has a stamp now: after a start it is to have the same. */
  stamped(message: Message): void {
    const { topic } = message;
    if (topic.startsWith('$SYS/') || this.#lazy.has(topic)) return;
    this.#table.set(topic, encodeMessageRecord(message), false);
  }

  /** @returns whether who cleared it must wait for the commit */
  delete(topic: string, qos: QoS, origin?: Origin): boolean {
    if (topic.startsWith('$SYS/')) return false;
    if (isLazy(qos, origin)) {
      this.#later(topic, undefined);
      return false;
    }
    this.#lazy.delete(topic);
    this.#table.delete(topic);
    return true;
  }

  /** What was found at start and has not expired. */
  *entries(): Generator<Message> {
    const now = this.#clock.now();
    for (const [topic, bytes] of this.#table.entries()) {
      const message = decodeMessageRecord(bytes);
      if (message === undefined || message.expiresAt <= now) this.#table.delete(topic);
      else yield message;
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#write();
  }

  #later(topic: string, message: Message | undefined): void {
    this.#lazy.set(topic, message);
    this.#timer ??= this.#clock.after(LAZY_INTERVAL, () => {
      this.#timer = undefined;
      this.#write();
    });
  }

  #write(): void {
    for (const [topic, message] of this.#lazy) {
      if (message === undefined) this.#table.delete(topic);
      else this.#table.set(topic, encodeMessageRecord(message), false);
    }
    this.#lazy.clear();
  }
}
