/** DUP and QoS of PUBLISH: §3.3.1.1 and §3.3.1.2. */
import { Bench } from '../unit/broker/harness.js';
import { each, refused } from './harness.js';
import { hex, message, puback, resumed, subscriber, Wire } from './messages.js';

each(
  [3, 4, 5],
  'DUP is 1 when a PUBLISH is sent again, and 0 before, whatever DUP the publisher sent [MQTT-3.3.1-1, MQTT-3.3.1-3] [3.1.1: MQTT-3.3.1-1, MQTT-3.3.1-3]',
  async (t, version) => {
    const bench = new Bench(t);
    const first = await subscriber(bench, version, 1);
    const sender = new Wire(await bench.connect(version, 'p'));
    t.same(await sender.ask(message(version, { qos: 1, dup: true, id: 7, payload: 'a' })), hex(puback(7)));
    t.same(await first.take(), hex(message(version, { qos: 1, id: 1, payload: 'a' })), 'the first time');
    await first.client.cut();
    const [, again] = await resumed(bench, version);
    t.same(again, hex(message(version, { qos: 1, id: 1, payload: 'a', dup: true })), 'after a reconnect');
  },
);

each(
  [3, 4, 5],
  'a PUBLISH of QoS 0 has DUP 0, also when the publisher used QoS 1 and DUP [MQTT-3.3.1-2] [3.1.1: MQTT-3.3.1-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 0);
    const sender = new Wire(await bench.connect(version, 'p'));
    await sender.ask(message(version, { qos: 1, dup: true, id: 7, payload: 'a' }));
    t.same(await receiver.take(), hex(message(version, { payload: 'a' })));
  },
);

each(
  [3, 4, 5],
  'a PUBLISH of QoS 0 with DUP ends the connection and goes nowhere [MQTT-3.3.1-2] [3.1.1: MQTT-3.3.1-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 0);
    const sender = await bench.connect(version, 'p');
    sender.raw(message(version, { dup: true, payload: 'a' }));
    await refused(t, sender, 0x81);
    t.same(await receiver.take(), []);
  },
);

each(
  [3, 4, 5],
  'a PUBLISH with both QoS bits ends the connection and goes nowhere [MQTT-3.3.1-4] [3.1.1: MQTT-3.3.1-4]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 2);
    const sender = await bench.connect(version, 'p');
    sender.raw(message(version, { qos: 3, id: 7, payload: 'a' }));
    await refused(t, sender, 0x81);
    t.same(await receiver.take(), []);
  },
);
