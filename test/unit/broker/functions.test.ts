/** Functions in the path of messages, as the broker sees them: what comes of a message goes in its place, in order, and counted. */
import t, { type Test } from 'tap';
import { collectGarbage } from '../../../src/core/collect-garbage.js';
import type { Message } from '../../../src/core/message.js';
import { type Sink, subscriptionTo } from '../../../src/core/router.js';
import { changed, FakeTransform, upper } from '../../support/fake-transform.js';
import { Bench, shown, type TestClient } from './harness.js';

function benchWith(t: Test, transform: FakeTransform, limits = {}): Bench {
  return new Bench(
    t,
    limits,
    { sysInterval: 0 },
    undefined,
    undefined,
    undefined,
    true,
    undefined,
    undefined,
    transform,
  );
}

const books = (bench: Bench) => bench.broker.figures().ledger.messages;
const packets = async (client: TestClient) => (await client.pending()).map(shown);
const send = (client: TestClient, topic: string, payload: string, qos: 0 | 1 | 2 = 0, messageId = 1) =>
  client.send({ cmd: 'publish', topic, payload, qos, retain: false, dup: false, ...(qos > 0 && { messageId }) });

for (const qos of [0, 1, 2] as const) {
  t.test(`QoS ${qos}: the output takes the place of the message, and others are not touched`, async (t) => {
    const transform = new FakeTransform('raw/#', upper);
    const bench = benchWith(t, transform);
    const reader = await bench.connect(5, 'reader');
    await reader.subscribe('#', qos);
    const writer = await bench.connect(5, 'writer');
    await writer.publish('raw/a', 'x', qos);
    await writer.publish('other', 'x', qos);
    await writer.publish('raw/a', 'y', qos);
    t.same(await packets(reader), [`raw/a X q${qos} r0`, `other x q${qos} r0`, `raw/a Y q${qos} r0`]);
    t.same(transform.seen, ['raw/a x', 'raw/a y']);
    t.match(books(bench), { received: 3, transformed: 2, made: 2, discarded: 0, routed: 3, difference: 0 });
  });
}

t.test('several outputs, in order, under names of their own, and none', async (t) => {
  const split = (message: Message) =>
    `${message.payload}`
      .split(',')
      .filter((part) => part !== '')
      .map((part, i) => changed(message, { topic: `out/${i}`, payload: part }));
  const bench = benchWith(t, new FakeTransform('in', split));
  const reader = await bench.connect(5, 'reader');
  await reader.subscribe('out/#', 1);
  const writer = await bench.connect(5, 'writer');
  send(writer, 'in', 'a,b,c', 1, 7);
  t.match(await writer.next('puback'), { messageId: 7, reasonCode: 0 });
  send(writer, 'in', '', 1, 8);
  t.match(await writer.next('puback'), { messageId: 8, reasonCode: 0 }, 'that nothing came of it is no fault');
  t.same(await packets(reader), ['out/0 a q1 r0', 'out/1 b q1 r0', 'out/2 c q1 r0']);
  t.match(books(bench), { received: 2, transformed: 2, discarded: 1, made: 3, routed: 3, difference: 0 });
});

t.test('a publisher is told that nobody was there only if nobody gets any of the outputs', async (t) => {
  const bench = benchWith(t, new FakeTransform('in', (m) => [changed(m, { topic: 'a' }), changed(m, { topic: 'b' })]));
  const writer = await bench.connect(5, 'writer');
  send(writer, 'in', 'x', 1, 1);
  t.match(await writer.next('puback'), { reasonCode: 0x10 });
  const reader = await bench.connect(5, 'reader');
  await reader.subscribe('a', 0);
  send(writer, 'in', 'x', 1, 2);
  t.match(await writer.next('puback'), { reasonCode: 0 });
  t.match(books(bench), { made: 4, unmatched: 3, routed: 1, difference: 0 });
});

t.test('an output that nobody may publish goes nowhere, counted', async (t) => {
  const topics = ['$SYS/broker/uptime', 'a/#', '', 'x'.repeat(70_000)];
  const bench = benchWith(t, new FakeTransform('in', (m) => topics.map((topic) => changed(m, { topic }))));
  const reader = await bench.connect(5, 'reader');
  await reader.subscribe('#', 0);
  await reader.subscribe('$SYS/#', 0);
  await (await bench.connect(5, 'writer')).publish('in', 'x', 1);
  t.same(await packets(reader), []);
  t.match(books(bench), { transformed: 1, made: 4, refused: 4, refusedBy: { topic_name_invalid: 4 }, difference: 0 });
});

t.test('devices and links are in the path; the gateway, functions and $SYS are not', async (t) => {
  const transform = new FakeTransform('#', upper);
  const bench = benchWith(t, transform);
  for (const origin of ['device:d', 'link:l', 'client:c', 'gateway:g', 'function:f'] as const) {
    bench.route({ topic: 't', payload: origin, origin });
  }
  bench.route({ topic: '$SYS/x', payload: 'x', origin: 'device:d' });
  t.same(transform.seen, ['t device:d', 't link:l', 't client:c']);
});

