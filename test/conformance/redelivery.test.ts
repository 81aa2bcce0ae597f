/** Message delivery retry and message receipt: §4.4 and §4.5. */
import { Bench } from '../unit/broker/harness.js';
import { each } from './harness.js';
import { hex, kept, message, puback, pubrec, pubrel, resumed, subscriber, Wire } from './messages.js';

each(
  [3, 4, 5],
  'on resuming a session PUBREL and PUBLISH are sent again with their Packet Identifiers, then what is new [MQTT-4.4.0-1] [3.1.1: MQTT-4.4.0-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const first = await subscriber(bench, version, 2);
    const sender = await bench.connect(version, 'p');
    for (const [payload, qos] of [
      ['a', 1],
      ['b', 2],
      ['c', 2],
      ['d', 1],
    ] as const)
      await sender.publish('t', payload, qos);
    await first.take();
    t.same(await first.ask(pubrec(2)), hex(pubrel(2)));
    t.same(await first.ask(puback(4)), []);
    await first.client.cut();
    await sender.publish('t', 'e', 1);
    const [, again] = await resumed(bench, version);
    t.same(
      again,
      hex(
        pubrel(2),
        message(version, { qos: 1, id: 1, dup: true, payload: 'a' }),
        message(version, { qos: 2, id: 3, dup: true, payload: 'c' }),
        message(version, { qos: 1, id: 5, payload: 'e' }),
      ),
    );
  },
);

each(
  [3, 4, 5],
  'nothing is sent again while the connection lasts, however long the client is silent [MQTT-4.4.0-1] [3.1.1: MQTT-4.4.0-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 2);
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'a', 1);
    await sender.publish('t', 'b', 2);
    await sender.publish('t', 'c', 2);
    await receiver.take();
    t.same(await receiver.ask(pubrec(3)), hex(pubrel(3)));
    await bench.clock.advance(24 * 3_600_000);
    t.same(await receiver.take(), []);
  },
);

each([3, 4, 5], 'a session that was not kept sends nothing again', async (t, version) => {
  const bench = new Bench(t);
  const first = await bench.connect(version, 's');
  await first.subscribe('t', 1);
  const sender = await bench.connect(version, 'p');
  await sender.publish('t', 'a', 1);
  await first.cut();
  const second = new Wire(await bench.connect(version, 's', kept(version)));
  t.equal(second.client.connack?.sessionPresent, false);
  t.same(await second.take(), []);
});

each(
  [3, 4, 5],
  'a take-over sends again what the connection before did not acknowledge [MQTT-4.4.0-1] [3.1.1: MQTT-4.4.0-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const first = await subscriber(bench, version, 1);
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'a', 1);
    const [, again] = await resumed(bench, version);
    t.same(again, hex(message(version, { qos: 1, id: 1, dup: true, payload: 'a' })));
    await first.client.closed();
  },
);

each(
  [3, 4, 5],
  'an acknowledgement that comes late, on the next connection, counts [MQTT-4.4.0-1] [3.1.1: MQTT-4.4.0-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const first = await subscriber(bench, version, 1);
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'a', 1);
    await first.client.cut();
    const [second] = await resumed(bench, version);
    t.same(await second.ask(puback(1)), []);
    await second.client.cut();
    t.same((await resumed(bench, version))[1], []);
  },
);

each(
  [3, 4, 5],
  'a message is added to every session that matches, with or without a connection [MQTT-4.5.0-1] [3.1.1: MQTT-4.5.0-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const there = await subscriber(bench, version, 1, 'there');
    const away = await subscriber(bench, version, 2, 'away');
    await away.client.cut();
    const other = await bench.connect(version, 'other', kept(version));
    await other.subscribe('u', 2);
    await other.cut();
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'x', 1);
    t.same(await there.take(), hex(message(version, { qos: 1, id: 1, payload: 'x' })));
    t.same((await resumed(bench, version, 'away'))[1], hex(message(version, { qos: 1, id: 1, payload: 'x' })));
    t.same((await resumed(bench, version, 'other'))[1], []);
  },
);

each(
  [3, 4, 5],
  'the message of a publisher that is cut off after PUBACK or PUBREC is delivered all the same [MQTT-4.5.0-1] [3.1.1: MQTT-4.5.0-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 2);
    for (const qos of [1, 2]) {
      const sender = new Wire(await bench.connect(version, 'p'));
      t.same(
        await sender.ask(message(version, { qos, id: 7, payload: `${qos}` })),
        hex(qos === 1 ? puback(7) : pubrec(7)),
      );
      await sender.client.cut();
      t.same(await receiver.take(), hex(message(version, { qos, id: qos, payload: `${qos}` })));
    }
  },
);

each(
  [3, 4, 5],
  'what a client does not acknowledge stays with its session, however often it comes back [MQTT-4.5.0-2] [3.1.1: MQTT-4.5.0-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const first = await subscriber(bench, version, 2);
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'a', 1);
    await sender.publish('t', 'b', 2);
    await first.client.cut();
    const expected = hex(
      message(version, { qos: 1, id: 1, dup: true, payload: 'a' }),
      message(version, { qos: 2, id: 2, dup: true, payload: 'b' }),
    );
    for (let i = 0; i < 3; i++) {
      const [wire, again] = await resumed(bench, version);
      t.same(again, expected);
      await wire.client.cut();
    }
  },
);
