/** What CONNECT asks the broker to keep to: Keep Alive and properties. §3.1.2.10, §3.1.2.11 (3.1.1: §3.1.2.10). */
import t from 'tap';
import { Bench } from '../unit/broker/harness.js';
import {
  brief,
  connect,
  connectRefused,
  each,
  packet,
  properties,
  recorded,
  refused,
  settled,
  u16,
  u32,
  unharmed,
} from './harness.js';

each(
  [3, 4, 5],
  'one and a half Keep Alive without a packet ends the connection, as if the network had failed [MQTT-3.1.2-22, MQTT-3.1.2-20, MQTT-3.2.2-22] [3.1.1: MQTT-3.1.2-23, MQTT-3.1.2-24]',
  async (t, version) => {
    const bench = new Bench(t);
    const watcher = await bench.connect(version, 'w');
    await watcher.subscribe('w', 0);
    const will = { topic: 'w', payload: Buffer.from('gone'), qos: 0, retain: false } as const;
    const client = await bench.connect(version, 'a', { keepalive: 10, will });
    await bench.clock.advance(14_900);
    // Every packet counts, not only PINGREQ.
    client.send({ cmd: 'publish', topic: 't', payload: '', qos: 0, retain: false, dup: false });
    await bench.clock.advance(14_900);
    await client.subscribe('t', 0);
    await bench.clock.advance(14_900);
    await unharmed(t, client);
    await bench.clock.advance(14_999);
    t.equal(client.isClosed, false, 'a millisecond before');
    await bench.clock.advance(1);
    await refused(t, client, 0x8d);
    t.same((await watcher.pending()).map(brief), ['publish w gone q0'], 'it was no DISCONNECT');
  },
);

each(
  [3, 4, 5],
  'what the broker sends does not keep a silent client alive [MQTT-3.1.2-22] [3.1.1: MQTT-3.1.2-24]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 'a', { keepalive: 10 });
    await client.subscribe('t', 0);
    for (let second = 0; second < 14; second++) {
      await bench.clock.advance(1_000);
      bench.route({ topic: 't', payload: '' });
      await client.next('publish');
    }
    await bench.clock.advance(1_000);
    await refused(t, client, 0x8d);
  },
);

each([3, 4, 5], 'Keep Alive 0: silence is no reason to end the connection', async (t, version) => {
  const bench = new Bench(t);
  const client = await bench.connect(version, 'a', { keepalive: 0 });
  await bench.clock.advance(1_000_000_000);
  await unharmed(t, client);
});

t.test(
  'Server Keep Alive: a 5.0 client that asks for more, or for none, is told the limit and held to it [MQTT-3.1.2-21, MQTT-3.2.2-21, MQTT-3.2.2-22]',
  async (t) => {
    const bench = new Bench(t, { keepAlive: 60_000 });
    for (const [asked, told, seconds] of [
      [0, 60, 60],
      [61, 60, 60],
      [65_535, 60, 60],
      [60, undefined, 60],
      [10, undefined, 10],
    ] as const) {
      const client = await bench.connect(5, 'a', { keepalive: asked });
      t.equal(client.connack?.properties?.serverKeepAlive, told, `asked for ${asked}`);
      await bench.clock.advance(seconds * 1_500 - 1);
      t.equal(client.isClosed, false);
      await bench.clock.advance(1);
      await refused(t, client, 0x8d);
    }
    // Before 5.0 there is no way to tell: what the client asks for holds.
    for (const version of [3, 4] as const) {
      const client = await bench.connect(version, 'a', { keepalive: 100 });
      await bench.clock.advance(149_999);
      t.equal(client.isClosed, false);
      await bench.clock.advance(1);
      await refused(t, client, 0x8d);
      const never = await bench.connect(version, 'b', { keepalive: 0 });
      await bench.clock.advance(1_000_000);
      await unharmed(t, never);
    }
  },
);

t.test(
  'no packet exceeds the Maximum Packet Size of the client; a message that does counts as delivered [MQTT-3.1.2-24, MQTT-3.1.2-25]',
  async (t) => {
    const bench = new Bench(t, { receiveMaximum: 2 });
    for (const qos of [0, 1, 2] as const) {
      const other = await bench.connect(5, 'other');
      await other.subscribe('t', qos);
      const client = await bench.connect(5, 'a', { properties: { maximumPacketSize: 100 } });
      await client.subscribe('t', qos);
      // Fixed header 2, topic 3, identifier, Property Length 1: the rest is payload.
      const room = 100 - 2 - 3 - 1 - (qos > 0 ? 2 : 0);
      const seen = recorded(client);
      for (const size of [room + 1, room + 2, 1_000, 60_000, room]) {
        bench.route({ topic: 't', payload: 'x'.repeat(size), qos });
      }
      const sizes = (await settled(client)).map((packet) =>
        packet.cmd === 'publish' ? packet.payload.length : packet.cmd,
      );
      t.same(sizes, [room], `QoS ${qos}: what fits exactly arrives, nothing else, and the window is free`);
      t.equal(seen.bytes().length, 100 + 2);
      t.equal((await settled(other)).length, qos === 0 ? 5 : 2, 'others get it all the same');
      await client.cut();
      await other.cut();
    }
  },
);

