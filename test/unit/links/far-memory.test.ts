/**
 * What a link remembers of its far sides, on a real store. A kill is a start on a copy of the folder as it lies there at that
 * moment.
 */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { FarMemories, linksTables } from '../../../src/links/far-memory.js';
import type { OpenStore } from '../../../src/store/store.js';
import { delivery, folderOf, openedStore, payloads } from '../store/support.js';

const options = { tables: linksTables };
const done = Promise.resolve();

async function opened(t: Test, folder: string) {
  const store = await openedStore(t, folder, options);
  const memories = (...links: string[]) => new FarMemories(store, new Set(links));
  return { store, memories };
}

/** As it would be found after a kill at this moment. */
async function killed(t: Test, folder: string) {
  const copy = join(folderOf(t), 'copy');
  cpSync(folder, copy, { recursive: true });
  return { copy, ...(await opened(t, copy)) };
}

/** Of every identifier. */
const held = (memory: { isHeld(id: number): boolean }) => [1, 2, 3, 4, 65_535].filter((id) => memory.isHeld(id));

async function kept(store: OpenStore): Promise<void> {
  await store.commit();
}

t.test('a QoS 2 message and that it was here are kept together, or neither is [MQTT 5.0 §4.3.3]', async (t) => {
  const folder = folderOf(t);
  const { store, memories } = await opened(t, folder);
  const memory = memories('cloud').of('cloud', 'far:1883');
  await memory.connected('test', true);
  memory.hold(1, done);
  store.queue('reader').append(delivery('one'));
  memory.keeper(1)();
  const before = await killed(t, folder);
  t.strictSame(await payloads(before.store.queue('reader')), []);
  const early = before.memories('cloud').of('cloud', 'far:1883');
  t.strictSame([early.clientId, held(early)], ['test', []]);

  await kept(store);
  const after = await killed(t, folder);
  t.strictSame(await payloads(after.store.queue('reader')), ['one']);
  const late = after.memories('cloud').of('cloud', 'far:1883');
  t.strictSame([late.clientId, held(late)], ['test', [1]]);
  t.equal(late.given(1), undefined, 'it is published');
});

t.test('a release that was answered is not forgotten; one that was not may be asked for again', async (t) => {
  const folder = folderOf(t);
  const { store, memories } = await opened(t, folder);
  const memory = memories('cloud').of('cloud', 'far:1883');
  await memory.connected('test', true);
  for (const id of [1, 65_535]) {
    memory.hold(id, done);
    memory.keeper(id)();
  }
  await kept(store);
  const released = memory.release(1);
  t.ok(released instanceof Promise, 'PUBCOMP has to wait');
  t.strictSame(held((await killed(t, folder)).memories('cloud').of('cloud', 'far:1883')), [1, 65_535]);
  await released;
  t.strictSame(held((await killed(t, folder)).memories('cloud').of('cloud', 'far:1883')), [65_535]);
  t.equal(memory.release(1), false);
});

t.test('a message that could not be published is not held', async (t) => {
  const { memories } = await opened(t, folderOf(t));
  const memory = memories('cloud').of('cloud', 'far:1883');
  const { promise, reject } = Promise.withResolvers<void>();
  memory.hold(1, promise);
  t.equal(memory.given(1), promise, 'the same message again waits for it');
  reject(new Error('the disk is full'));
  await promise.catch(() => {});
  t.notOk(memory.isHeld(1));
});

