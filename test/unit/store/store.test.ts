import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import type { GatewayError } from '../../../src/core/errors.js';
import { delivery, folderOf, openedStore, payloads } from './support.js';

t.test('what was committed is there after the next start, in order, as it was', async (t) => {
  const folder = folderOf(t);
  const store = await openedStore(t, folder);
  const queue = store.queue('session:a');
  const properties = { responseTopic: 'r', userProperties: [['k', 'v']] as [string, string][] };
  const first = delivery('one', { qos: 2, retain: true, identifiers: [1, 268_435_455] });
  queue.append({ ...first, message: { ...first.message, properties, expiresAt: 12_345 } });
  queue.append(delivery('two'));
  t.same(await payloads(queue), ['one', 'two'], 'read sees what was said before it');
  await store.commit();
  await store[Symbol.asyncDispose]();

  const again = await openedStore(t, folder);
  t.same(again.orphans(), ['session:a']);
  const found = again.queue('session:a');
  t.same(again.orphans(), []);
  t.equal(found.messages, 2);
  t.equal(found.lastSequence, 2);
  const [one, two] = await found.read(0, 10);
  t.match(one, { qos: 2, retain: true, identifiers: [1, 268_435_455], sequence: 1, released: 0 });
  t.match(one?.message, { topic: 'a/b', properties, expiresAt: 12_345, origin: 'client:p' });
  t.match(two, { qos: 1, retain: false, identifiers: [], sequence: 2 });
  t.equal(found.bytes, one!.bytes + two!.bytes);
  t.equal(found.append(delivery('three')).sequence, 3);
});

t.test('a message of many receivers is written once, and goes with the last of them', async (t) => {
  const folder = folderOf(t);
  const store = await openedStore(t, folder);
  const shared = delivery('shared');
  const queues = Array.from({ length: 50 }, (_, i) => store.queue(`q${i}`));
  const stored = queues.map((queue) => queue.append(shared));
  await store.commit();
  for (const [i, queue] of queues.slice(0, 49).entries()) queue.settle(stored[i]!);
  await store.commit();
  t.same(await payloads(queues[49]!), ['shared']);
  await store[Symbol.asyncDispose]();

  const rows = (): number[] => {
    const database = new DatabaseSync(join(folder, 'store.sqlite'));
    const counts = ['message', 'reference', 'entry'].map(
      (name) => (database.prepare(`SELECT COUNT(*) AS n FROM ${name}`).get() as { n: number }).n,
    );
    database.close();
    return counts;
  };
  t.same(rows(), [1, 1, 1]);
  const again = await openedStore(t, folder);
  const last = again.queue('q49');
  last.settle((await last.read(0, 1))[0]!);
  await again.commit();
  await again[Symbol.asyncDispose]();
  t.same(rows(), [0, 0, 0]);
});

t.test('what is taken before its batch leaves costs the disk nothing', async (t) => {
  const store = await openedStore(t, folderOf(t));
  const [a, b] = [store.queue('a'), store.queue('b')];
  await store.commit();
  const { commits } = store.figures();
  const both = delivery('x');
  const inA = a.append(both);
  const inB = b.append(both);
  a.settle(inA);
  b.settle(inB);
  t.equal(store.commit(), undefined, 'nothing is left to be written');
  t.same([a.messages, a.bytes, b.messages], [0, 0, 0]);
  const kept = [a.append(both), b.append(delivery('y')), a.append(delivery('z'))] as const;
  a.settle(kept[0]);
  await store.commit();
  t.same([await payloads(a), await payloads(b)], [['z'], ['y']]);
  t.equal(store.figures().commits, commits + 1);
});

t.test('who waits for a batch is told also when all of it is taken before it leaves', async (t) => {
  const store = await openedStore(t, folderOf(t));
  const queue = store.queue('a');
  queue.append(delivery('x'));
  const first = store.commit();
  // The first batch is on its way: what is said now is the next.
  await turn();
  const taken = queue.append(delivery('y'));
  const second = store.commit();
  queue.settle(taken);
  await first;
  await second;
  t.same(await payloads(queue), ['x']);
});

t.test('what belongs to a batch is said before it leaves', async (t) => {
  const folder = folderOf(t);
  const store = await openedStore(t, folder);
  let additions = 0;
  store.beforeBatch(() => store.table('session').set('added', Buffer.from(`${++additions}`), true));
  await store.commit();
  t.equal(additions, 0, 'nothing is written for it alone');
  store.queue('a').append(delivery('x'));
  await store.commit();
  t.equal(additions, 1);
  await store[Symbol.asyncDispose]();
  const again = await openedStore(t, folder);
  const found = [...again.table('session').entries()].map(([key, value]) => `${key} ${value}`);
  t.strictSame(found, ['added 2'], 'and at the end');
});

