/** What of a stored queue is in memory while its client is connected: the next messages, and the next whose PUBREL is due again. */
import type { StoredDelivery, StoredQueue } from '../../core/store.js';
import { messageBytes } from '../application-message.js';
import type { Delivery } from '../inflight.js';
import { DropOldestQueue } from '../queue.js';
import type { Backing, Bounds } from './backing.js';

const MOST_MESSAGES = 1_000;
const MOST_BYTES = 1024 * 1024;
/** Read in one go, messages. */
const CHUNK = 500;

export class ReadAhead {
  readonly #backing: Backing;
  readonly #memory: Bounds['memory'];
  readonly #queue: StoredQueue;
  readonly window: DropOldestQueue<Delivery>;
  /** Before all others, in the order of PUBREC [MQTT-4.6.0-4]. */
  readonly released: DropOldestQueue<Delivery>;
  areReleasedRead = true;
  /** The last of them that was read. */
  #releasedTo = 0;
  /** What is left of all up to here is in the window or in flight. */
  readTo = 0;

  constructor(backing: Backing, memory: Bounds['memory']) {
    this.#backing = backing;
    this.#memory = memory;
    this.#queue = backing.queue;
    const unlimited = {
      items: Number.POSITIVE_INFINITY,
      bytes: Number.POSITIVE_INFINITY,
      bytesOf: ({ message }: Delivery) => messageBytes(message),
      onRemoved: ({ message }: Delivery) => memory.release(message),
    };
    this.window = new DropOldestQueue(unlimited);
    this.released = new DropOldestQueue(unlimited);
  }

  get messages(): number {
    return this.window.size + this.released.size;
  }

  get bytes(): number {
    return this.window.bytes + this.released.bytes;
  }

  /** @param hasReleased - there may be messages of which the client has said PUBREC */
  begin(hasReleased: boolean): void {
    this.areReleasedRead = !hasReleased;
    this.#releasedTo = 0;
  }

  /** Everything in memory is let go. */
  clear(): void {
    this.window.clear();
    this.released.clear();
    this.readTo = 0;
  }

  /** Lets the window go, to be read again. @returns false when there is none */
  unload(): boolean {
    const next = this.window.peek();
    if (next === undefined) return false;
    this.window.clear();
    this.readTo = next.stored!.sequence - 1;
    return true;
  }

  /** An appended message: it is held when it is the next and there is room. */
  offer(delivery: Delivery): void {
    const { sequence } = delivery.stored!;
    if (this.readTo !== sequence - 1 || this.window.size >= MOST_MESSAGES || this.window.bytes >= MOST_BYTES) return;
    this.readTo = sequence;
    this.#hold(this.window, delivery);
  }

  /** These are not in the store any more. */
  lose(first: number, last: number): void {
    if (this.window.size === 0) return;
    this.window.removeWhere(({ stored }) => stored!.sequence >= first && stored!.sequence <= last);
  }

  /** Less than half of the window is left, and there is more. */
  get isLow(): boolean {
    return this.window.size < MOST_MESSAGES / 2 && this.readTo < this.#queue.lastSequence;
  }

  /** @param isCurrent - asked when the answer is there: whether it is still of use */
  async loadReleased(upTo: number, isCurrent: () => boolean): Promise<void> {
    const found = await this.#queue.readReleased(upTo, this.#releasedTo, CHUNK);
    if (!isCurrent()) return;
    this.areReleasedRead = found.length === 0;
    for (const stored of found) {
      this.#releasedTo = stored.released;
      this.#hold(this.released, this.deliveryOf(stored));
    }
  }

  /** @see loadReleased. @returns whether it was of use */
  async load(isCurrent: () => boolean): Promise<boolean> {
    const { lastSequence } = this.#queue;
    const found = await this.#queue.read(this.readTo, CHUNK);
    if (!isCurrent()) return false;
    if (found.length === 0) this.readTo = Math.max(this.readTo, lastSequence);
    for (const stored of found) {
      this.readTo = stored.sequence;
      if (stored.released === 0) this.#hold(this.window, this.deliveryOf(stored));
    }
    return true;
  }

  deliveryOf(stored: StoredDelivery): Delivery {
    const { message, qos, retain, identifiers, share } = stored;
    const through = share === undefined ? undefined : this.#backing.shareOf(share);
    return { message, qos, retain, identifiers, share: through, stored };
  }

  #hold(queue: DropOldestQueue<Delivery>, delivery: Delivery): void {
    this.#memory.keep(delivery.message);
    queue.push(delivery);
  }
}
