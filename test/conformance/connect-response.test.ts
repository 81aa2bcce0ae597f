/** What the broker does with a CONNECT: §3.1.4. */
import t from 'tap';
import { ReasonCode } from '../../src/broker/reason-codes.js';
import { brokerConfig } from '../support/broker-config.js';
import { Bench } from '../unit/broker/harness.js';
import {
  accessExcept,
  brief,
  closedSilently,
  connect,
  connectRefused,
  each,
  packet,
  properties,
  publish,
  refused,
  settled,
  subscribe,
  u32,
  unharmed,
} from './harness.js';

each(
  [3, 4, 5],
  'a CONNECT that does not conform ends the connection: in 5.0 with CONNACK, before it without [MQTT-3.1.4-1] [3.1.1: MQTT-3.1.4-1, MQTT-3.2.2-6]',
  async (t, version) => {
    const bench = new Bench(t);
    const whole = connect(version, { flags: 0xc2, payload: ['c', 'user', 'pass'] });
    const level = 2 + (version === 3 ? 8 : 6) + 1;
    // Cut short after every byte, with a Remaining Length that fits.
    for (let length = 2; length < whole.length; length++) {
      const client = bench.open(version);
      client.raw(packet(0x10, whole.subarray(2, length)));
      // Which version it is can be known only from the level on.
      if (version === 5 && length >= level) await connectRefused(t, client, 0x81);
      else await closedSilently(t, client);
    }
    const longer = bench.open(version);
    longer.raw(packet(0x10, whole.subarray(2), 0));
    if (version === 5) await connectRefused(t, longer, 0x81);
    else await closedSilently(t, longer);
    t.same(bench.broker.clients(), []);
  },
);

t.test(
  'a Will Topic that is not a Topic Name, or not for clients, ends the connection [MQTT-3.1.4-1] [3.1.1: MQTT-3.1.4-1]',
  async (t) => {
    const bench = new Bench(t);
    for (const topic of ['', 'a/#', 'a/+/b', '$SYS/broker/load']) {
      const client = bench.open(5);
      client.raw(connect(5, { flags: 0x06, payload: ['c', properties(), topic, 'w'] }));
      await connectRefused(t, client, 0x90);
      const old = bench.open(4);
      old.raw(connect(4, { flags: 0x06, payload: ['c', topic, 'w'] }));
      await old.closed();
      t.same(
        (await old.pending()).map(brief).filter((line) => line !== 'connack 0x5'),
        [],
      );
    }
    t.same(bench.broker.clients(), []);
  },
);

each(
  [3, 4, 5],
  'who is not let in is told so, and the connection ends [MQTT-3.1.4-2, MQTT-3.2.2-6, MQTT-3.2.2-7, MQTT-4.13.2-1] [3.1.1: MQTT-3.2.2-4, MQTT-3.2.2-5]',
  async (t, version) => {
    const codes = [
      [ReasonCode.badUserNameOrPassword, 0x04, 0x86],
      [ReasonCode.notAuthorized, 0x05, 0x87],
      [ReasonCode.serverUnavailable, 0x03, 0x88],
    ] as const;
    for (const [reasonCode, before, now] of codes) {
      const bench = new Bench(t, {}, {}, accessExcept(reasonCode));
      // There is a session, but nothing of it may show.
      const client = bench.open(version);
      client.raw(connect(version, { flags: 0x00, payload: ['no'] }));
      await connectRefused(t, client, version === 5 ? now : before);
    }
    const anonymous = new Bench(
      t,
      {},
      { listeners: [{ ...brokerConfig().listeners[0]!, auth: { anonymous: false } }] },
    );
    const nobody = anonymous.open(version);
    nobody.raw(connect(version));
    await connectRefused(t, nobody, version === 5 ? 0x86 : 0x04);
    t.same(anonymous.broker.clients(), []);
  },
);

each(
  [3, 4, 5],
  'after a refused CONNECT nothing that follows it is processed [MQTT-3.1.4-6] [3.1.1: MQTT-3.1.4-5]',
  async (t, version) => {
    const bench = new Bench(t, {}, {}, accessExcept(ReasonCode.notAuthorized));
    const watcher = await bench.connect(version, 'w');
    await watcher.subscribe('#', 0);
    const client = bench.open(version);
    const no = connect(version, { payload: ['no'] });
    client.raw(
      Buffer.concat([no, publish(version, 't', 'x'), subscribe(version, 't'), packet(0xc0), connect(version)]),
    );
    await connectRefused(t, client, version === 5 ? 0x87 : 0x05);
    const slow = bench.open(version);
    slow.raw(no);
    await slow.next('connack');
    slow.raw(publish(version, 't', 'x', properties(0x26, 'n', 'v')));
    await slow.closed();
    t.same((await settled(watcher)).map(brief), []);
    t.same(
      bench.broker.clients().map(({ clientId }) => clientId),
      ['w'],
    );
  },
);

each(
  [3, 4, 5],
  'a Client Identifier that is connected already: the older connection is ended [MQTT-3.1.4-3] [3.1.1: MQTT-3.1.4-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const older = await bench.connect(version, 'same', { clean: false });
    await older.subscribe('t', 1);
    const newer = await bench.connect(version, 'same', { clean: false });
    await refused(t, older, 0x8e);
    await unharmed(t, newer);
    t.equal(bench.broker.clients().length, 1);
    // The other version is no other client.
    const other = await bench.connect(version === 5 ? 4 : 5, 'same', { clean: false });
    await refused(t, newer, 0x8e);
    await unharmed(t, other);
  },
);

each(
  [3, 4, 5],
  'a good CONNECT is answered with CONNACK 0 before anything else, once [MQTT-3.1.4-5, MQTT-3.2.0-1, MQTT-3.2.0-2] [3.1.1: MQTT-3.1.4-4, MQTT-3.2.0-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const options = { clean: false, ...(version === 5 && { properties: { sessionExpiryInterval: 100 } }) };
    const first = await bench.connect(version, 'a', options);
    await first.subscribe('t', 1);
    bench.route({ topic: 't', payload: 'under way', qos: 1 });
    await first.next('publish');
    await first.cut();
    bench.route({ topic: 't', payload: 'waiting', qos: 1 });
    const second = bench.open(version);
    const props = properties(0x11, u32(100));
    second.raw(Buffer.concat([connect(version, { flags: 0, properties: props, payload: ['a'] }), packet(0xc0)]));
    const [answer, ...rest] = (await second.pending()).map(brief);
    t.equal(answer, 'connack 0x0');
    // What lies on disk may come after the answer to PINGREQ.
    t.same(rest.sort(), ['pingresp', 'publish t under way q1 dup', 'publish t waiting q1']);
    second.send({ cmd: 'pingreq' });
    t.same((await second.pending()).map(brief), ['pingresp'], 'no second CONNACK ever');
  },
);
