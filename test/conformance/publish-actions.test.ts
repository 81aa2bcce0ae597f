/** What a PUBLISH causes: §3.3.4 of 5.0, §3.3.4 and §3.3.5 of 3.1.1. */
import { Bench } from '../unit/broker/harness.js';
import { bytes, each, packet, properties, refused, subscribe, u16, unharmed, varint } from './harness.js';
import { hex, message, puback, pubrec, subscriber, Wire } from './messages.js';

each(
  [3, 4, 5],
  'QoS 0 is answered with nothing, QoS 1 with PUBACK, QoS 2 with PUBREC [MQTT-3.3.4-1] [3.1.1: MQTT-3.3.4-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 2);
    const sender = new Wire(await bench.connect(version, 'p'));
    t.same(await sender.ask(message(version, { payload: '0' })), []);
    t.same(await sender.ask(message(version, { qos: 1, id: 0x1234, payload: '1' })), hex(puback(0x1234)));
    t.same(await sender.ask(message(version, { qos: 2, id: 0xffff, payload: '2' })), hex(pubrec(0xffff)));
    t.same(
      await receiver.take(),
      hex(
        message(version, { payload: '0' }),
        message(version, { qos: 1, id: 1, payload: '1' }),
        message(version, { qos: 2, id: 2, payload: '2' }),
      ),
    );
  },
);

each(
  [3, 4, 5],
  'overlapping subscriptions: one copy, with the highest QoS that was granted [MQTT-3.3.4-2] [3.1.1: MQTT-3.3.5-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 's');
    for (const [filter, qos] of [
      ['t', 0],
      ['#', 2],
      ['+', 1],
      ['t/#', 0],
    ] as const)
      await client.subscribe(filter, qos);
    const receiver = new Wire(client);
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'a', 2);
    t.same(await receiver.take(), hex(message(version, { qos: 2, id: 1, payload: 'a' })));
    await sender.publish('t', 'b', 1);
    t.same(
      await receiver.take(),
      hex(message(version, { qos: 1, id: 2, payload: 'b' })),
      'not above that of the message',
    );
  },
);

const identifier = (value: number) => properties(0x0b, varint(value));

each(
  [5],
  'the copy carries the Subscription Identifiers of all subscriptions that match, and only of those [MQTT-3.3.4-3, MQTT-3.3.4-4]',
  async (t) => {
    const bench = new Bench(t);
    const receiver = new Wire(await bench.connect(5, 's'));
    const subscriptions = [
      ['t', 1],
      ['+', 268_435_455],
      ['#', 300],
      ['other', 9],
      ['t/+', 8],
    ] as const;
    for (const [filter, value] of subscriptions) await receiver.ask(subscribe(5, filter, 1, identifier(value)));
    await receiver.ask(subscribe(5, '+/#', 1));
    const sender = await bench.connect(5, 'p');
    await sender.publish('t', 'a', 1);
    const all = await receiver.take();
    t.equal(all.length, 1, 'one copy');
    // Fixed header, Topic Name, Packet Identifier; then the properties, in whatever order.
    const body = Buffer.from(all[0] ?? '', 'hex').subarray(2 + 3 + 2);
    const expected = [identifier(1), identifier(268_435_455), identifier(300)].map((props) => props.subarray(1));
    t.equal(body[0], Buffer.concat(expected).length, 'three identifiers and nothing else');
    for (const one of expected) t.ok(body.includes(one), one.toString('hex'));
  },
);

each(
  [5],
  'a message that matches one subscription carries the identifier of that one; without an identifier, none [MQTT-3.3.4-3, MQTT-3.3.4-5]',
  async (t) => {
    const bench = new Bench(t);
    const receiver = new Wire(await bench.connect(5, 's'));
    await receiver.ask(subscribe(5, 'a', 0, identifier(1)), subscribe(5, 'b', 0, identifier(2)), subscribe(5, 'c'));
    const sender = await bench.connect(5, 'p');
    for (const topic of ['a', 'b', 'c']) await sender.publish(topic, 'x');
    t.same(
      await receiver.take(),
      hex(
        message(5, { topic: 'a', payload: 'x', properties: identifier(1) }),
        message(5, { topic: 'b', payload: 'x', properties: identifier(2) }),
        message(5, { topic: 'c', payload: 'x' }),
      ),
    );
    await receiver.ask(subscribe(5, 'a', 0, identifier(7)), subscribe(5, 'b'));
    for (const topic of ['a', 'b']) await sender.publish(topic, 'x');
    t.same(
      await receiver.take(),
      hex(
        message(5, { topic: 'a', payload: 'x', properties: identifier(7) }),
        message(5, { topic: 'b', payload: 'x' }),
      ),
      'SUBSCRIBE again replaces the identifier, or takes it away',
    );
  },
);

