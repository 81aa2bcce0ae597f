/** QoS 0 and QoS 1, both roles: §4.3.1 and §4.3.2. */
import { Bench } from '../unit/broker/harness.js';
import { each, unharmed } from './harness.js';
import { hex, message, puback, resumed, subscriber, Wire } from './messages.js';

each(
  [3, 4, 5],
  'QoS 0: PUBLISH with QoS 0 and DUP 0, no Packet Identifier, never sent again [MQTT-4.3.1-1] [3.1.1: MQTT-4.3.1-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 2);
    const sender = new Wire(await bench.connect(version, 'p'));
    t.same(await sender.ask(message(version, { payload: 'x' })), []);
    t.same(await receiver.take(), hex(message(version, { payload: 'x' })));
    await receiver.client.cut();
    t.same((await resumed(bench, version))[1], []);
  },
);

each(
  [3, 4, 5],
  'QoS 1, sender: a new Packet Identifier for each message, QoS 1, DUP 0 [MQTT-4.3.2-1, MQTT-4.3.2-2] [3.1.1: MQTT-4.3.2-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 1);
    const sender = await bench.connect(version, 'p');
    for (let i = 1; i <= 3; i++) await sender.publish('t', `${i}`, 1);
    const expected = [1, 2, 3].map((id) => message(version, { qos: 1, id, payload: `${id}` }));
    t.same(await receiver.take(), hex(...expected));
  },
);

each(
  [5],
  'Packet Identifiers go round without 0 and without those that are still in use [MQTT-4.3.2-1, MQTT-4.3.3-1] [3.1.1: MQTT-4.3.2-1, MQTT-4.3.3-1]',
  async (t, version) => {
    const bench = new Bench(t, { receiveMaximum: 500 });
    const receiver = await subscriber(bench, version, 2);
    const ids = new Set<number>();
    let last = 0;
    // 1 and 2 stay in flight, of QoS 1 and 2; everything else is acknowledged.
    for (let sent = 0; sent < 65_540; sent += 490) {
      for (let i = 0; i < 490; i++) bench.route({ topic: 't', payload: '', qos: sent + i === 1 ? 2 : 1 });
      const answers: Buffer[] = [];
      for (const one of await receiver.take()) {
        // Fixed header, `t` with its length; then the Packet Identifier.
        const id = Number.parseInt(one.slice(10, 14), 16);
        if (last === 65_535) t.equal(id, 3, 'round: 0 does not exist, 1 and 2 are in use');
        else if (id !== last + 1) t.fail(`${id} after ${last}`);
        if (id > 2) answers.push(puback(id));
        ids.add(id);
        last = id;
      }
      if ((await receiver.ask(...answers)).length > 0) t.fail('nothing waits');
    }
    t.equal(ids.size, 65_535, 'all were used');
    t.notOk(ids.has(0));
    await unharmed(t, receiver.client);
  },
);

each(
  [3, 4, 5],
  'QoS 1, sender: unacknowledged until PUBACK, then done [MQTT-4.3.2-3, MQTT-4.4.0-2] [3.1.1: MQTT-4.3.2-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const first = await subscriber(bench, version, 1);
    const sender = await bench.connect(version, 'p');
    for (const payload of ['a', 'b']) await sender.publish('t', payload, 1);
    await first.take();
    t.same(await first.ask(puback(1)), []);
    await first.client.cut();
    const [second, again] = await resumed(bench, version);
    t.same(again, hex(message(version, { qos: 1, id: 2, dup: true, payload: 'b' })), 'only what was not acknowledged');
    t.same(await second.ask(puback(2)), []);
    await second.client.cut();
    t.same((await resumed(bench, version))[1], []);
  },
);

each([5], 'QoS 1, sender: a PUBACK of 0x80 or above is an acknowledgement, too [MQTT-4.4.0-2]', async (t, version) => {
  const bench = new Bench(t);
  const first = await subscriber(bench, version, 1);
  const sender = await bench.connect(version, 'p');
  for (const code of [0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]) {
    await sender.publish('t', 'x', 1);
    const id = Number.parseInt((await first.take())[0]?.slice(10, 14) ?? '', 16);
    t.same(await first.ask(puback(id, code)), []);
  }
  await first.client.cut();
  t.same((await resumed(bench, version))[1], []);
});

each(
  [3, 4, 5],
  'QoS 1, receiver: PUBACK with the Packet Identifier; then the same identifier is a new message, whatever DUP says [MQTT-4.3.2-4, MQTT-4.3.2-5] [3.1.1: MQTT-4.3.2-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 0);
    const sender = new Wire(await bench.connect(version, 'p'));
    for (const [payload, dup] of [
      ['a', false],
      ['b', false],
      ['c', true],
    ] as const) {
      t.same(await sender.ask(message(version, { qos: 1, id: 5, dup, payload })), hex(puback(5)));
      t.same(await receiver.take(), hex(message(version, { payload })));
    }
  },
);
