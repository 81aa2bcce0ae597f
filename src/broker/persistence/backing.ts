/** What the messages of a durable session are given of the store and of its broker, and what they tell. */
import type { Message } from '../../core/message.js';
import type { Share } from '../../core/router.js';
import type { Store, StoredQueue } from '../../core/store.js';

/** What a durable session is given of the store. */
export interface Backing {
  readonly store: Store;
  readonly queue: StoredQueue;
  /** Highest sequence that may have been sent before. */
  readonly sent: number;
  /** Nothing more can be kept. */
  readonly isFull: boolean;
  /** All queues together hold too much: each gives up its oldest. */
  readonly isOverflowing: boolean;
  shareOf(name: string): Share | undefined;
  /** From now on messages up to this sequence may be sent: to be written down. */
  mark(sent: number): void;
}

export interface Bounds {
  readonly limits: {
    readonly queuedMessages: number;
    readonly queuedBytes: number;
    /** Messages in flight at most. */
    readonly receiveMaximum: number;
  };
  readonly memory: { keep(message: Message): void; release(message: Message): void };
}

/** Told by StoredDeliveries. */
export interface DeliveryEvents {
  /** StoredDeliveries.peek() may have something, or a release is on disk. */
  onReady(): void;
  onDropped(messages: number): void;
  /** A batch could not be written: these are not in the store any more. @returns how many of them are in flight */
  onLost(first: number, last: number): number;
  /** The batch with them was refused. */
  onRefused(messages: number): void;
}
