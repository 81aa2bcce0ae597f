/** What each kind of event does to the books. That they balance whatever happens is test/property/ledger.test.ts. */
import t from 'tap';
import { unrestricted } from '../../../src/broker/access/access.js';
import { subscriptionTo } from '../../../src/core/router.js';
import { Bench } from './harness.js';

const never = new AbortController().signal;
const books = (bench: Bench) => bench.broker.figures().ledger;

t.test('a message for nobody, for two, and one that may not be', async (t) => {
  const bench = new Bench(t, {}, { sysInterval: 0 });
  const a = await bench.connect(5, 'a');
  const b = await bench.connect(4, 'b');
  const c = await bench.connect(4, 'c');
  await a.subscribe('t/#', 0);
  await a.subscribe('t/+', 1);
  await b.subscribe('t/#', 2);
  await c.publish('t/1', 'x', 2);
  await c.publish('nobody', 'x', 1);
  await c.publish('$SYS/broker', 'x', 1);
  bench.route({ topic: 't/2', payload: 'x' });
  await bench.settle();
  t.match(books(bench), {
    messages: { received: 4, fromClients: 3, fromInside: 1, routed: 2, unmatched: 1, refusedBy: { not_authorized: 1 } },
    copies: { made: 4, routed: 4, replayed: 0, delivered: 2, inFlight: 2, queued: 0, dropped: 0 },
  });
  t.equal(books(bench).messages.difference, 0);
});

t.test('QoS 1 and 2 are delivered when they are acknowledged, and a refusal is none', async (t) => {
  const bench = new Bench(t, {}, { sysInterval: 0 });
  const client = await bench.connect(5, 'a');
  await client.subscribe('t', 2);
  for (const qos of [1, 1, 2, 2, 2] as const) bench.route({ topic: 't', payload: 'x', qos });
  const ids = (await client.pending()).map((packet) => packet.messageId!);
  t.match(books(bench).copies, { made: 5, delivered: 0, inFlight: 5 });
  client.send({ cmd: 'puback', messageId: ids[0]! });
  client.send({ cmd: 'puback', messageId: ids[1]!, reasonCode: 0x97 });
  client.send({ cmd: 'pubrec', messageId: ids[2]!, reasonCode: 0x97 });
  client.send({ cmd: 'pubrec', messageId: ids[3]! });
  client.send({ cmd: 'pubrec', messageId: ids[4]! });
  await bench.settle();
  client.send({ cmd: 'pubcomp', messageId: ids[3]! });
  await bench.settle();
  t.match(books(bench).copies, { delivered: 2, inFlight: 1, droppedBy: { refusedByReceiver: 2 } });
  await client.cut();
  t.match(books(bench).copies, { delivered: 3, inFlight: 0, dropped: 2 }, 'after PUBREC it is the client’s');
  t.equal(books(bench).copies.difference, 0);
});

t.test('a session that ends takes what waits with it; one that waits does not', async (t) => {
  const bench = new Bench(t, {}, { sysInterval: 0 });
  const client = await bench.connect(5, 'a', {
    clean: false,
    properties: { sessionExpiryInterval: 60, receiveMaximum: 1 },
  });
  await client.subscribe('t', 1);
  for (let i = 0; i < 3; i++) bench.route({ topic: 't', payload: 'x', qos: 1 });
  await client.cut();
  bench.route({ topic: 't', payload: 'x', qos: 0 });
  t.match(books(bench).copies, { made: 4, inFlight: 1, queued: 2, droppedBy: { offline: 1 } });
  await bench.clock.advance(61_000);
  t.match(books(bench).copies, { inFlight: 0, queued: 0, droppedBy: { offline: 1, sessionEnded: 3 } });
  t.equal(books(bench).copies.difference, 0);
});

t.test('retained messages sent because of a subscription are copies of their own kind', async (t) => {
  const bench = new Bench(t, {}, { sysInterval: 0 });
  for (const topic of ['t/1', 't/2']) bench.route({ topic, payload: 'x', qos: 1, retain: true });
  const client = await bench.connect(5, 'a');
  await client.subscribe('t/#', 0);
  await client.pending();
  t.match(books(bench), { messages: { unmatched: 2 }, copies: { made: 2, routed: 0, replayed: 2, delivered: 2 } });
});

t.test('a Shared Subscription has one copy, whoever has it; without a member that may, it is dropped', async (t) => {
  const access = {
    authenticate: () => ({
      user: undefined,
      permissions: { ...unrestricted, mayReceive: (topic: string) => topic !== 's/no' },
    }),
    exchange: () => ({}) as never,
  };
  const bench = new Bench(t, {}, { sysInterval: 0 }, access);
  const a = await bench.connect(5, 'a');
  const b = await bench.connect(5, 'b');
  for (const member of [a, b]) await member.subscribe('$share/g/s/#', 1);
  for (let i = 0; i < 4; i++) bench.route({ topic: 's/1', payload: 'x', qos: 1 });
  bench.route({ topic: 's/no', payload: 'x', qos: 1 });
  await a.cut();
  await bench.settle();
  t.match(books(bench).copies, { made: 5, inFlight: 4, queued: 0, droppedBy: { noMember: 1 } });
  await b.pending();
  await b.subscribe('s/no', 1);
  bench.route({ topic: 's/no', payload: 'x', qos: 1 });
  t.match(books(bench).copies, { made: 7, droppedBy: { noMember: 2, denied: 1 } });
  t.equal(books(bench).copies.difference, 0);
});

t.test('receivers inside the gateway are in the books; who only looks is not', async (t) => {
  const bench = new Bench(t, {}, { sysInterval: 0 });
  const sink = { id: 'l', kind: 'link', origin: 'link:l', durable: false, deliver: () => false } as const;
  bench.broker.router.attach({ ...sink, kind: 'api', origin: 'gateway:tail' }).subscribe(subscriptionTo('#'));
  bench.route({ topic: 't', payload: 'x' });
  t.match(books(bench), { messages: { routed: 0, unmatched: 1 }, copies: { made: 0 } });
  t.equal(bench.broker.router.counters().unmatched, 1);
  bench.broker.router.attach(sink).subscribe(subscriptionTo('t'));
  bench.broker.router.attach({ ...sink, id: 'd', kind: 'device', deliver: () => true }).subscribe(subscriptionTo('t'));
  bench.route({ topic: 't', payload: 'x' });
  t.match(books(bench).copies, { made: 2, delivered: 1, droppedBy: { receiverFull: 1 } });
});

t.test('the books are in $SYS, that of $SYS itself included', async (t) => {
  const bench = new Bench(t);
  await bench.broker.start(never);
  const client = await bench.connect(5, 'a');
  await client.subscribe('$SYS/broker/hpmq/#', 0);
  await bench.clock.advance(10_000);
  const topics = new Map(
    (await client.pending()).map((p) => (p.cmd === 'publish' ? [p.topic, String(p.payload)] : ['', ''])),
  );
  t.match(topics.get('$SYS/broker/hpmq/ledger/copies/made'), /^[1-9]/);
  t.equal(topics.get('$SYS/broker/hpmq/dropped/queueFull'), '0');
  t.equal(books(bench).messages.difference + books(bench).copies.difference, 0);
});