t.test('links and far sides do not see what others have; a link that is gone leaves nothing', async (t) => {
  const folder = folderOf(t);
  const { store, memories } = await opened(t, folder);
  const all = memories('cloud', 'clouds', 'plant');
  const places = [
    ['cloud', 'a:1883', 1],
    ['cloud', '[::1]:1883', 2],
    ['clouds', 'a:1883', 3],
    ['plant', 'a:1883', 4],
  ] as const;
  for (const [link, far, id] of places) {
    const memory = all.of(link, far);
    await memory.connected(`${link}@${far}`, true);
    memory.hold(id, done);
    memory.keeper(id)();
    void memory.subscribed(`${link}/${id}/#`);
  }
  await kept(store);
  const first = await killed(t, folder);
  const found = first.memories('cloud', 'clouds');
  for (const [link, far, id] of places.slice(0, 3)) {
    const memory = found.of(link, far);
    t.equal(memory.clientId, `${link}@${far}`);
    t.strictSame(held(memory), [id]);
    t.strictSame([...memory.filters], [`${link}/${id}/#`]);
    t.strictSame(memory.leftovers, [`${link}/${id}/#`], 'nobody has asked for it yet');
  }
  await kept(first.store);
  const second = await killed(t, first.copy);
  const gone = second.memories('cloud', 'clouds', 'plant').of('plant', 'a:1883');
  t.strictSame([gone.clientId, held(gone), [...gone.filters]], [undefined, [], []]);
});

t.test('a new session has nothing of the old one', async (t) => {
  const folder = folderOf(t);
  const { store, memories } = await opened(t, folder);
  const memory = memories('cloud').of('cloud', 'far:1883');
  await memory.connected('test', true);
  memory.hold(1, done);
  memory.keeper(1)();
  void memory.subscribed('a/#');
  await kept(store);
  await memory.connected('test', true);
  t.strictSame([held(memory), [...memory.filters], memory.incoming], [[], [], 0]);
  await kept(store);
  const later = (await killed(t, folder)).memories('cloud').of('cloud', 'far:1883');
  t.strictSame([later.clientId, held(later), [...later.filters]], ['test', [], []]);
});

t.test('whatever happens, what was kept is what is found', { timeout: 60_000 }, async (t) => {
  const id = fc.integer({ min: 1, max: 4 });
  const act = fc.oneof(
    fc.tuple(fc.constantFrom('hold', 'hold', 'release'), id),
    fc.tuple(fc.constantFrom('commit', 'commit', 'kill', 'renew'), fc.constant(0)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 20 }), async (acts) => {
      let folder = folderOf(t);
      let { store, memories } = await opened(t, folder);
      let memory = memories('cloud').of('cloud', 'far:1883');
      await memory.connected('test', true);
      const current = new Set<number>();
      for (const [what, id] of acts) {
        if (what === 'hold' && !memory.isHeld(id)) {
          memory.hold(id, done);
          memory.keeper(id)();
          current.add(id);
        } else if (what === 'release') {
          // Its promise is that of the commit below.
          void memory.release(id);
          current.delete(id);
        } else if (what === 'renew') {
          await memory.connected('test', true);
          current.clear();
        } else if (what === 'commit') {
          await kept(store);
        } else if (what === 'kill') {
          await kept(store);
          const after = await killed(t, folder);
          await store[Symbol.asyncDispose]();
          ({ copy: folder, store, memories } = after);
          memory = memories('cloud').of('cloud', 'far:1883');
          const found = held(memory);
          assert.deepEqual(found, [...current].toSorted());
        }
      }
      await store[Symbol.asyncDispose]();
    }),
    { numRuns: 25 },
  );
});

t.test('what a function had for longer than the session lasted is not held in the next one', async (t) => {
  const folder = folderOf(t);
  const { store, memories } = await opened(t, folder);
  const memory = memories('cloud').of('cloud', 'far:1883');
  await memory.connected('test', true);
  const keep = memory.keeper(1);
  memory.hold(1, done);
  await memory.connected('test', true);
  keep();
  await kept(store);
  t.strictSame(held(memory), []);
  t.strictSame(held((await killed(t, folder)).memories('cloud').of('cloud', 'far:1883')), []);
  memory.hold(1, done);
  memory.keeper(1)();
  await kept(store);
  t.strictSame(held((await killed(t, folder)).memories('cloud').of('cloud', 'far:1883')), [1]);
});
