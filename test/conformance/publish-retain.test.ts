/** RETAIN of PUBLISH: §3.3.1.3. */
import { Bench } from '../unit/broker/harness.js';
import { each, packet, properties, subscribe, u16 } from './harness.js';
import { hex, message, subscriber, Wire } from './messages.js';

const suback = (version: number, code: number) => packet(0x90, u16(1), ...(version === 5 ? [0] : []), code);

each(
  [3, 4, 5],
  'RETAIN 1: a later subscriber gets the last message, with its QoS and RETAIN 1 [MQTT-3.3.1-5] [3.1.1: MQTT-3.3.1-5, MQTT-3.3.1-6, MQTT-3.3.1-8]',
  async (t, version) => {
    const bench = new Bench(t);
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'old', 2, true);
    await sender.publish('t', 'new', 1, true);
    const receiver = new Wire(await bench.connect(version, 's'));
    t.same(
      await receiver.ask(subscribe(version, 't', 2)),
      hex(suback(version, 2), message(version, { qos: 1, retain: true, id: 1, payload: 'new' })),
    );
    const other = new Wire(await bench.connect(version, 'o'));
    t.same(
      await other.ask(subscribe(version, '#', 0)),
      hex(suback(version, 0), message(version, { retain: true, payload: 'new' })),
      'with no more than the QoS granted',
    );
  },
);

each(
  [3, 4, 5],
  'RETAIN 1 with QoS 0 discards what was retained, and is kept itself [MQTT-3.3.1-5] [3.1.1: MQTT-3.3.1-7]',
  async (t, version) => {
    const bench = new Bench(t);
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'old', 1, true);
    await sender.publish('t', 'new', 0, true);
    const receiver = new Wire(await bench.connect(version, 's'));
    t.same(
      await receiver.ask(subscribe(version, 't', 2)),
      hex(suback(version, 2), message(version, { retain: true, payload: 'new' })),
    );
  },
);

each(
  [3, 4, 5],
  'RETAIN 1 with an empty payload is delivered like any message and removes what was retained [MQTT-3.3.1-6, MQTT-3.3.1-7] [3.1.1: MQTT-3.3.1-10, MQTT-3.3.1-11]',
  async (t, version) => {
    const bench = new Bench(t);
    const there = await subscriber(bench, version, 1, 'there');
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'old', 1, true);
    await there.take();
    await sender.publish('t', '', 1, true);
    await sender.publish('never/set', '', 1, true);
    t.same(await there.take(), hex(message(version, { qos: 1, id: 2 })), 'to those who are there, RETAIN 0');
    const late = new Wire(await bench.connect(version, 'late'));
    t.same(await late.ask(subscribe(version, '#', 1)), hex(suback(version, 1)), 'nothing is kept');
  },
);

each(
  [3, 4, 5],
  'RETAIN 0: nothing is kept, and what was retained stays [MQTT-3.3.1-8] [3.1.1: MQTT-3.3.1-12]',
  async (t, version) => {
    const bench = new Bench(t);
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'kept', 0, true);
    await sender.publish('t', 'passing', 1);
    await sender.publish('t', '', 1);
    await sender.publish('other', 'passing', 1);
    const receiver = new Wire(await bench.connect(version, 's'));
    t.same(
      await receiver.ask(subscribe(version, '#', 0)),
      hex(suback(version, 0), message(version, { retain: true, payload: 'kept' })),
    );
  },
);

each(
  [3, 4, 5],
  'an established subscription gets RETAIN 0 [MQTT-3.3.1-12] [3.1.1: MQTT-3.3.1-9]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 1);
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'a', 1, true);
    t.same(await receiver.take(), hex(message(version, { qos: 1, id: 1, payload: 'a' })));
  },
);

each([5], 'Retain As Published 1: RETAIN arrives as it was published, 1 or 0 [MQTT-3.3.1-13]', async (t) => {
  const bench = new Bench(t);
  const receiver = new Wire(await bench.connect(5, 's'));
  t.same(await receiver.ask(subscribe(5, 't', 0x08)), hex(suback(5, 0)));
  const sender = await bench.connect(5, 'p');
  await sender.publish('t', 'a', 0, true);
  await sender.publish('t', 'b', 0, false);
  t.same(await receiver.take(), hex(message(5, { retain: true, payload: 'a' }), message(5, { payload: 'b' })));
});

each([5], 'Retain Handling 0 sends retained messages at each SUBSCRIBE [MQTT-3.3.1-9]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a');
  await client.publish('t', 'k', 0, true);
  const wire = new Wire(client);
  const expected = hex(suback(5, 0), message(5, { retain: true, payload: 'k' }));
  t.same(await wire.ask(subscribe(5, 't', 0x00)), expected);
  t.same(await wire.ask(subscribe(5, 't', 0x00)), expected, 'again');
});

each([5], 'Retain Handling 1 sends retained messages only when the subscription is new [MQTT-3.3.1-10]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a');
  await client.publish('t', 'k', 0, true);
  const wire = new Wire(client);
  const expected = hex(suback(5, 0), message(5, { retain: true, payload: 'k' }));
  t.same(await wire.ask(subscribe(5, 't', 0x10)), expected, 'new');
  t.same(await wire.ask(subscribe(5, 't', 0x11)), hex(suback(5, 1)), 'there already, another QoS');
  t.same(await wire.ask(packet(0xa2, u16(1), properties(), 't')), hex(packet(0xb0, u16(1), 0, 0)));
  t.same(await wire.ask(subscribe(5, 't', 0x10)), expected, 'new once more');
});

each([5], 'Retain Handling 2 sends no retained messages [MQTT-3.3.1-11]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a');
  await client.publish('t', 'k', 0, true);
  const wire = new Wire(client);
  t.same(await wire.ask(subscribe(5, 't', 0x20)), hex(suback(5, 0)));
  t.same(
    await wire.ask(message(5, { payload: 'live' })),
    hex(message(5, { payload: 'live' })),
    'it stands all the same',
  );
});

each(
  [3, 4, 5],
  'retained messages of topics with empty levels are found by exactly the filters that match [3.1.1: MQTT-3.3.1-6] [MQTT-3.3.1-9]',
  async (t, version) => {
    const bench = new Bench(t, { subscriptions: 100 });
    const client = await bench.connect(version, 'a');
    const topics = ['/', '//', '/a', 'a/', 'a//b', 'a', 'a/b'];
    for (const topic of topics) await client.publish(topic, 'k', 0, true);
    const filters: Record<string, string[]> = {
      '#': topics,
      '+': ['a'],
      '+/+': ['/', '/a', 'a/', 'a/b'],
      '+/+/+': ['//', 'a//b'],
      '/+': ['/', '/a'],
      '+/': ['/', 'a/'],
      '/#': ['/', '//', '/a'],
      'a/#': ['a/', 'a//b', 'a', 'a/b'],
      'a/+': ['a/', 'a/b'],
      'a//+': ['a//b'],
      'a/+/b': ['a//b'],
      '//': ['//'],
    };
    const wire = new Wire(client);
    for (const [filter, expected] of Object.entries(filters)) {
      const [, ...found] = await wire.ask(subscribe(version, filter));
      const wanted = expected.map((topic) => message(version, { topic, retain: true, payload: 'k' }));
      t.same(found.toSorted(), hex(...wanted).toSorted(), filter);
    }
  },
);
