/** A store in which something waits. */
import type { StoreView } from '../../src/api/contract.js';

export function fakeStore(now: number): StoreView {
  return {
    state: 'up',
    durability: 'strict',
    lossWindow: 0,
    messages: 1_003,
    bytes: 204_800,
    fileBytes: 5_300_000,
    logBytes: 1_000_000,
    freeBytes: 12_000_000_000,
    diskBytes: 64_000_000_000,
    maxBytes: 1_000_000_000,
    overflow: 'refuse',
    sessions: 2,
    retained: 7,
    commits: 5_000,
    failedCommits: 3,
    commitsPerSecond: 12.5,
    changesPerCommit: 42.25,
    commitMs: { p50: 1.25, p99: 12.5 },
    writtenBytes: 90_000_000,
    writtenLastDay: 30_000_000,
    droppedBy: { queueFull: 4, storeFailed: 1 },
    setAside: null,
    queues: [
      { clientId: 'logger', connected: false, messages: 1_000, bytes: 200_000, oldestAt: now - 3_600_000 },
      { clientId: 'panel', connected: true, messages: 3, bytes: 4_800, oldestAt: null },
    ],
    outboxes: [
      { link: 'cloud', configured: true, messages: 0, bytes: 0, oldestAt: null },
      { link: 'old-cloud', configured: false, messages: 12, bytes: 2_400, oldestAt: now - 86_400_000 },
    ],
  };
}
