/** CONNACK: §3.2. */
import t from 'tap';
import { ReasonCode } from '../../src/broker/reason-codes.js';
import { Bench } from '../unit/broker/harness.js';
import {
  accessExcept,
  brief,
  bytes,
  connect,
  packet,
  properties,
  publish,
  recorded,
  refused,
  u16,
  u32,
  unharmed,
} from './harness.js';

t.test(
  'CONNACK byte for byte: flags other than Session Present are 0 [MQTT-3.2.2-1, MQTT-3.2.2-3] [3.1.1: MQTT-3.2.2-2, MQTT-3.2.2-3]',
  async (t) => {
    const bench = new Bench(t);
    for (const present of [0, 1]) {
      const old = bench.open(4);
      const seen = recorded(old);
      old.raw(connect(4, { flags: 0x00, payload: ['old'] }));
      await old.next('connack');
      t.equal(seen.bytes().toString('hex'), bytes(0x20, 2, present, 0).toString('hex'));
      await old.cut();
      const client = bench.open(5);
      const modern = recorded(client);
      client.raw(connect(5, { flags: 0x00, properties: properties(0x11, u32(100)), payload: ['new'] }));
      await client.next('connack');
      t.equal(modern.bytes()[0], 0x20);
      t.equal(modern.bytes()[2], present);
      t.equal(modern.bytes()[3], 0);
      await client.cut();
    }
    const no = bench.open(5);
    const seen = recorded(no);
    no.raw(connect(5, { flags: 0x00, properties: properties(0x15, 'none'), payload: ['new'] }));
    await no.closed();
    t.equal(seen.bytes()[2], 0, 'a refusal says nothing of the session that there is [MQTT-3.2.2-6]');
  },
);

t.test('the code of CONNACK is always one of its table [MQTT-3.2.2-8] [3.1.1: MQTT-3.2.2-6]', async (t) => {
  const known = [
    0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c,
    0x9d, 0x9f,
  ];
  for (const [name, reasonCode] of Object.entries(ReasonCode)) {
    if (reasonCode < 0x80) continue;
    await t.test(name, async (t) => {
      const bench = new Bench(t, {}, {}, accessExcept(reasonCode));
      const client = bench.open(5);
      client.raw(connect(5, { payload: ['no'] }));
      await client.closed();
      const arrived = await client.pending();
      if (known.includes(reasonCode)) t.same(arrived.map(brief), [`connack 0x${reasonCode.toString(16)}`]);
      for (const packet of arrived) t.ok(packet.cmd === 'connack' && known.includes(packet.reasonCode!), brief(packet));
      const old = bench.open(4);
      old.raw(connect(4, { payload: ['no'] }));
      await old.closed();
      for (const packet of await old.pending()) {
        t.ok(packet.cmd === 'connack' && packet.returnCode! > 0 && packet.returnCode! <= 5, brief(packet));
      }
    });
  }
});

t.test(
  'the Reason String is left out of CONNACK where it would be too large [MQTT-3.2.2-19, MQTT-3.2.2-20]',
  async (t) => {
    const bench = new Bench(t);
    let longest = 0;
    for (let size = 5; size < 100; size++) {
      const client = bench.open(5);
      const seen = recorded(client);
      client.raw(connect(5, { properties: properties(0x27, u32(size), 0x15, 'none') }));
      const connack = await client.next('connack');
      await client.closed();
      t.equal(connack.reasonCode, 0x8c);
      t.equal(connack.properties?.userProperties, undefined);
      if (seen.bytes().length > size) t.fail(`${seen.bytes().length} bytes, ${size} are allowed`);
      longest = Math.max(longest, seen.bytes().length);
    }
    t.ok(longest > 20, 'with room there is one');
  },
);