t.test('a message that lost its only receiver may still get another', async (t) => {
  const store = await openedStore(t, folderOf(t));
  const [a, b] = [store.queue('a'), store.queue('b')];
  const one = delivery('x');
  a.settle(a.append(one));
  b.append(one);
  await store.commit();
  t.same([await payloads(a), await payloads(b)], [[], ['x']]);
});

t.test('released messages are known as such, and in which order they were released', async (t) => {
  const folder = folderOf(t);
  const store = await openedStore(t, folder);
  const queue = store.queue('a');
  const stored = Array.from({ length: 5 }, (_, i) => queue.append(delivery(`m${i}`, { qos: 2 })));
  queue.release(stored[3]!);
  queue.release(stored[1]!);
  // Said twice: the first counts.
  queue.release(stored[3]!);
  await store.commit();
  await store[Symbol.asyncDispose]();
  const again = await openedStore(t, folder);
  const found = again.queue('a');
  found.release((await found.read(0, 1))[0]!);
  const released = async (...range: [upTo: number, after: number, messages: number]) =>
    (await found.readReleased(...range)).map(({ message }) => message.payload.toString());
  t.same(await released(9, 0, 9), ['m3', 'm1', 'm0']);
  t.same(await released(9, 0, 1), ['m3']);
  const [first] = await found.readReleased(9, 0, 1);
  t.same(await released(9, first!.released, 9), ['m1', 'm0'], 'from behind one');
  t.same(await released(2, 0, 9), ['m1', 'm0'], 'up to a sequence');
  t.match(await found.read(2, 2), [{ released: 0 }, { released: first!.released, qos: 2 }]);
});

t.test('what a batch says of its own entries holds, however many there are', async (t) => {
  const folder = folderOf(t);
  for (const count of [1, 7, 8, 9, 16, 20]) {
    const store = await openedStore(t, folder);
    const queue = store.queue(`q${count}`);
    const given = Array.from({ length: count }, (_, i) =>
      delivery(`${i}`, { qos: 2, identifiers: i % 3 ? [] : [i + 1] }),
    );
    const stored = given.map((one) => queue.append(one));
    queue.release(stored.at(-1)!);
    const removed = store.queue(`removed ${count}`);
    for (const one of given) removed.append(one);
    removed.remove();
    await store.commit();
    await store[Symbol.asyncDispose]();

    const again = await openedStore(t, folder);
    t.notOk(again.orphans().includes(`removed ${count}`));
    const found = await again.queue(`q${count}`).read(0, 100);
    t.same(
      found.map(({ message, identifiers }) => [message.payload.toString(), identifiers]),
      given.map(({ message, identifiers }) => [message.payload.toString(), identifiers]),
    );
    t.same(
      found.map(({ released }) => released > 0),
      given.map((_, i) => i === count - 1),
    );
    await again[Symbol.asyncDispose]();
    const database = new DatabaseSync(join(folder, 'store.sqlite'));
    const rest = database.prepare('SELECT COUNT(*) AS n FROM entry WHERE queue NOT IN (SELECT id FROM queue)').get();
    database.close();
    t.same(rest, { n: 0 }, 'nothing is left of the queue that was removed');
  }
});

t.test('dropOldest spares what is in flight and what is released', async (t) => {
  const store = await openedStore(t, folderOf(t));
  const queue = store.queue('a');
  for (let i = 1; i <= 10; i++) queue.append(delivery(`${i}`, { qos: 2 }));
  queue.release((await queue.read(0, 10))[4]!);
  t.equal(await queue.dropOldest(0, 3, 3), 3);
  t.same(await payloads(queue), ['1', '2', '3', '5', '8', '9', '10']);
  t.equal(queue.messages, 7);
  t.equal(await queue.dropOldest(0, 9, 100), 1);
  for (let i = 11; i <= 14; i++) queue.append(delivery(`${i}`));
  t.equal(await queue.dropOldest(1, 14, 2), 2, 'of QoS 1 all but as many of the oldest as may be in flight');
  t.same(await payloads(queue, 10), ['11', '14']);
});

t.test('reading goes on behind the last that was read', async (t) => {
  const store = await openedStore(t, folderOf(t));
  const queue = store.queue('a');
  for (let i = 1; i <= 5; i++) queue.append(delivery(`${i}`));
  t.same(await payloads(queue, 0, 2), ['1', '2']);
  t.same(await payloads(queue, 2, 2), ['3', '4']);
  t.same(await payloads(queue, 5, 2), []);
  for (let i = 0; i < 5; i++) queue.append(delivery('M'.repeat(400_000)));
  t.equal((await queue.read(5, 100)).length, 3, 'an answer is limited in bytes');
});

