/** Message ordering: §4.6. */
import { Bench } from '../unit/broker/harness.js';
import { each } from './harness.js';
import { hex, message, puback, pubcomp, publisher, pubrec, pubrel, resumed, subscriber, Wire } from './messages.js';

const numbers = Array.from({ length: 10 }, (_, i) => i + 1);

each(
  [3, 4, 5],
  'messages of one topic and QoS reach a subscriber in the order in which they were sent [MQTT-4.6.0-5, MQTT-4.6.0-6] [3.1.1: MQTT-4.6.0-5, MQTT-4.6.0-6]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 2);
    const sender = new Wire(await bench.connect(version, 'p'));
    for (const qos of [0, 1, 2] as const) {
      await sender.ask(...numbers.map((id) => message(version, { qos, id: qos * 100 + id, payload: `${id}` })));
      const first = qos === 2 ? 10 : 0;
      const expected = numbers.map((id) => message(version, { qos, id: first + id, payload: `${id}` }));
      t.same(await receiver.take(), hex(...expected), `QoS ${qos}`);
    }
  },
);

each(
  [3, 4, 5],
  'the order lasts through what is in flight, what is queued, and what comes while it is sent again [MQTT-4.6.0-5] [3.1.1: MQTT-4.6.0-6]',
  async (t, version) => {
    const bench = new Bench(t, { receiveMaximum: 3 });
    const first = await subscriber(bench, version, 1);
    const sender = await bench.connect(version, 'p');
    const publish = async (...payloads: number[]) => {
      for (const payload of payloads) await sender.publish('t', `${payload}`, 1);
    };
    await publish(1, 2, 3, 4);
    const one = (id: number, dup = false) => message(version, { qos: 1, id, dup, payload: `${id}` });
    t.same(await first.take(), hex(one(1), one(2), one(3)));
    await first.client.cut();
    await publish(5);
    const [second, again] = await resumed(bench, version);
    t.same(again, hex(one(1, true), one(2, true), one(3, true)));
    await publish(6);
    t.same(await second.ask(puback(1), puback(2), puback(3)), hex(one(4), one(5), one(6)));
    await publish(7);
    t.same(await second.ask(puback(4)), hex(one(7)));
  },
);

each(
  [3, 4, 5],
  'PUBLISHes are sent again in the order of the first time, whatever was acknowledged between them [MQTT-4.6.0-5] [3.1.1: MQTT-4.6.0-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const first = await subscriber(bench, version, 2);
    const sender = await bench.connect(version, 'p');
    for (const id of numbers) await sender.publish('t', `${id}`, id % 2 === 0 ? 2 : 1);
    await first.ask(puback(9), pubrec(6), puback(1));
    t.same(await first.ask(pubcomp(6)), []);
    await first.client.cut();
    const left = numbers.filter((id) => ![1, 6, 9].includes(id));
    const expected = left.map((id) => message(version, { qos: id % 2 === 0 ? 2 : 1, id, dup: true, payload: `${id}` }));
    t.same((await resumed(bench, version))[1], hex(...expected));
  },
);

each(
  [3, 4, 5],
  'what a client sends again after a reconnect, in its order, goes on in that order [MQTT-4.6.0-1] [3.1.1: MQTT-4.6.0-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 1);
    const first = await subscriber(bench, version, 0, 'p');
    await first.ask(message(version, { topic: 'other', qos: 1, id: 1 }));
    await first.client.cut();
    const [second] = await resumed(bench, version, 'p');
    await receiver.take();
    await second.ask(...numbers.map((id) => message(version, { qos: 1, id, dup: true, payload: `${id}` })));
    t.same(await receiver.take(), hex(...numbers.map((id) => message(version, { qos: 1, id, payload: `${id}` }))));
  },
);

each(
  [3, 4, 5],
  'PUBACKs of the broker come in the order of the PUBLISHes [3.1.1: MQTT-4.6.0-2]',
  async (t, version) => {
    const sender = await publisher(new Bench(t), version);
    const ids = [7, 3, 65_535, 1, 9];
    t.same(await sender.ask(...ids.map((id) => message(version, { qos: 1, id }))), hex(...ids.map((id) => puback(id))));
  },
);

each(
  [3, 4, 5],
  'PUBRECs and PUBCOMPs of the broker come in the order of what they answer [3.1.1: MQTT-4.6.0-3]',
  async (t, version) => {
    const sender = await publisher(new Bench(t), version);
    const ids = [7, 3, 65_535, 1, 9];
    t.same(await sender.ask(...ids.map((id) => message(version, { qos: 2, id }))), hex(...ids.map((id) => pubrec(id))));
    const back = ids.toReversed();
    t.same(await sender.ask(...back.map((id) => pubrel(id))), hex(...back.map((id) => pubcomp(id))));
  },
);

each([3, 4, 5], 'PUBRELs of the broker come in the order of the PUBRECs [3.1.1: MQTT-4.6.0-4]', async (t, version) => {
  const bench = new Bench(t);
  const receiver = await subscriber(bench, version, 2);
  const sender = await bench.connect(version, 'p');
  for (const id of numbers) await sender.publish('t', `${id}`, 2);
  await receiver.take();
  const order = [3, 1, 2, 10, 5];
  t.same(await receiver.ask(...order.map((id) => pubrec(id))), hex(...order.map((id) => pubrel(id))));
});

each(
  [3, 4, 5],
  'a client may acknowledge out of order: each acknowledgement is for its own message [MQTT-4.6.0-2, MQTT-4.6.0-3, MQTT-4.6.0-4] [3.1.1: MQTT-4.6.0-2, MQTT-4.6.0-3, MQTT-4.6.0-4]',
  async (t, version) => {
    const bench = new Bench(t);
    const first = await subscriber(bench, version, 2);
    const sender = await bench.connect(version, 'p');
    for (const [payload, qos] of [
      ['1', 1],
      ['2', 1],
      ['3', 2],
      ['4', 2],
    ] as const)
      await sender.publish('t', payload, qos);
    await first.take();
    t.same(await first.ask(puback(2), pubrec(4), pubrec(3), pubcomp(3)), hex(pubrel(4), pubrel(3)));
    await first.client.cut();
    t.same(
      (await resumed(bench, version))[1],
      hex(pubrel(4), message(version, { qos: 1, id: 1, dup: true, payload: '1' })),
    );
    // What a client sends in a wrong order is for it alone: messages are delivered as they arrive.
    const receiver = await subscriber(bench, version, 0, 'r');
    const other = new Wire(await bench.connect(version, 'q'));
    await other.ask(
      message(version, { qos: 2, id: 2, payload: 'b' }),
      message(version, { qos: 2, id: 1, payload: 'a' }),
    );
    await other.ask(pubrel(1), pubrel(2));
    t.same(await receiver.take(), hex(message(version, { payload: 'b' }), message(version, { payload: 'a' })));
  },
);