t.test(
  'what the broker can do it says in CONNACK: all QoS, retained messages, and its limits [MQTT-3.2.2-9, MQTT-3.2.2-10, MQTT-3.2.2-11, MQTT-3.2.2-12, MQTT-3.2.2-13, MQTT-3.2.2-14]',
  async (t) => {
    const bench = new Bench(t, { receiveMaximum: 7, packetBytes: 5_000 });
    const will = { topic: 'w', payload: Buffer.from('gone'), qos: 2, retain: true } as const;
    const client = await bench.connect(5, 'a', { will });
    t.match(client.connack?.properties, {
      receiveMaximum: 7,
      maximumPacketSize: 5_000,
      topicAliasMaximum: 10,
      wildcardSubscriptionAvailable: true,
      subscriptionIdentifiersAvailable: true,
      sharedSubscriptionAvailable: true,
    });
    t.notOk('maximumQoS' in client.connack!.properties!, 'no Maximum QoS: all are there');
    t.notOk('retainAvailable' in client.connack!.properties!, 'no Retain Available: they are');
    for (const qos of [0, 1, 2] as const) t.same((await client.subscribe('w', qos)).granted, [qos]);
    await client.publish('t', 'x', 2, true);
    const other = await bench.connect(5, 'b');
    await other.subscribe('#', 2);
    await client.cut();
    t.same((await other.pending()).map(brief), ['publish t x q2 retain', 'publish w gone q2']);
  },
);

t.test(
  'what CONNACK announces is enforced: packet size, Topic Alias, Receive Maximum [MQTT-3.2.2-15, MQTT-3.2.2-17, MQTT-3.2.2-18]',
  async (t) => {
    const bench = new Bench(t, { receiveMaximum: 2, packetBytes: 200 });
    const large = await bench.connect(5, 'a');
    const room = 200 - 3 - 3 - 1;
    large.raw(publish(5, 't', 'x'.repeat(room)));
    await unharmed(t, large);
    large.raw(publish(5, 't', 'x'.repeat(room + 1)));
    await refused(t, large, 0x95);
    for (const version of [3, 4] as const) {
      const old = await bench.connect(version, 'old');
      old.raw(publish(version, 't', 'x'.repeat(200)));
      await refused(t, old, 0x95);
    }
    const aliased = await bench.connect(5, 'b');
    const maximum = aliased.connack?.properties?.topicAliasMaximum ?? 0;
    aliased.raw(publish(5, 't', '', properties(0x23, u16(maximum))));
    await unharmed(t, aliased);
    aliased.raw(publish(5, 't', '', properties(0x23, u16(maximum + 1))));
    await refused(t, aliased, 0x94);
    const eager = await bench.connect(5, 'c');
    for (const identifier of [1, 2, 3]) eager.raw(packet(0x34, 't', u16(identifier), 0));
    await eager.closed();
    t.same((await eager.pending()).map(brief), ['pubrec 1 0x10', 'pubrec 2 0x10', 'disconnect 0x93']);
  },
);

t.test(
  'a client that finds another Session Present than it expected may leave or go on; the broker does not mind [MQTT-3.2.2-4, MQTT-3.2.2-5]',
  async (t) => {
    const bench = new Bench(t);
    const options = { clean: false, properties: { sessionExpiryInterval: 100 } };
    const first = await bench.connect(5, 'a', options);
    await first.subscribe('t', 1);
    await first.cut();
    // It closes without a word: the session is as it was.
    const surprised = await bench.connect(5, 'a', options);
    t.equal(surprised.connack?.sessionPresent, true);
    await surprised.cut();
    // It has forgotten everything and says so by Clean Start.
    const again = await bench.connect(5, 'a', options);
    t.equal(again.connack?.sessionPresent, true);
    const fresh = await bench.connect(5, 'a', { ...options, clean: true });
    t.equal(fresh.connack?.sessionPresent, false);
    // It releases what the broker never had: told so, no harm done.
    fresh.raw(packet(0x62, u16(77)));
    t.same((await fresh.pending()).map(brief), ['pubcomp 77 0x92']);
  },
);
