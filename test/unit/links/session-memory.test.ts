/** Sessions at far sides that other connections went past. */
import t from 'tap';
import { SessionMemory, type SessionRecord } from '../../../src/links/session-memory.js';

t.test('a session with open QoS 2 messages is not resumed after they went another way', async (t) => {
  const saved: SessionRecord[] = [];
  const memory = new SessionMemory(undefined, async (record) => void saved.push(record));
  await memory.connected('a', false);
  memory.ended(3);
  t.notOk(memory.isStale('a'), 'back to the same place: it goes on');
  await memory.connected('b', false);
  t.ok(memory.isStale('a'));
  memory.ended(0);
  await memory.connected('a', false);
  t.notOk(memory.isStale('a'), 'begun anew');
  t.notOk(memory.isStale('b'), 'nothing was open there');
  t.match(saved.at(-1), { last: 'a', stale: [] });
});

t.test('after a crash nobody knows what was open at the last place', async (t) => {
  const memory = new SessionMemory({ last: 'b', stale: ['c'] }, async () => {});
  t.notOk(memory.isStale('b'));
  t.ok(memory.isStale('c'));
  await memory.connected('a', false);
  t.ok(memory.isStale('b'));
});

t.test('a second connection that continues the session says nothing of what the first left open', async (t) => {
  const memory = new SessionMemory(undefined, async () => {});
  await memory.connected('a', false);
  memory.ended(3);
  await memory.connected('a', true);
  memory.ended(0);
  await memory.connected('b', false);
  t.ok(memory.isStale('a'));
  memory.ended(0);
  await memory.connected('a', false);
  memory.ended(2);
  await memory.connected('a', false);
  memory.ended(0);
  await memory.connected('b', true);
  t.notOk(memory.isStale('a'), 'it had forgotten everything');

  const crashed = new SessionMemory({ last: 'a', stale: [] }, async () => {});
  await crashed.connected('a', true);
  crashed.ended(0);
  await crashed.connected('b', true);
  t.ok(crashed.isStale('a'), 'nor of what was open before a crash');
});

t.test('what was open before is settled: the session there is resumed, whatever comes between', async (t) => {
  const crashed = new SessionMemory({ last: 'a', stale: [] }, async () => {});
  await crashed.connected('a', true);
  crashed.caughtUp();
  crashed.ended(0);
  await crashed.connected('b', true);
  t.notOk(crashed.isStale('a'));

  const again = new SessionMemory({ last: 'a', stale: [] }, async () => {});
  await again.connected('a', true);
  again.caughtUp();
  again.ended(1);
  await again.connected('b', true);
  t.ok(again.isStale('a'), 'a message of the connection itself was open');
});

t.test('a crash while nothing waited leaves nothing open', async (t) => {
  const crashed = new SessionMemory({ last: 'a', stale: ['c'] }, async () => {});
  crashed.nothingWaits();
  await crashed.connected('b', true);
  t.notOk(crashed.isStale('a'));
  t.ok(crashed.isStale('c'), 'what was left before that');
});