t.test('a Will is in the path', async (t) => {
  const bench = benchWith(t, new FakeTransform('will', upper));
  const reader = await bench.connect(5, 'reader');
  await reader.subscribe('will', 1);
  const will = { topic: 'will', payload: Buffer.from('gone'), qos: 1 as const, retain: false };
  await (await bench.connect(5, 'w', { will })).cut();
  t.same(await packets(reader), ['will GONE q1 r0']);
});

t.test('what is retained is what comes out, where it comes out; without payload it clears', async (t) => {
  const rename = (message: Message) => [changed(message, { topic: `out/${message.topic}` })];
  const transform = new FakeTransform('nothing yet', rename);
  const bench = benchWith(t, transform);
  const writer = await bench.connect(5, 'writer');
  const retained = () => [...bench.broker.router.retained('#')].map(({ topic, payload }) => `${topic} ${payload}`);
  await writer.publish('in', 'before', 1, true);
  transform.become('in');
  await writer.publish('in', 'x', 1, true);
  t.same(retained().sort(), ['in before', 'out/in x']);
  await writer.publish('in', '', 1, true);
  t.same(retained(), [], 'what was retained before there was a function, too');
});

t.test('routes of the fast path follow what functions want', async (t) => {
  const transform = new FakeTransform('nothing', upper);
  const bench = benchWith(t, transform);
  const reader = await bench.connect(4, 'reader');
  await reader.subscribe('#', 0);
  const writer = await bench.connect(4, 'writer');
  const go = async () => {
    for (let i = 0; i < 3; i++) send(writer, 'raw', `x${i}`);
    return packets(reader);
  };
  t.same(await go(), ['raw x0 q0 r0', 'raw x1 q0 r0', 'raw x2 q0 r0']);
  transform.become('raw');
  t.same(await go(), ['raw X0 q0 r0', 'raw X1 q0 r0', 'raw X2 q0 r0']);
  transform.become('nothing');
  t.same(await go(), ['raw x0 q0 r0', 'raw x1 q0 r0', 'raw x2 q0 r0']);
});

t.test(
  'a function that waits: nothing is acknowledged before it has answered, in the order of the packets',
  async (t) => {
    const transform = new FakeTransform('slow/#', upper);
    transform.isLate = true;
    const bench = benchWith(t, transform);
    const reader = await bench.connect(5, 'reader');
    await reader.subscribe('#', 2);
    const writer = await bench.connect(5, 'writer');
    send(writer, 'slow/a', 'one', 1, 1);
    send(writer, 'fast', 'two', 1, 2);
    send(writer, 'slow/b', 'three', 2, 3);
    send(writer, 'fast', 'four', 2, 4);
    t.same(await writer.pending(), [], 'those behind wait for their turn [MQTT-4.6.0-2]');
    t.same(await packets(reader), ['fast two q1 r0', 'fast four q2 r0'], 'topics do not wait for each other');
    t.match(books(bench), { transformed: 2, made: 0, difference: 0 });
    transform.calls[1]!.answer();
    t.same(await writer.pending(), []);
    t.same(await packets(reader), ['slow/b THREE q2 r0']);
    transform.calls[0]!.answer();
    t.match(await writer.pending(), [
      { cmd: 'puback', messageId: 1 },
      { cmd: 'puback', messageId: 2 },
      { cmd: 'pubrec', messageId: 3 },
      { cmd: 'pubrec', messageId: 4 },
    ]);
    t.same(await packets(reader), ['slow/a ONE q1 r0']);
    t.match(books(bench), { transformed: 2, made: 2, difference: 0 });
  },
);

t.test('messages of one topic keep their order, whatever becomes of the function meanwhile', async (t) => {
  const transform = new FakeTransform('t', upper);
  transform.isLate = true;
  const bench = benchWith(t, transform);
  const reader = await bench.connect(4, 'reader');
  await reader.subscribe('t', 0);
  const writer = await bench.connect(4, 'writer');
  send(writer, 't', 'a');
  send(writer, 't', 'b');
  await bench.settle();
  transform.isLate = false;
  send(writer, 't', 'c');
  await bench.settle();
  transform.become('nothing');
  send(writer, 't', 'd');
  await bench.settle();
  transform.calls[1]!.answer();
  t.same(await packets(reader), []);
  transform.calls[0]!.answer();
  t.same(await packets(reader), ['t A q0 r0', 't B q0 r0', 't C q0 r0', 't d q0 r0']);
  for (const payload of ['e', 'f']) send(writer, 't', payload);
  t.same(await packets(reader), ['t e q0 r0', 't f q0 r0'], 'by the fast path again');
  t.match(books(bench), { received: 6, transformed: 4, made: 4, difference: 0 });
});

