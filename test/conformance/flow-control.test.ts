/** Receive Maximum in both directions: §3.3.4 and §4.9. */
import { Bench, type TestClient } from '../unit/broker/harness.js';
import { each, packet, properties, refused, subscribe, u16, unharmed } from './harness.js';
import { hex, message, puback, pubcomp, publisher, pubrec, pubrel, subscriber, Wire } from './messages.js';

const PINGREQ = packet(0xc0);
const PINGRESP = packet(0xd0);

async function slow(bench: Bench, receiveMaximum: number, qos: 1 | 2): Promise<Wire> {
  const client: TestClient = await bench.connect(5, 's', {
    clean: false,
    properties: { receiveMaximum, sessionExpiryInterval: 600 },
  });
  await client.subscribe('t', qos);
  return new Wire(client);
}

each([5], 'Receive Maximum is announced, small, and so many messages are taken', async (t) => {
  const bench = new Bench(t, { receiveMaximum: 3 });
  const sender = await publisher(bench, 5);
  t.equal(sender.client.connack?.properties?.receiveMaximum, 3);
  t.same(await sender.ask(...[1, 2, 3].map((id) => message(5, { qos: 2, id }))), hex(pubrec(1), pubrec(2), pubrec(3)));
  await unharmed(t, sender.client);
});

each(
  [5],
  'more unreleased QoS 2 messages than Receive Maximum end the connection with 0x93 [MQTT-3.3.4-7]',
  async (t) => {
    const bench = new Bench(t, { receiveMaximum: 3 });
    const receiver = await subscriber(bench, 5, 0);
    const sender = await publisher(bench, 5);
    await sender.ask(...[1, 2, 3].map((id) => message(5, { qos: 2, id, payload: `${id}` })));
    t.same(await receiver.take(), hex(...[1, 2, 3].map((id) => message(5, { payload: `${id}` }))));
    sender.client.raw(message(5, { qos: 2, id: 4, payload: 'x' }));
    await refused(t, sender.client, 0x93);
    t.same(await receiver.take(), [], 'what was too much goes nowhere');
  },
);

each([5], 'a QoS 1 message counts beside unreleased QoS 2 messages [MQTT-3.3.4-7]', async (t) => {
  const bench = new Bench(t, { receiveMaximum: 2 });
  const sender = await publisher(bench, 5);
  await sender.ask(message(5, { qos: 2, id: 1 }), message(5, { qos: 2, id: 2 }));
  sender.client.raw(message(5, { qos: 1, id: 3 }));
  await refused(t, sender.client, 0x93);
});

each([5], 'a message that was released does not count any more, one that is repeated not twice', async (t) => {
  const bench = new Bench(t, { receiveMaximum: 2 });
  const sender = await publisher(bench, 5);
  await sender.ask(message(5, { qos: 2, id: 1 }), message(5, { qos: 2, id: 2 }));
  t.same(await sender.ask(message(5, { qos: 2, id: 2, dup: true })), hex(pubrec(2)), 'repeated');
  t.same(await sender.ask(pubrel(1), message(5, { qos: 2, id: 3 })), hex(pubcomp(1), pubrec(3)), 'released');
  for (let id = 10; id < 40; id++) {
    t.same(await sender.ask(pubrel(3), message(5, { qos: 2, id: 3 })), hex(pubcomp(3), pubrec(3)));
  }
  await unharmed(t, sender.client);
});

each([3, 4], 'clients without Receive Maximum are not held to it', async (t, version) => {
  const bench = new Bench(t, { receiveMaximum: 2 });
  const sender = await publisher(bench, version);
  const ids = [1, 2, 3, 4, 5];
  t.same(await sender.ask(...ids.map((id) => message(version, { qos: 2, id }))), hex(...ids.map((id) => pubrec(id))));
});

each(
  [5],
  'while the client has used up our Receive Maximum, everything but PUBLISH of QoS 1 and 2 is served [MQTT-3.3.4-8, MQTT-4.9.0-3]',
  async (t) => {
    const bench = new Bench(t, { receiveMaximum: 1 });
    const sender = await publisher(bench, 5);
    await sender.ask(message(5, { qos: 2, id: 1 }));
    t.same(await sender.ask(PINGREQ), hex(PINGRESP));
    t.same(await sender.ask(subscribe(5, 'x', 0)), hex(packet(0x90, u16(1), 0, 0)));
    t.same(await sender.ask(message(5, { topic: 'x', payload: '0' })), hex(message(5, { topic: 'x', payload: '0' })));
    t.same(await sender.ask(packet(0xa2, u16(2), properties(), 'x')), hex(packet(0xb0, u16(2), 0, 0)));
    t.same(await sender.ask(pubrel(1)), hex(pubcomp(1)));
  },
);

