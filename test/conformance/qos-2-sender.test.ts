/** QoS 2 from the broker to a client: §4.3.3, sender. */
import { Bench } from '../unit/broker/harness.js';
import { each, properties, u32, unharmed } from './harness.js';
import { hex, message, pubcomp, pubrec, pubrel, resumed, subscriber } from './messages.js';

each(
  [3, 4, 5],
  'QoS 2, sender: PUBLISH with a new Packet Identifier, QoS 2, DUP 0; PUBREC is answered with PUBREL [MQTT-4.3.3-1, MQTT-4.3.3-2, MQTT-4.3.3-4] [3.1.1: MQTT-4.3.3-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 2);
    const sender = await bench.connect(version, 'p');
    for (const payload of ['a', 'b']) await sender.publish('t', payload, 2);
    t.same(
      await receiver.take(),
      hex(message(version, { qos: 2, id: 1, payload: 'a' }), message(version, { qos: 2, id: 2, payload: 'b' })),
    );
    t.same(await receiver.ask(pubrec(2)), hex(pubrel(2)));
    t.same(await receiver.ask(pubrec(1)), hex(pubrel(1)));
    t.same(await receiver.ask(pubcomp(1), pubcomp(2)), []);
    await unharmed(t, receiver.client);
  },
);

each(
  [3, 4, 5],
  'QoS 2, sender: a PUBREC again is answered with PUBREL again, until PUBCOMP [MQTT-4.3.3-4] [3.1.1: MQTT-4.3.3-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 2);
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'a', 2);
    await receiver.take();
    for (let i = 0; i < 2; i++) t.same(await receiver.ask(pubrec(1)), hex(pubrel(1)));
    t.same(await receiver.ask(pubcomp(1)), []);
    t.match((await receiver.ask(pubrec(1)))[0], version === 5 ? /^62..000192/ : /^62020001$/);
  },
);

each(
  [3, 4, 5],
  'QoS 2, sender: PUBLISH is sent again until PUBREC, PUBREL until PUBCOMP, and no PUBLISH after PUBREL [MQTT-4.3.3-3, MQTT-4.3.3-5, MQTT-4.3.3-6] [3.1.1: MQTT-4.3.3-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const first = await subscriber(bench, version, 2);
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'a', 2);
    await first.client.cut();
    const [second, one] = await resumed(bench, version);
    t.same(one, hex(message(version, { qos: 2, id: 1, dup: true, payload: 'a' })), 'before PUBREC');
    t.same(await second.ask(pubrec(1)), hex(pubrel(1)));
    await second.client.cut();
    for (const when of ['after PUBREC', 'still without PUBCOMP']) {
      const [wire, again] = await resumed(bench, version);
      t.same(again, hex(pubrel(1)), when);
      await wire.client.cut();
    }
    const [last] = await resumed(bench, version);
    t.same(await last.ask(pubcomp(1)), []);
    await last.client.cut();
    t.same((await resumed(bench, version))[1], [], 'after PUBCOMP');
  },
);

each(
  [5],
  'QoS 2, sender: a PUBREC of 0x80 or above ends it: no PUBREL, nothing sent again, the Packet Identifier is free [MQTT-4.3.3-4, MQTT-4.4.0-2]',
  async (t) => {
    const bench = new Bench(t);
    const first = await subscriber(bench, 5, 2);
    const sender = await bench.connect(5, 'p');
    for (const code of [0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]) {
      await sender.publish('t', 'x', 2);
      const id = Number.parseInt((await first.take())[0]?.slice(10, 14) ?? '', 16);
      t.same(await first.ask(pubrec(id, code)), []);
    }
    await first.client.cut();
    t.same((await resumed(bench, 5))[1], []);
  },
);

each(
  [5],
  'QoS 2, sender: a message once sent does not expire: it is sent again, and released [MQTT-4.3.3-7, MQTT-4.3.3-13]',
  async (t) => {
    const bench = new Bench(t);
    const first = await subscriber(bench, 5, 2);
    const sender = await bench.connect(5, 'p');
    sender.raw(message(5, { qos: 2, id: 9, payload: 'x', properties: properties(0x02, u32(10)) }));
    t.equal((await first.take()).length, 1);
    await first.client.cut();
    await bench.clock.advance(60_000);
    const [second, again] = await resumed(bench, 5);
    t.equal(again.length, 1);
    t.match(again[0], /^3c/, 'PUBLISH, QoS 2, DUP');
    await bench.clock.advance(60_000);
    t.same(await second.ask(pubrec(1)), hex(pubrel(1)));
    t.same(await second.ask(pubcomp(1)), []);
  },
);
