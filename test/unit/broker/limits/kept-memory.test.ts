/** What clients can make the broker keep beside messages that wait: counted at what it takes, and limited. */
import t from 'tap';
import { messageBytes } from '../../../../src/broker/application-message.js';
import { CountedSubscriptions, SubscriptionMemory } from '../../../../src/broker/limits/subscription-memory.js';
import { PacketIdentifiers } from '../../../../src/broker/packet-identifiers.js';
import { RetainedMessages } from '../../../../src/broker/retained.js';
import { createMessage, type MessageInit } from '../../../../src/core/message.js';
import { Bench } from '../harness.js';

const deep = (first: number | string) => `${first}${'/a'.repeat(199)}`;
const message = (init: Partial<MessageInit>) =>
  createMessage({
    topic: 't',
    payload: Buffer.from('x'),
    origin: 'client:c',
    receivedAt: 0,
    qos: 0,
    retain: true,
    ...init,
  });

t.test('User Properties without a text in them are not free', async (t) => {
  const userProperties = Array.from({ length: 1_000 }, () => ['', ''] as const);
  t.ok(messageBytes(message({ properties: { userProperties } })) >= 64_000);
});

t.test('retained messages: each level of a topic is a node, and counts', async (t) => {
  const retained = new RetainedMessages(100_000);
  let kept = 0;
  while (kept < 10_000 && retained.set(message({ topic: deep(kept) }))) kept++;
  t.ok(kept > 2_000 && kept < 2_500, `${kept} of 200 levels fit 100 MB`);
  for (let i = 0; i < kept; i++) retained.delete(deep(i));
  t.equal(retained.bytes, 0);
  t.ok(retained.set(message({ topic: 'a/b' })));
  const { bytes } = retained;
  t.ok(retained.set(message({ topic: 'a/b', payload: Buffer.from('y') })));
  t.equal(retained.bytes, bytes, 'a level is counted once');
});

t.test('subscriptions of all sessions together have a limit: 0x97, and what ends makes room', async (t) => {
  const bench = new Bench(t, { subscriptionBytes: 1_000_000, subscriptions: 1_000 });
  const { broker } = bench;
  let granted = 0;
  const take = async (clientId: string, version: 4 | 5) => {
    const client = await bench.connect(version, clientId);
    const codes: number[] = [];
    for (let i = 0; i < 10; i++)
      codes.push(...(await client.subscribe(deep(`${clientId}-${i}`), 0)).granted.map(Number));
    granted += codes.filter((code) => code === 0).length;
    return { client, codes };
  };
  const first = await take('a', 5);
  t.same(new Set(first.codes), new Set([0]));
  const second = await take('b', 5);
  await take('c', 5);
  t.equal(granted, 21, 'of 47 KB each');
  const { codes } = await take('d', 4);
  t.same(new Set(codes), new Set([0x80]));
  t.match((await second.client.subscribe(deep('b-0'), 1)).granted, [1], 'one that is there may be changed');
  t.match((await second.client.subscribe('short', 1)).granted, [1], 'a small one finds room');
  t.ok(broker.memory().subscriptions <= 1_000_000);
  first.client.send({ cmd: 'unsubscribe', messageId: 99, unsubscriptions: [deep('a-0')] });
  await first.client.next('unsuback');
  t.match((await second.client.subscribe(deep('b-x'), 0)).granted, [0]);
  t.match((await second.client.subscribe(deep('b-y'), 0)).granted, [0x97]);
  for (const { clientId } of broker.clients()) broker.disconnect(clientId, true);
  t.equal(broker.memory().subscriptions, 0);
});

t.test('counted subscriptions: a filter once, whatever becomes of it', async (t) => {
  const memory = new SubscriptionMemory(10_000);
  const own = new CountedSubscriptions(memory);
  const subscription = {
    filter: 'a/b',
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
    identifiers: [],
  } as const;
  own.set('a/b', subscription);
  own.set('a/b', { ...subscription, qos: 1 });
  own.set('c', subscription);
  const { used } = memory;
  own.delete('c');
  t.ok(memory.used > 0 && memory.used < used);
  t.equal(own.delete('c'), false);
  own.clear();
  t.equal(memory.used, 0);
});

t.test('all Packet Identifiers there are, in 8 KB', async (t) => {
  const held = new PacketIdentifiers();
  for (let i = 65_535; i > 0; i--) held.add(i);
  held.add(1);
  t.equal(held.size, 65_535);
  t.notOk(held.has(0));
  for (let i = 1; i <= 65_535; i += 2) if (!held.delete(i)) t.fail(`${i}`);
  t.equal(held.delete(1), false);
  t.equal(held.size, 32_767);
  const left = [...held];
  t.ok(left.length === 32_767 && left.every((one) => one % 2 === 0 && held.has(one)) && !held.has(7));
  held.clear();
  t.same([...held], []);
  t.equal(held.size, 0);
});