t.test('a message that was under way and no longer fits counts as delivered [MQTT-3.1.2-25]', async (t) => {
  const bench = new Bench(t);
  const properties = { sessionExpiryInterval: 100 };
  const client = await bench.connect(5, 'a', { clean: false, properties });
  await client.subscribe('t', 2);
  for (const qos of [1, 2] as const) bench.route({ topic: 't', payload: 'x'.repeat(200), qos });
  await client.next('publish');
  await client.cut();
  bench.route({ topic: 't', payload: 'y'.repeat(200), qos: 1 });
  bench.route({ topic: 't', payload: 'short', qos: 1 });
  const small = await bench.connect(5, 'a', { clean: false, properties: { ...properties, maximumPacketSize: 100 } });
  t.same((await settled(small)).map(brief), ['publish t short q1']);
  await small.cut();
  const again = await bench.connect(5, 'a', { clean: false, properties });
  t.same((await settled(again)).map(brief), ['publish t short q1 dup'], 'not sent later either');
});

t.test(
  'an answer that cannot be made small enough ends the connection instead of being sent [MQTT-3.1.2-24]',
  async (t) => {
    const bench = new Bench(t);
    const client = await bench.connect(5, 'a', { properties: { maximumPacketSize: 40 } });
    const seen = recorded(client);
    const subscriptions = Array.from({ length: 40 }, (_, i) => ({ topic: `t/${i}`, qos: 0 as const }));
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions });
    await refused(t, client, 0x95);
    t.ok(seen.bytes().length <= 40);
    for (const maximumPacketSize of [1, 4]) {
      const tiny = bench.open(5);
      const bytes = recorded(tiny);
      tiny.raw(connect(5, { properties: properties(0x27, u32(maximumPacketSize)) }));
      await tiny.closed();
      t.equal(bytes.bytes().length, 0, 'not even a CONNACK fits');
    }
  },
);

t.test(
  'Topic Alias Maximum absent or 0: no Topic Alias is sent, every topic is written out [MQTT-3.1.2-27]',
  async (t) => {
    const bench = new Bench(t);
    for (const asked of [{}, { topicAliasMaximum: 0 }]) {
      const client = await bench.connect(5, 'a', { properties: asked });
      await client.subscribe('#', 0);
      for (let i = 0; i < 5; i++) bench.route({ topic: 'a/long/topic', payload: `${i}` });
      for (let i = 0; i < 5; i++) {
        const got = await client.next('publish');
        t.equal(got.topic, 'a/long/topic');
        t.equal(got.properties?.topicAlias, undefined);
      }
    }
  },
);

t.test('Request Response Information: 0 or absent gets none, 1 gets what is configured [MQTT-3.1.2-28]', async (t) => {
  const bench = new Bench(t, {}, { responseInformation: 'replies/%c' });
  for (const [asked, told] of [
    [undefined, undefined],
    [false, undefined],
    [true, 'replies/a'],
  ] as const) {
    const client = await bench.connect(5, 'a', {
      properties: asked === undefined ? {} : { requestResponseInformation: asked },
    });
    t.equal(client.connack?.properties?.responseInformation, told);
  }
});

t.test('Request Problem Information 0: Reason Strings in CONNACK and DISCONNECT only [MQTT-3.1.2-29]', async (t) => {
  const bench = new Bench(t);
  for (const asked of [undefined, true, false]) {
    const client = await bench.connect(5, 'a', {
      properties: asked === undefined ? {} : { requestProblemInformation: asked },
    });
    const isExpected = asked !== false;
    const answers = [
      ['suback', packet(0x82, u16(1), 0, 'a#', 0)],
      ['puback', packet(0x32, '$SYS/x', u16(1), 0)],
      ['pubrec', packet(0x34, '$SYS/x', u16(1), 0)],
    ] as const;
    for (const [cmd, bytes] of answers) {
      client.raw(bytes);
      const answer = await client.next(cmd);
      const { reasonString, userProperties } = answer.properties ?? {};
      t.equal(typeof reasonString === 'string', isExpected, `${cmd} with ${asked}`);
      t.equal(userProperties, undefined);
    }
    client.raw(packet(0xd0));
    t.type((await client.next('disconnect')).properties?.reasonString, 'string');
  }
  const refusedClient = bench.open(5);
  refusedClient.raw(connect(5, { properties: properties(0x17, 0, 0x15, 'no such method') }));
  const connack = await refusedClient.next('connack');
  t.equal(connack.reasonCode, 0x8c);
  t.type(connack.properties?.reasonString, 'string');
  await refusedClient.closed();
});

t.test('a client of nothing but defaults is served', async (t) => {
  const bench = new Bench(t);
  const client = bench.open(5);
  client.raw(connect(5, { properties: properties(0x23, u16(1)) }));
  await connectRefused(t, client, 0x81);
  const good = bench.open(5);
  good.raw(connect(5));
  t.equal((await good.next('connack')).reasonCode, 0);
});
t.test('no Topic Alias above the Topic Alias Maximum of the client is sent [MQTT-3.1.2-26]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a', { properties: { topicAliasMaximum: 2 } });
  await client.subscribe('#', 0);
  const seen = recorded(client);
  for (let round = 0; round < 3; round++) {
    for (const topic of ['a/long/topic/1', 'a/long/topic/2', 'a/long/topic/3', 'a/long/topic/4'])
      bench.route({ topic, payload: '' });
  }
  await settled(client);
  const aliases = seen
    .packets()
    .flatMap((packet) => (packet.cmd === 'publish' ? [packet.properties?.topicAlias ?? 0] : []));
  t.equal(aliases.length, 12);
  t.same([...new Set(aliases)].filter((alias) => alias > 0).toSorted(), [1, 2], 'aliases are used, those two only');
});
