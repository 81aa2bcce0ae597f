/** Handling of errors: §4.13 (3.1.1: §4.8). */
import t from 'tap';
import { Bench } from '../unit/broker/harness.js';
import {
  brief,
  connect,
  connectRefused,
  each,
  type Part,
  packet,
  properties,
  publish,
  recorded,
  refused,
  settled,
  u16,
  unharmed,
  type Version,
} from './harness.js';

const none = (version: Version) => (version === 5 ? [properties()] : []);

/** What no client may send, and what 5.0 calls it. */
function violations(version: Version): Record<string, [bytes: Buffer, reasonCode: number]> {
  const empty = none(version);
  return {
    'a reserved type': [packet(0x00), 0x81],
    'reserved flags': [packet(0xc3), 0x81],
    'QoS 3': [packet(0x36, 't', u16(1), ...empty), 0x81],
    'DUP with QoS 0': [packet(0x38, 't', ...empty), 0x81],
    'a field cut short': [packet(0x30, Buffer.from([0, 9, 0x61])), 0x81],
    'bytes left over': [packet(0xc0, 0), 0x81],
    'ill-formed UTF-8': [packet(0x30, Buffer.from([0, 1, 0xff]), ...empty), 0x81],
    'a packet of a server': [packet(0xd0), 0x82],
    'a second CONNECT': [connect(version), 0x82],
    'Packet Identifier 0': [packet(0x32, 't', u16(0), ...empty), 0x82],
    'SUBSCRIBE to nothing': [packet(0x82, u16(1), ...empty), 0x82],
    'a wildcard in a Topic Name': [publish(version, 'a/+'), 0x90],
    'a packet too large': [publish(version, 't', 'x'.repeat(2_000)), 0x95],
  };
}

each(
  [3, 4, 5],
  'a protocol violation ends its connection, with the Reason Code where there is one, and no other [MQTT-4.13.1-1, MQTT-4.13.2-1] [3.1.1: MQTT-4.8.0-1]',
  async (t, version) => {
    const bench = new Bench(t, { packetBytes: 1_000 });
    const bystander = await bench.connect(version, 'bystander');
    await bystander.subscribe('t', 2);
    for (const [what, [bytes, reasonCode]] of Object.entries(violations(version))) {
      await t.test(what, async (t) => {
        const client = await bench.connect(version, 'a');
        const seen = recorded(client);
        // What was sent before is processed, what is sent after is not.
        client.raw(
          Buffer.concat([publish(version, 't', 'before'), bytes, publish(version, 't', 'after'), packet(0xc0)]),
        );
        await refused(t, client, reasonCode);
        t.equal(seen.packets().length, version === 5 ? 1 : 0);
        t.same((await settled(bystander)).map(brief), ['publish t before q0']);
      });
    }
    await unharmed(t, bystander);
    t.equal(bench.broker.connections(), 1, 'no connection is left behind');
  },
);

t.test(
  'a peer that does not close its end is not waited for [MQTT-4.13.1-1, MQTT-4.13.2-1] [3.1.1: MQTT-4.8.0-1]',
  async (t) => {
    const bench = new Bench(t);
    for (const version of [4, 5] as const) {
      const client = await bench.connect(version, 'a');
      client.stream.removeAllListeners('end');
      client.raw(packet(0x00));
      await bench.settle();
      for (let i = 0; i < 10; i++) client.raw(packet(0xc0));
      await bench.clock.advance(1_000);
      t.ok(client.isClosed);
      t.equal(bench.broker.connections(), 0);
    }
  },
);

t.test(
  'a CONNECT in error is refused in CONNACK, closed with it or without [MQTT-4.13.1-1, MQTT-4.13.2-1]',
  async (t) => {
    const bench = new Bench(t);
    const cases: [what: string, parts: Buffer, reasonCode: number][] = [
      ['malformed', connect(5, { flags: 0x03 }), 0x81],
      ['a Protocol Error', connect(5, { properties: properties(0x21, u16(0)) }), 0x82],
      ['an unknown version', connect(5, { level: 6 }), 0x84],
      ['an unknown method', connect(5, { properties: properties(0x15, 'x') }), 0x8c],
      ['a bad Will Topic', connect(5, { flags: 0x06, payload: ['c', properties(), '#', ''] }), 0x90],
    ];
    for (const [what, bytes, reasonCode] of cases) {
      await t.test(what, async (t) => {
        const client = bench.open(5);
        client.raw(bytes);
        await connectRefused(t, client, reasonCode);
      });
    }
    t.equal(bench.broker.connections(), 0);
  },
);

each(
  [3, 4, 5],
  'an error of the moment: 5.0 is told in the acknowledgement and stays, before it the connection ends [MQTT-4.3.3-9] [3.1.1: MQTT-4.8.0-2]',
  async (t, version) => {
    for (const qos of [1, 2] as const) {
      // What nobody keeps does not come to publish() otherwise.
      const bench = new Bench(t, {}, {}, undefined, undefined, undefined, false);
      const watcher = await bench.connect(version, 'w');
      await watcher.subscribe('#', 0);
      const client = await bench.connect(version, 'a');
      // The store of a receiver fails.
      const { router } = bench.broker;
      const publishAsEver = router.publish.bind(router);
      router.publish = () => Promise.reject(new Error('no space left'));
      const parts: Part[] = ['t', u16(7), ...none(version), Buffer.from('x')];
      client.raw(packet(0x30 | (qos << 1), ...parts));
      if (version === 5) {
        t.same((await client.pending()).map(brief), [`${qos === 1 ? 'puback' : 'pubrec'} 7 0x97`]);
        router.publish = publishAsEver;
        client.raw(packet(0x30 | (qos << 1), ...parts));
        t.same(
          (await client.pending()).map(brief),
          [`${qos === 1 ? 'puback' : 'pubrec'} 7 0x0`],
          'the identifier is free',
        );
        t.same((await settled(watcher)).map(brief), ['publish t x q0']);
      } else {
        await refused(t, client, 0x83);
        router.publish = publishAsEver;
        t.same((await settled(watcher)).map(brief), [], 'not taken');
      }
    }
  },
);