t.test('a queue that is removed is gone with all it had', async (t) => {
  const folder = folderOf(t);
  const store = await openedStore(t, folder);
  store.queue('a').append(delivery('x'));
  store.queue('b').append(delivery('y'));
  await store.commit();
  store.queue('a').remove();
  t.equal(store.queue('a').lastSequence, 0, 'a new one begins');
  await store.commit();
  await store[Symbol.asyncDispose]();
  const again = await openedStore(t, folder);
  t.same(again.orphans().toSorted(), ['a', 'b']);
  t.equal(again.queue('a').messages, 0);
  t.equal(again.queue('b').messages, 1);
});

t.test('tables keep records by key', async (t) => {
  const folder = folderOf(t);
  const store = await openedStore(t, folder);
  const table = store.table('session');
  table.set('a', Buffer.from('1'), true);
  table.set('b', Buffer.from('2'), false);
  table.set('a', Buffer.from('3'), true);
  table.delete('b');
  store.table('retained').set('é/ü', Buffer.from([0, 255]), false);
  await store.commit();
  await store[Symbol.asyncDispose]();
  const again = await openedStore(t, folder);
  t.same([...again.table('session').entries()], [['a', Buffer.from('3')]]);
  t.same([...again.table('retained').entries()], [['é/ü', Buffer.from([0, 255])]]);
  t.throws(() => again.table('nonsense'), { message: /no table/ });
});

t.test('a second gateway on the same folder is told so', async (t) => {
  const folder = folderOf(t);
  const store = await openedStore(t, folder);
  store.queue('a').append(delivery('x'));
  await store.commit();
  const error = (await openedStore(t, folder).catch((error: unknown) => error)) as GatewayError;
  t.match(error, { code: 'STORE_IN_USE', fault: 'config' });
  t.match(error.message, folder);
});

t.test('the file is for its owner alone', async (t) => {
  const folder = join(folderOf(t), 'deep', 'data');
  const store = await openedStore(t, folder);
  await store.commit();
  t.equal(statSync(join(folder, 'store.sqlite')).mode & 0o777, 0o600);
});

t.test('relaxed: nobody waits, and what was said is written by the end at the latest', async (t) => {
  const folder = folderOf(t);
  const store = await openedStore(t, folder, { durability: 'relaxed' });
  store.queue('a').append(delivery('x'));
  t.equal(store.commit(), undefined);
  await store[Symbol.asyncDispose]();
  const again = await openedStore(t, folder);
  t.same(await payloads(again.queue('a')), ['x']);
});

t.test('too much that waits is congestion, and its end is told', async (t) => {
  const store = await openedStore(t, folderOf(t));
  const queue = store.queue('a');
  const block = delivery('M'.repeat(1_000_000));
  for (let i = 0; i < 20; i++) queue.append({ ...block, message: { ...block.message } });
  t.equal(store.isCongested, true);
  await store.drained();
  t.equal(store.isCongested, false);
  t.equal(queue.messages, 20);
});

t.test('congestion of what was settled before it left ends, too', async (t) => {
  const store = await openedStore(t, folderOf(t));
  const queue = store.queue('a');
  queue.append(delivery('first'));
  // It leaves; what follows waits for its answer.
  await turn();
  const block = delivery('M'.repeat(1_000_000));
  for (let i = 0; i < 20; i++) queue.settle(queue.append({ ...block, message: { ...block.message } }));
  t.equal(store.isCongested, true);
  await store.drained();
  t.equal(store.isCongested, false);
  t.equal(queue.messages, 1);
});

t.test('a closed store refuses, and closing twice is closing once', async (t) => {
  const store = await openedStore(t, folderOf(t));
  const queue = store.queue('a');
  await store[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  queue.append(delivery('x'));
  await t.rejects(Promise.resolve(store.commit()), { code: 'STORE_FAILED' });
  await t.rejects(queue.read(0, 1), { code: 'STORE_FAILED' });
});

t.test('it answers behind what was said, and refuses when it has ended', async (t) => {
  const folder = folderOf(t);
  const store = await openedStore(t, folder);
  store.queue('a').append(delivery('one'));
  await store.answers();
  t.equal(store.figures().failedCommits, 0);
  await store[Symbol.asyncDispose]();
  await t.rejects(store.answers(), { code: 'STORE_FAILED' });
});
