/** A store in a folder of the test, and messages for it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { systemClock } from '../../../src/core/clock.js';
import { silentLog } from '../../../src/core/log.js';
import { createMessage } from '../../../src/core/message.js';
import type { Delivery, StoredQueue } from '../../../src/core/store.js';
import { type OpenStore, openStore, type StoreOptions } from '../../../src/store/store.js';

export function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-store-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Closed at the end of the test, or by the test itself. */
export async function openedStore(t: Test, folder: string, options: Partial<StoreOptions> = {}): Promise<OpenStore> {
  const store = await openStore({
    folder,
    durability: 'strict',
    tables: ['session', 'retained'],
    log: silentLog,
    clock: systemClock,
    ...options,
  });
  t.teardown(() => store[Symbol.asyncDispose]());
  return store;
}

export function delivery(payload: string, rest: Partial<Delivery> = {}): Delivery {
  const message = createMessage({ topic: 'a/b', payload, origin: 'client:p', receivedAt: 1, qos: 1 });
  return { message, qos: 1, retain: false, identifiers: [], share: undefined, ...rest };
}

export async function payloads(queue: StoredQueue, after = 0, messages = 1_000): Promise<string[]> {
  return (await queue.read(after, messages)).map(({ message }) => message.payload.toString());
}
