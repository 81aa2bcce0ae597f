/**
 * With HPMQ_TEST_STORE=1 every {@link Bench} has a store that is no toy: one for the test file, of which each broker sees
 * queues of its own. What the tests ask must be true of durable sessions, too.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokerTables } from '../../src/broker/persistence/persistence.js';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import type { Store } from '../../src/core/store.js';
import { openStore } from '../../src/store/store.js';

const shared = process.env.HPMQ_TEST_STORE === '1' ? await open() : undefined;
let brokers = 0;

async function open(): Promise<Store> {
  // Not at the top: programs that use a Bench are no tests, and tap ends what it believes to hang.
  const { default: t } = await import('tap');
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-shared-store-'));
  const store = await openStore({
    folder,
    durability: 'strict',
    tables: brokerTables,
    log: silentLog,
    clock: systemClock,
  });
  t.teardown(async () => {
    await store[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  return store;
}

/** For one broker; undefined: the tests run in memory. */
export function sharedStore(): Store | undefined {
  if (shared === undefined) return undefined;
  const prefix = `${++brokers}:`;
  return {
    get fault() {
      return shared.fault;
    },
    get batchNumber() {
      return shared.batchNumber;
    },
    get isCongested() {
      return shared.isCongested;
    },
    queue: (receiver) => shared.queue(prefix + receiver),
    orphans: () => [],
    table: (name) => shared.table(name),
    commit: () => shared.commit(),
    beforeBatch: (add) => shared.beforeBatch(add),
    isKept: (batch) => shared.isKept(batch),
    drained: () => shared.drained(),
    figures: () => shared.figures(),
    get bytes() {
      return shared.bytes;
    },
    get disk() {
      return shared.disk;
    },
    askDisk: () => shared.askDisk(),
    answers: () => shared.answers(),
  };
}

/** What was said to the store so far, and what was asked of it, is answered. */
export async function answered(store: Store): Promise<void> {
  await store.queue('question').read(0, 1);
}