each(
  [5],
  'retained messages carry the Subscription Identifier of the subscription they are sent for [MQTT-3.3.4-3]',
  async (t) => {
    const bench = new Bench(t);
    const sender = await bench.connect(5, 'p');
    await sender.publish('t', 'k', 0, true);
    const receiver = new Wire(await bench.connect(5, 's'));
    await receiver.ask(subscribe(5, '#', 0x20, identifier(1)));
    t.same(
      (await receiver.ask(subscribe(5, 't', 0, identifier(2)))).slice(1),
      hex(message(5, { retain: true, payload: 'k', properties: identifier(2) })),
    );
  },
);

each([5], 'a Subscription Identifier in a PUBLISH of a client ends the connection [MQTT-3.3.4-6]', async (t) => {
  const bench = new Bench(t);
  const receiver = await subscriber(bench, 5, 1);
  for (const qos of [0, 1, 2]) {
    const sender = await bench.connect(5, 'p');
    sender.raw(message(5, { qos, properties: identifier(1) }));
    await refused(t, sender, 0x82);
  }
  t.same(await receiver.take(), []);
});

each(
  [3, 4],
  'a PUBLISH that is not authorised is acknowledged as its QoS asks, and goes nowhere [3.1.1: MQTT-3.3.5-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 's');
    await client.subscribe('$SYS/broker/mine', 2);
    const receiver = new Wire(client);
    const sender = new Wire(await bench.connect(version, 'p'));
    const to = { topic: '$SYS/broker/mine', retain: true, payload: 'x' };
    t.same(await sender.ask(message(version, to)), []);
    t.same(await sender.ask(message(version, { ...to, qos: 1, id: 3 })), hex(puback(3)));
    t.same(await sender.ask(message(version, { ...to, qos: 2, id: 4 })), hex(pubrec(4)));
    t.same(await sender.ask(packet(0x62, u16(4))), hex(packet(0x70, u16(4))));
    t.same(await receiver.take(), []);
    await unharmed(t, sender.client);
  },
);

each([5], 'a PUBLISH that is not authorised is told so with 0x87, and goes nowhere', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 's');
  await client.subscribe('$SYS/broker/mine', 2);
  const receiver = new Wire(client);
  const sender = new Wire(await bench.connect(5, 'p'));
  const to = { topic: '$SYS/broker/mine', retain: true, payload: 'x' };
  t.same(await sender.ask(message(5, to)), [], 'QoS 0: nothing');
  t.match((await sender.ask(message(5, { ...to, qos: 1, id: 3 })))[0], /^40..000387/);
  t.match((await sender.ask(message(5, { ...to, qos: 2, id: 4 })))[0], /^50..000487/);
  t.same(await receiver.take(), []);
  await unharmed(t, sender.client);
});

each([3, 4, 5], 'a client that subscribes to what it publishes gets it once, like anybody', async (t, version) => {
  const bench = new Bench(t);
  const client = await bench.connect(version, 'a');
  await client.subscribe('t', 0);
  const wire = new Wire(client);
  const answers = await wire.ask(message(version, { qos: 1, id: 5, payload: 'x' }));
  t.same(answers.toSorted(), hex(message(version, { payload: 'x' }), puback(5)));
  t.equal(bytes(...answers.map((one) => Buffer.from(one, 'hex'))).length, version === 5 ? 11 : 10);
});

each([5], 'a message that nobody is there for is acknowledged with 0x10, at QoS 1 and 2', async (t) => {
  const bench = new Bench(t);
  const sender = new Wire(await bench.connect(5, 'p'));
  t.same(await sender.ask(message(5, { qos: 1, id: 1 })), hex(puback(1, 0x10)));
  t.same(await sender.ask(message(5, { qos: 2, id: 2 })), hex(pubrec(2, 0x10)));
  await sender.ask(subscribe(5, 't', 0x04));
  t.same(
    await sender.ask(message(5, { qos: 1, id: 1 })),
    hex(puback(1)),
    'its own subscription, with No Local, is one',
  );
  await sender.ask(packet(0xa2, u16(1), properties(), 't'));
  t.same(await sender.ask(message(5, { qos: 1, id: 1 })), hex(puback(1, 0x10)), 'until it unsubscribes');
  const away = await subscriber(bench, 5, 1, 'away');
  await away.client.cut();
  t.same(await sender.ask(message(5, { qos: 1, id: 1 })), hex(puback(1)), 'a session without a connection is somebody');
});
