/** A disk that is full, read-only, or damaged. The real ones need root: a small tmpfs, and a bind mount. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { type Log, silentLog } from '../../../src/core/log.js';
import { ManualClock } from '../../support/manual-clock.js';
import { eventually } from '../../support/peers.js';
import { delivery, folderOf, openedStore, payloads } from './support.js';

const asRoot = process.getuid?.() === 0 ? {} : { skip: 'mounting needs root' };

function mounted(t: Test, ...options: readonly string[]): string {
  const folder = join(folderOf(t), 'disk');
  mkdirSync(folder);
  execFileSync('mount', [...options, folder]);
  t.teardown(() => execFileSync('umount', [folder]));
  return folder;
}

t.test(
  'a full disk refuses what is new, gives out what is there, and goes on when there is space',
  asRoot,
  async (t) => {
    const folder = mounted(t, '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs');
    const store = await openedStore(t, folder);
    const queue = store.queue('a');
    let kept = 0;
    let refusal: unknown;
    for (; kept < 1_000 && refusal === undefined; kept++) {
      queue.append(delivery(`${kept} ${'x'.repeat(50_000)}`));
      await store.commit()?.catch((error: unknown) => {
        refusal = error;
      });
    }
    kept--;
    t.match(refusal, { code: 'STORE_FULL', fault: 'limit' });
    t.ok(kept > 5, `${kept} messages fit`);
    t.equal(store.status().state, 'degraded');
    await eventually(() => queue.messages === kept);
    const stored = await queue.read(0, 5);
    t.equal(stored[0]?.message.payload.toString().slice(0, 2), '0 ');
    for (const one of stored) queue.settle(one);
    await eventually(() => store.fault === undefined, 15_000);
    queue.append(delivery('after'));
    await store.commit();
    t.same(await payloads(queue, queue.lastSequence - 1), ['after']);
    t.equal(queue.messages, kept - 5 + 1, 'what was taken while it was full is gone, what was kept is there');
  },
);

t.test('while the disk is full, the fault stays: it is said once, and asked by writing', asRoot, async (t) => {
  const folder = mounted(t, '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs');
  const logged: string[] = [];
  const say = (_: unknown, text = '') => void logged.push(text);
  const log: Log = { ...silentLog, error: say, info: say };
  const clock = new ManualClock();
  const store = await openedStore(t, folder, { log, clock });
  const queue = store.queue('a');
  await store.commit();
  // Nothing of the size of a message fits any more.
  const filler = join(folder, 'filler');
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(filler, Buffer.alloc(bavail * bsize - 8 * bsize));
  queue.append(delivery('x'.repeat(100_000)));
  await t.rejects(Promise.resolve(store.commit()), { code: 'STORE_FULL' });
  for (let second = 1; second <= 5; second++) {
    const { failedCommits } = store.figures();
    await clock.advance(1_000);
    await eventually(() => store.figures().failedCommits > failedCommits);
    t.match(store.fault, { code: 'STORE_FULL' }, `after ${second} s`);
  }
  t.same(logged, ['the store cannot write: messages that must be kept are refused']);
  rmSync(filler);
  await clock.advance(1_000);
  await eventually(() => store.fault === undefined);
  t.same(logged.slice(1), ['the store writes again']);
  queue.append(delivery('after'));
  await store.commit();
  t.same(await payloads(queue), ['after']);
  await store[Symbol.asyncDispose]();
  const database = new DatabaseSync(join(folder, 'store.sqlite'));
  t.teardown(() => database.close());
  t.same(database.prepare('SELECT folder, key FROM record').all(), [], 'nothing is left of what was written to ask');
});

t.test('what was lost with a refused batch is told to its queue', asRoot, async (t) => {
  const folder = mounted(t, '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs');
  const store = await openedStore(t, folder);
  const queue = store.queue('a');
  queue.append(delivery('small'));
  await store.commit();
  const lost: number[] = [];
  queue.onLost = (...range) => lost.push(...range);
  queue.append(delivery('M'.repeat(2_000_000)));
  queue.append(delivery('with it'));
  await t.rejects(Promise.resolve(store.commit()), { code: 'STORE_FULL' });
  t.same(lost, [2, 3, 2]);
  t.equal(queue.messages, 1);
  t.same(await payloads(queue), ['small']);
});

t.test(
  'a disk that became read-only: what is there is given out, and a start there tells why nothing is kept',
  asRoot,
  async (t) => {
    const disk = mounted(t, '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs');
    const folder = join(disk, 'data');
    const first = await openedStore(t, folder);
    first.queue('a').append(delivery('kept'));
    await first.commit();
    await first[Symbol.asyncDispose]();
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const store = await openedStore(t, folder);
    t.match(store.fault, { code: 'STORE_READ_ONLY' });
    const queue = store.queue('a');
    t.same(await payloads(queue), ['kept']);
    queue.append(delivery('new'));
    await t.rejects(Promise.resolve(store.commit()), { code: 'STORE_READ_ONLY' });
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    await eventually(() => store.fault === undefined, 10_000);
    queue.append(delivery('newer'));
    await store.commit();
    t.same(await payloads(queue), ['kept', 'newer']);
  },
);

t.test('a folder that cannot be made: the store opens and says so', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'file'), '');
  const store = await openedStore(t, join(folder, 'file', 'data'));
  t.match(store.fault, { fault: 'limit' });
  store.queue('a').append(delivery('x'));
  await t.rejects(Promise.resolve(store.commit()));
});

/** A store with messages of two queues and a table, closed; several pages of each. */
async function filled(t: Test, folder: string): Promise<void> {
  const store = await openedStore(t, folder);
  for (let i = 0; i < 300; i++) {
    store.queue('a').append(delivery(`a${i} ${'x'.repeat(300)}`));
    store.queue('b').append(delivery(`b${i} ${'x'.repeat(300)}`));
    store.table('session').set(`s${i}`, Buffer.from('y'.repeat(100)), true);
  }
  await store.commit();
  await store[Symbol.asyncDispose]();
}

