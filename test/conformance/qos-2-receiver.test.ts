/** QoS 2 from a client to the broker: §4.3.3, receiver. */
import { Bench } from '../unit/broker/harness.js';
import { each, properties, u32, unharmed } from './harness.js';
import { hex, kept, message, pubcomp, publisher, pubrec, pubrel, resumed, subscriber, Wire } from './messages.js';

each(
  [3, 4, 5],
  'QoS 2, receiver: PUBREC, PUBREL, PUBCOMP with one Packet Identifier, and one delivery [MQTT-4.3.3-8, MQTT-4.3.3-11] [3.1.1: MQTT-4.3.3-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 0);
    const sender = new Wire(await bench.connect(version, 'p'));
    t.same(await sender.ask(message(version, { qos: 2, id: 300, payload: 'x' })), hex(pubrec(300)));
    t.same(await sender.ask(pubrel(300)), hex(pubcomp(300)));
    t.same(await receiver.take(), hex(message(version, { payload: 'x' })));
    await unharmed(t, sender.client);
  },
);

each(
  [3, 4, 5],
  'QoS 2, receiver: until PUBREL the same Packet Identifier is answered with PUBREC, and nothing is delivered twice [MQTT-4.3.3-10] [3.1.1: MQTT-4.3.3-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 0);
    const sender = new Wire(await bench.connect(version, 'p'));
    const sent = { qos: 2, id: 4, payload: 'x' };
    t.same(await sender.ask(message(version, sent)), hex(pubrec(4)));
    t.same(await sender.ask(message(version, { ...sent, dup: true })), hex(pubrec(4)), 'again with DUP');
    t.same(await sender.ask(message(version, sent)), hex(pubrec(4)), 'again without DUP');
    t.same(await sender.ask(pubrel(4)), hex(pubcomp(4)));
    t.same(await receiver.take(), hex(message(version, { payload: 'x' })));
  },
);

each(
  [3, 4, 5],
  'QoS 2, receiver: not delivered twice across a reconnect either [MQTT-4.3.3-10] [3.1.1: MQTT-4.3.3-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 0);
    const first = new Wire(await bench.connect(version, 'p', kept(version)));
    t.same(await first.ask(message(version, { qos: 2, id: 4, payload: 'x' })), hex(pubrec(4)));
    await first.client.cut();
    const [second] = await resumed(bench, version, 'p');
    t.same(await second.ask(message(version, { qos: 2, id: 4, dup: true, payload: 'x' })), hex(pubrec(4)));
    await second.client.cut();
    const [third] = await resumed(bench, version, 'p');
    t.same(await third.ask(pubrel(4)), hex(pubcomp(4)), 'it is still known on the third connection');
    t.same(await receiver.take(), hex(message(version, { payload: 'x' })));
  },
);

each(
  [3, 4, 5],
  'QoS 2, receiver: after PUBCOMP the same Packet Identifier is a new message [MQTT-4.3.3-12] [3.1.1: MQTT-4.3.3-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 0);
    const sender = new Wire(await bench.connect(version, 'p'));
    for (const [payload, dup] of [
      ['a', false],
      ['b', false],
      ['c', true],
    ] as const) {
      t.same(
        await sender.ask(message(version, { qos: 2, id: 4, dup, payload }), pubrel(4)),
        hex(pubrec(4), pubcomp(4)),
      );
      t.same(await receiver.take(), hex(message(version, { payload })));
    }
  },
);

each(
  [3, 4, 5],
  'QoS 2, receiver: a Packet Identifier in use for QoS 1 meanwhile stays what it is [MQTT-4.3.3-10] [3.1.1: MQTT-4.3.3-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 0);
    const sender = new Wire(await bench.connect(version, 'p'));
    await sender.ask(
      message(version, { qos: 2, id: 4, payload: 'a' }),
      message(version, { qos: 1, id: 5, payload: 'b' }),
    );
    t.same(await sender.ask(message(version, { qos: 2, id: 4, dup: true, payload: 'a' })), hex(pubrec(4)));
    t.same(await sender.ask(pubrel(4)), hex(pubcomp(4)));
    t.same(await receiver.take(), hex(message(version, { payload: 'a' }), message(version, { payload: 'b' })));
  },
);

each(
  [5],
  'QoS 2, receiver: after a PUBREC of 0x80 or above the same Packet Identifier is a new message [MQTT-4.3.3-9]',
  async (t) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, 5, 0);
    const sender = new Wire(await bench.connect(5, 'p'));
    t.match((await sender.ask(message(5, { qos: 2, id: 4, topic: '$SYS/x' })))[0], /^50..000487/);
    t.same(await sender.ask(message(5, { qos: 2, id: 4, payload: 'x' })), hex(pubrec(4)));
    t.same(await receiver.take(), hex(message(5, { payload: 'x' })));
    t.same(await sender.ask(pubrel(4)), hex(pubcomp(4)));
  },
);

each([5], 'QoS 2, receiver: the acknowledgements go on after the message has expired [MQTT-4.3.3-13]', async (t) => {
  const bench = new Bench(t);
  const sender = await publisher(bench, 5);
  const sent = { qos: 2, id: 4, payload: 'x', properties: properties(0x02, u32(10)) };
  t.same(await sender.ask(message(5, sent)), hex(pubrec(4)));
  await bench.clock.advance(60_000);
  t.same(await sender.ask(message(5, { ...sent, dup: true })), hex(pubrec(4)));
  t.same(await sender.ask(pubrel(4)), hex(pubcomp(4)));
});

each([3, 4, 5], 'a session that ends forgets the Packet Identifiers of QoS 2', async (t, version) => {
  const bench = new Bench(t);
  const receiver = await subscriber(bench, version, 0);
  for (const payload of ['a', 'b']) {
    const sender = new Wire(await bench.connect(version, 'p'));
    t.same(await sender.ask(message(version, { qos: 2, id: 4, payload })), hex(pubrec(4)));
    await sender.client.cut();
    t.same(await receiver.take(), hex(message(version, { payload })));
  }
});