each(
  [5],
  'no more than the Receive Maximum of the client are in flight; each PUBACK lets one more through [MQTT-3.3.4-9, MQTT-4.9.0-1, MQTT-4.9.0-2]',
  async (t) => {
    const bench = new Bench(t);
    const receiver = await slow(bench, 2, 1);
    const sender = await bench.connect(5, 'p');
    for (let i = 1; i <= 5; i++) await sender.publish('t', `${i}`, 1);
    const one = (id: number) => message(5, { qos: 1, id, payload: `${id}` });
    t.same(await receiver.take(), hex(one(1), one(2)));
    t.same(await receiver.ask(puback(2)), hex(one(3)));
    t.same(await receiver.ask(puback(77)), [], 'an acknowledgement of nothing is worth nothing');
    t.same(await receiver.ask(puback(1), puback(3)), hex(one(4), one(5)));
  },
);

each(
  [5],
  'QoS 2: PUBCOMP, or a PUBREC that refuses, lets one more through; PUBREC does not [MQTT-3.3.4-9, MQTT-4.9.0-2]',
  async (t) => {
    const bench = new Bench(t);
    const receiver = await slow(bench, 1, 2);
    const sender = await bench.connect(5, 'p');
    for (let i = 1; i <= 4; i++) await sender.publish('t', `${i}`, 2);
    const one = (id: number) => message(5, { qos: 2, id, payload: `${id}` });
    t.same(await receiver.take(), hex(one(1)));
    t.same(await receiver.ask(pubrec(1)), hex(pubrel(1)));
    t.same(await receiver.ask(pubcomp(1)), hex(one(2)));
    t.same(await receiver.ask(pubrec(2, 0x83)), hex(one(3)));
    t.same(await receiver.ask(pubrec(3)), hex(pubrel(3)));
    t.same(await receiver.ask(pubcomp(3)), hex(one(4)));
  },
);

each([5], 'retained messages keep to the Receive Maximum of the client [MQTT-3.3.4-9]', async (t) => {
  const bench = new Bench(t);
  const sender = await bench.connect(5, 'p');
  for (const topic of ['a', 'b', 'c']) await sender.publish(topic, 'k', 1, true);
  const receiver = new Wire(await bench.connect(5, 's', { properties: { receiveMaximum: 1 } }));
  const [, ...first] = await receiver.ask(subscribe(5, '+', 1));
  t.equal(first.length, 1);
  t.equal((await receiver.ask(puback(1))).length, 1);
  t.equal((await receiver.ask(puback(2))).length, 1);
  t.same(await receiver.ask(puback(3)), []);
});

each(
  [5],
  'at the Receive Maximum of the client QoS 0 and every other packet still go out [MQTT-3.3.4-10, MQTT-4.9.0-3]',
  async (t) => {
    const bench = new Bench(t);
    const receiver = await slow(bench, 1, 2);
    const sender = await bench.connect(5, 'p');
    for (const payload of ['1', '2']) await sender.publish('t', payload, 2);
    t.same(await receiver.take(), hex(message(5, { qos: 2, id: 1, payload: '1' })));
    await sender.publish('t', '0', 0);
    t.same(await receiver.take(), hex(message(5, { payload: '0' })), 'QoS 0');
    t.same(await receiver.ask(PINGREQ), hex(PINGRESP));
    t.same(await receiver.ask(subscribe(5, 'x', 0)), hex(packet(0x90, u16(1), 0, 0)), 'SUBACK');
    t.same(await receiver.ask(message(5, { topic: 'y', qos: 2, id: 9 })), hex(pubrec(9, 0x10)), 'PUBREC');
    t.same(await receiver.ask(pubrel(9)), hex(pubcomp(9)), 'PUBCOMP');
    t.same(await receiver.ask(message(5, { topic: 'x', qos: 1, id: 8 })), hex(message(5, { topic: 'x' }), puback(8)));
    t.same(await receiver.ask(pubrec(1)), hex(pubrel(1)), 'PUBREL');
  },
);

each([5], 'a new connection begins with its own Receive Maximum [MQTT-4.9.0-1]', async (t) => {
  const bench = new Bench(t);
  const first = await slow(bench, 1, 1);
  const sender = await bench.connect(5, 'p');
  for (let i = 1; i <= 4; i++) await sender.publish('t', `${i}`, 1);
  t.same(await first.take(), hex(message(5, { qos: 1, id: 1, payload: '1' })));
  await first.client.cut();
  const second = new Wire(bench.open(5));
  await second.client.connect('s', { clean: false, properties: { receiveMaximum: 3, sessionExpiryInterval: 600 } });
  const got = await second.take();
  const wanted = [1, 2, 3].map((id) => message(5, { qos: 1, id, payload: `${id}`, dup: id === 1 }));
  t.same(got.slice(-3), hex(...wanted));
});