t.test('QoS 2 that comes again while its function waits is not taken twice, nor acknowledged early', async (t) => {
  const transform = new FakeTransform('t', upper);
  transform.isLate = true;
  const bench = benchWith(t, transform);
  const reader = await bench.connect(5, 'reader');
  await reader.subscribe('t', 2);
  const session = { clean: false, properties: { sessionExpiryInterval: 100 } };
  const writer = await bench.connect(5, 'writer', session);
  send(writer, 't', 'x', 2, 5);
  await writer.cut();
  const again = await bench.connect(5, 'writer', session);
  again.send({ cmd: 'publish', topic: 't', payload: 'x', qos: 2, retain: false, dup: true, messageId: 5 });
  t.same(await again.pending(), [], 'PUBREC would let the client forget it');
  t.equal(transform.calls.length, 1);
  transform.calls[0]!.answer();
  t.match(await again.pending(), [{ cmd: 'pubrec', messageId: 5 }]);
  t.same(await packets(reader), ['t X q2 r0']);
});

t.test('who publishes while functions have many messages is not read until one of his own is answered', async (t) => {
  const transform = new FakeTransform('t/#', upper);
  transform.isLate = true;
  const bench = benchWith(t, transform);
  const writer = await bench.connect(4, 'writer');
  for (let i = 0; i < 300; i++) send(writer, `t/${i}`, 'x');
  await bench.settle();
  const { length } = transform.calls;
  t.ok(length < 300, `${length} calls`);
  const other = await bench.connect(4, 'other');
  await other.publish('free', 'x', 1);
  for (let i = 0; i < 300; i++) {
    transform.calls[i]!.answer();
    await bench.settle();
  }
  t.equal(transform.seen.length, 300);
  t.match(books(bench), { transformed: 300, made: 300, difference: 0 });
});

t.test('a receiver that takes a message later: the publisher is told then', async (t) => {
  const bench = benchWith(t, new FakeTransform('nothing', upper));
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const sink: Sink = {
    id: 'l',
    kind: 'link',
    origin: 'link:l',
    durable: true,
    deliver: () => promise,
  };
  bench.broker.router.attach(sink).subscribe(subscriptionTo('t'));
  const writer = await bench.connect(5, 'writer');
  send(writer, 't', 'x', 1, 1);
  t.same(await writer.pending(), []);
  resolve(true);
  t.match(await writer.pending(), [{ cmd: 'puback', messageId: 1 }]);
  t.match(bench.broker.figures().ledger.copies, { made: 1, delivered: 1, difference: 0 });
});

t.test('QoS 0 by the fast path to a receiver that takes it later: nothing is kept of it', async (t) => {
  const bench = benchWith(t, new FakeTransform('nothing', upper));
  const late: WeakRef<Promise<boolean>>[] = [];
  const sink: Sink = {
    id: 'l',
    kind: 'link',
    origin: 'link:l',
    durable: false,
    deliver() {
      const promise = Promise.resolve(true);
      late.push(new WeakRef(promise));
      return promise;
    },
  };
  bench.broker.router.attach(sink).subscribe(subscriptionTo('t'));
  const writer = await bench.connect(4, 'writer');
  for (let i = 0; i < 20; i++) send(writer, 't', `${i}`);
  await writer.publish('end', '', 1);
  t.equal(late.length, 20);
  collectGarbage();
  const kept = late.filter((one) => one.deref() !== undefined);
  t.ok(kept.length <= 1, `${kept.length} promises are still there`);
});

t.test('functions have many messages: who publishes for others is read as ever', async (t) => {
  const transform = new FakeTransform('t/#', upper);
  transform.isLate = true;
  const bench = benchWith(t, transform);
  for (let i = 0; i < 300; i++) bench.route({ topic: `t/${i}`, payload: 'x' });
  t.equal(transform.calls.length, 300);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const taken: string[] = [];
  const deliver = ({ payload }: Message) => {
    taken.push(`${payload}`);
    return promise;
  };
  const sink: Sink = { id: 'l', kind: 'link', origin: 'link:l', durable: true, deliver };
  bench.broker.router.attach(sink).subscribe(subscriptionTo('free'));
  const other = await bench.connect(5, 'other');
  for (const id of [1, 2, 3]) send(other, 'free', `${id}`, 1, id);
  t.same(await other.pending(), []);
  t.same(taken, ['1', '2', '3'], 'not one at a time');
  resolve(true);
  t.equal((await other.pending()).length, 3);
  for (const call of transform.calls) call.answer();
  await bench.settle();
});

t.test('the end is near: clients are not read, what is taken already is answered', async (t) => {
  const transform = new FakeTransform('t', upper);
  transform.isLate = true;
  const bench = benchWith(t, transform);
  const reader = await bench.connect(5, 'reader');
  await reader.subscribe('#', 1);
  const writer = await bench.connect(5, 'writer');
  send(writer, 't', 'x', 1, 1);
  await bench.settle();
  bench.broker.hold();
  send(writer, 'u', 'y', 1, 2);
  t.same(await writer.pending(), []);
  const late = bench.open(5);
  late.send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, clean: true, keepalive: 0, clientId: 'late' });
  t.same(await late.pending(), []);
  transform.calls[0]!.answer();
  t.match(await writer.pending(), [{ cmd: 'puback', messageId: 1 }]);
  t.same(await packets(reader), ['t X q1 r0']);
  await bench.broker[Symbol.asyncDispose]();
  t.match(await writer.pending(), [{ cmd: 'disconnect', reasonCode: 0x8b }]);
});
