/** Where the messages of a link wait: in the store, or in memory where there is none or it takes nothing. */
import type { OutboxConfig } from '../core/config.js';
import type { Store, StoredQueue, StoredTable } from '../core/store.js';
import { MemoryQueue } from './outbox/memory-queue.js';
import type { Keeping } from './outbox/outbox.js';

/** Tables of what is beside the queues. */
export const keepTables = ['link'] as const;

const QUEUE = 'link:';
/** In memory at most. */
const MEMORY = { maxMessages: 10_000, maxBytes: 64 * 1024 * 1024 };

export interface LinkStore {
  readonly store: Store;
  /** Why no message is taken now that must be kept. */
  refusal(): Error | undefined;
}

export interface Kept {
  readonly isDurable: boolean;
  readonly queue: StoredQueue;
  readonly keeping: Keeping;
  readonly config: OutboxConfig;
  /** undefined: nothing survives. */
  readonly table: StoredTable | undefined;
}

/** @param keep - undefined: there is no store */
export function keepLink(name: string, config: OutboxConfig, keep: LinkStore | undefined): Kept {
  if (keep === undefined || keep.store.fault !== undefined) {
    const maxMessages = Math.min(config.maxMessages, MEMORY.maxMessages);
    const maxBytes = Math.min(config.maxBytes, MEMORY.maxBytes);
    let batch = 0;
    return {
      isDurable: false,
      queue: new MemoryQueue(QUEUE + name),
      keeping: {
        refusal: undefined,
        disk: { freeBytes: 0, diskBytes: 0 },
        // What is settled is gone at once.
        get batchNumber() {
          return ++batch;
        },
        isKept: () => true,
      },
      config: { ...config, maxMessages, maxBytes },
      table: undefined,
    };
  }
  const { store } = keep;
  const { minFree } = config;
  return {
    isDurable: true,
    queue: store.queue(QUEUE + name),
    keeping: {
      get refusal() {
        return keep.refusal();
      },
      get disk() {
        const { disk } = store;
        // Nothing may be written that would say what is free now.
        if (disk.freeBytes < minFree.bytes + minFree.share * disk.diskBytes) store.askDisk();
        return disk;
      },
      get batchNumber() {
        return store.batchNumber;
      },
      isKept: (batch) => store.isKept(batch),
    },
    config,
    table: store.table('link'),
  };
}

/** Names of links that are not configured any more, and for which messages wait. */
export function orphanedLinks(store: Store): readonly string[] {
  return store
    .orphans()
    .filter((receiver) => receiver.startsWith(QUEUE))
    .map((receiver) => receiver.slice(QUEUE.length));
}

export function orphanedQueue(store: Store, name: string): StoredQueue {
  return store.queue(QUEUE + name);
}