t.test('a damaged page: what can be read is kept, the damaged file is set aside', async (t) => {
  const folder = folderOf(t);
  await filled(t, folder);
  const file = join(folder, 'store.sqlite');
  const pages = readFileSync(file).length / 4096;
  const descriptor = openSync(file, 'r+');
  // Behind the first pages, which hold the schema: somewhere in the entries.
  writeSync(descriptor, Buffer.alloc(4096, 0xa5), 0, 4096, Math.floor(pages / 2) * 4096);
  const store = await openedStore(t, folder);
  t.equal(store.fault, undefined);
  const left = store.queue('a').messages + store.queue('b').messages;
  t.ok(left > 0 && left < 600, `${left} of 600 messages were kept`);
  t.ok((await payloads(store.queue('a'))).every((payload) => /^a\d+ x{300}$/.test(payload)));
  t.ok(readdirSync(folder).some((name) => name.startsWith('store.sqlite.damaged-')));
  store.queue('a').append(delivery('new'));
  await store.commit();
});

t.test('a file that is no database at all: a new one is begun', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'store.sqlite'), 'not a database, but long enough to be taken for one'.repeat(100));
  const store = await openedStore(t, folder);
  t.equal(store.fault, undefined);
  store.queue('a').append(delivery('x'));
  await store.commit();
  t.equal(readdirSync(folder).filter((name) => name.includes('damaged')).length, 1);
});

t.test('a write-ahead log that was cut anywhere: all of a commit, or nothing, and never out of order', async (t) => {
  const folder = folderOf(t);
  const store = await openedStore(t, folder);
  const queue = store.queue('a');
  for (let commit = 0; commit < 10; commit++) {
    for (let i = 0; i < 3; i++) queue.append(delivery(`${commit}.${i}`));
    await store.commit();
  }
  // As a power cut leaves it: not closed.
  const live = ['store.sqlite', 'store.sqlite-wal'].map((name) => [name, readFileSync(join(folder, name))] as const);
  const logBytes = live[1]![1].length;
  for (let cut = 0; cut < 25; cut++) {
    const copy = join(folder, `cut${cut}`);
    mkdirSync(copy);
    for (const [name, bytes] of live) writeFileSync(join(copy, name), bytes);
    truncateSync(join(copy, 'store.sqlite-wal'), Math.max(0, logBytes - 1 - cut * 977));
    const cutStore = await openedStore(t, copy);
    const found = await payloads(cutStore.queue('a'));
    const expected = Array.from({ length: found.length }, (_, i) => `${Math.floor(i / 3)}.${i % 3}`);
    t.same(found, expected);
    t.equal(found.length % 3, 0);
    await cutStore[Symbol.asyncDispose]();
  }
});

for (const [where, share] of [
  ['its first half', 0.3],
  ['its second half', 0.7],
] as const) {
  t.test(`a log damaged in ${where}: the commits before are kept, those behind are said to be lost`, async (t) => {
    const folder = folderOf(t);
    const data = join(folder, 'data');
    const store = await openedStore(t, data);
    const sizes: number[] = [];
    for (let i = 0; i < 20; i++) {
      store.queue('a').append(delivery(`${i}`));
      await store.commit();
      sizes.push(statSync(join(data, 'store.sqlite-wal')).size);
    }
    const copy = join(folder, 'copy');
    mkdirSync(copy);
    for (const name of ['store.sqlite', 'store.sqlite-wal']) copyFileSync(join(data, name), join(copy, name));
    const at = Math.floor(sizes.at(-1)! * share);
    const descriptor = openSync(join(copy, 'store.sqlite-wal'), 'r+');
    writeSync(descriptor, Buffer.alloc(512, 0xa5), 0, 512, at);
    closeSync(descriptor);
    const logged: { commits?: number; setAside?: string }[] = [];
    const log: Log = { ...silentLog, error: (fields) => void logged.push(fields as object) };
    const again = await openedStore(t, copy, { log });
    const kept = sizes.findLastIndex((size) => size <= at) + 1;
    t.same(
      await payloads(again.queue('a')),
      Array.from({ length: kept }, (_, i) => `${i}`),
    );
    t.match(logged, [{ commits: 20 - kept }]);
    t.equal(statSync(logged[0]!.setAside!).size, sizes.at(-1)!);
    again.queue('a').append(delivery('new'));
    await again.commit();
  });
}
