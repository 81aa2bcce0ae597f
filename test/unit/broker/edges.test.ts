/** Where brokers usually fail the tests of others. */
import type { IPublishPacket } from 'mqtt-packet';
import t from 'tap';
import { Bench, shown } from './harness.js';

const plain = { retain: false, dup: false } as const;
const kept = { clean: false, properties: { sessionExpiryInterval: 600 } };

t.test('a topic of 65,535 bytes, and a filter as long [MQTT-4.7.3-3]', async (t) => {
  const bench = new Bench(t, { packetBytes: 512 * 1024 });
  const client = await bench.connect(5, 'a', { properties: { topicAliasMaximum: 3 } });
  const topic = `${'x'.repeat(65_529)}/ü/yz`;
  t.equal(Buffer.byteLength(topic), 65_535);
  t.same((await client.subscribe(topic, 1)).granted, [1]);
  await (await bench.connect(4, 'p')).publish(topic, 'here', 1, true);
  t.equal((await client.next('publish')).topic, topic);
  t.same((await client.subscribe(`+/ü/#`, 0)).granted, [0]);
  t.equal((await client.next('publish')).payload.toString(), 'here', 'retained');
});

t.test('empty levels are levels: filters match them, live and retained [MQTT-4.7.1-1..3]', async (t) => {
  const bench = new Bench(t);
  const topics = ['/', '//', 'a/', '/a', 'a//b', 'a'];
  const publisher = await bench.connect(4, 'p');
  for (const topic of topics) await publisher.publish(topic, 'x', 1, true);
  const cases: readonly (readonly [filter: string, matching: readonly string[]])[] = [
    ['+/+', ['/', 'a/', '/a']],
    ['+', ['a']],
    ['/+', ['/', '/a']],
    ['+/', ['/', 'a/']],
    ['a/+/b', ['a//b']],
    ['a//b', ['a//b']],
    ['a/#', ['a', 'a/', 'a//b']],
    ['/#', ['/', '//', '/a']],
    ['#', topics],
  ];
  for (const [filter, matching] of cases) {
    const client = await bench.connect(4, 'c');
    await client.subscribe(filter, 0);
    const retained = (await client.pending()).map((packet) => packet.cmd === 'publish' && packet.topic);
    t.same(retained.sort(), [...matching].sort(), `${filter} retained`);
    for (const topic of topics) bench.route({ topic, payload: 'x' });
    const live = (await client.pending()).map((packet) => packet.cmd === 'publish' && packet.topic);
    t.same(live.sort(), [...matching].sort(), `${filter} live`);
  }
});

t.test('wildcards do not find topics that begin with $, their own filters do [MQTT-4.7.2-1]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(4, 'a');
  for (const filter of ['#', '+/x', '$own/+']) await client.subscribe(filter, 0);
  bench.route({ topic: '$own/x', payload: '1' });
  bench.route({ topic: 'own/$x', payload: '2' });
  t.same((await client.pending()).map(shown), ['$own/x 1 q0 r0', 'own/$x 2 q0 r0']);
});

t.test(
  'a Packet Identifier of QoS 2 not released is the same message, another one is not [MQTT-4.3.3-10]',
  async (t) => {
    const bench = new Bench(t);
    const subscriber = await bench.connect(5, 's');
    await subscriber.subscribe('t', 0);
    const client = await bench.connect(5, 'a');
    const publish = (payload: string, messageId: number, dup = false) =>
      client.send({ cmd: 'publish', topic: 't', payload, qos: 2, retain: false, dup, messageId });
    publish('first', 1);
    publish('other', 2);
    publish('not a new one', 1);
    publish('first', 1, true);
    for (const messageId of [1, 2, 1, 1]) t.match(await client.next('pubrec'), { messageId, reasonCode: 0 });
    client.send({ cmd: 'pubrel', messageId: 1 });
    await client.next('pubcomp');
    publish('second', 1);
    await client.next('pubrec');
    t.same((await subscriber.pending()).map(shown), ['t first q0 r0', 't other q0 r0', 't second q0 r0']);
  },
);

t.test('both sides number their messages for themselves [MQTT-2.2.1-6]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a');
  await client.subscribe('t', 2);
  client.send({ cmd: 'publish', topic: 't', payload: 'x', qos: 2, messageId: 1, ...plain });
  const packets = [await client.next('publish'), await client.next('pubrec')];
  t.match(packets, [{ messageId: 1 }, { messageId: 1 }]);
  client.send({ cmd: 'pubrec', messageId: 1 });
  client.send({ cmd: 'pubrel', messageId: 1 });
  t.equal((await client.next('pubrel')).messageId, 1);
  t.equal((await client.next('pubcomp')).messageId, 1);
  client.send({ cmd: 'pubcomp', messageId: 1 });
  await bench.settle();
  t.match(bench.broker.clients()[0], { inflight: 0 });
});

t.test('a window that is full holds back PUBLISH, nothing else [MQTT-3.3.4-9] [MQTT-3.3.4-10]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a', { properties: { receiveMaximum: 1 } });
  await client.subscribe('t', 2);
  for (let i = 0; i < 3; i++) bench.route({ topic: 't', payload: `${i}`, qos: 1 });
  const first = await client.next('publish');
  client.send({ cmd: 'pingreq' });
  await client.next('pingresp');
  await client.publish('elsewhere', 'x', 2);
  t.same((await client.subscribe('u', 0)).granted, [0]);
  client.send({ cmd: 'puback', messageId: first.messageId! });
  t.equal(shown(await client.next('publish')), 't 1 q1 r0');
  t.same(await client.pending(), []);
});

t.test(
  'after a reconnect PUBREL comes at once and in the order of PUBREC [MQTT-3.3.4-10] [MQTT-4.6.0-4]',
  async (t) => {
    const bench = new Bench(t);
    const first = await bench.connect(5, 'a', kept);
    await first.subscribe('t', 2);
    for (let i = 0; i < 4; i++) bench.route({ topic: 't', payload: `${i}`, qos: 2 });
    const ids = (await first.pending()).map((packet) => (packet.cmd === 'publish' ? packet.messageId! : 0));
    const [a, b, c, d] = ids as [number, number, number, number];
    first.send({ cmd: 'pubrec', messageId: d });
    first.send({ cmd: 'pubrec', messageId: b });
    await first.pending();
    await first.cut();
    const second = await bench.connect(5, 'a', { ...kept, properties: { ...kept.properties, receiveMaximum: 1 } });
    const packets = await second.pending();
    t.match(packets, [
      { cmd: 'pubrel', messageId: d },
      { cmd: 'pubrel', messageId: b },
      { cmd: 'publish', messageId: a, dup: true },
    ]);
    t.equal(packets.length, 3, 'one PUBLISH, as many as the client takes');
    second.send({ cmd: 'pubrec', messageId: a, reasonCode: 0x80 });
    t.match(await second.next('publish'), { messageId: c, dup: true }, 'a PUBREC that refuses makes room');
  },
);

t.test(
  'the greatest QoS and all identifiers where filters overlap, 3.1.1 alike [MQTT-3.3.5-1] [MQTT-3.3.4-5]',
  async (t) => {
    const bench = new Bench(t);
    for (const version of [3, 4, 5] as const) {
      const client = await bench.connect(version, 'a');
      for (const [filter, qos] of [
        ['a/#', 0],
        ['a/+', 2],
        ['+/b', 1],
      ] as const)
        await client.subscribe(filter, qos);
      bench.route({ topic: 'a/b', payload: 'x', qos: 2 });
      t.same((await client.pending()).map(shown), ['a/b x q2 r0']);
    }
  },
);

t.test('a subscription made again replaces the old one, and messages go on meanwhile [MQTT-3.8.4-3]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a');
  for (const qos of [2, 0] as const) await client.subscribe('t', qos);
  bench.route({ topic: 't', payload: 'x', qos: 1 });
  t.same((await client.pending()).map(shown), ['t x q0 r0']);
  t.equal(bench.broker.router.counters().subscriptions, 1);
});

t.test(
  'one SUBSCRIBE with many filters is as many: one answer each, in order [MQTT-3.8.4-5] [MQTT-3.8.4-6]',
  async (t) => {
    const bench = new Bench(t);
    bench.route({ topic: 't', payload: 'x', retain: true });
    const client = await bench.connect(5, 'a');
    client.send({
      cmd: 'subscribe',
      messageId: 9,
      subscriptions: (['t', '', 't', '+'] as const).map((topic, index) => ({ topic, qos: (index % 3) as 0 | 1 | 2 })),
    });
    t.match(await client.next('suback'), { messageId: 9, granted: [0, 0x8f, 2, 0] });
    t.same((await client.pending()).map(shown), ['t x q0 r1', 't x q0 r1'], 'once for each filter');
  },
);

t.test('a Topic Alias of a client is its own, and ends with the connection [MQTT-3.3.2-10..12]', async (t) => {
  const bench = new Bench(t);
  const watcher = await bench.connect(4, 'w');
  await watcher.subscribe('#', 0);
  const alias = { properties: { topicAlias: 1 } };
  const first = await bench.connect(5, 'a', kept);
  first.send({ cmd: 'publish', topic: 'one', payload: '1', qos: 0, ...plain, ...alias });
  first.send({ cmd: 'publish', topic: 'two', payload: '2', qos: 0, ...plain, ...alias });
  first.send({ cmd: 'publish', topic: '', payload: '3', qos: 0, ...plain, ...alias });
  t.same((await watcher.pending()).map(shown), ['one 1 q0 r0', 'two 2 q0 r0', 'two 3 q0 r0']);
  const other = await bench.connect(5, 'b');
  other.send({ cmd: 'publish', topic: '', payload: '4', qos: 0, ...plain, ...alias });
  t.equal((await other.next('disconnect')).reasonCode, 0x82);
  await first.cut();
  const second = await bench.connect(5, 'a', kept);
  second.send({ cmd: 'publish', topic: '', payload: '5', qos: 0, ...plain, ...alias });
  t.equal((await second.next('disconnect')).reasonCode, 0x82);
  t.same(await watcher.pending(), []);
});

t.test(
  'bytes after DISCONNECT, or after a refused CONNECT, are not looked at [MQTT-3.14.4-2] [MQTT-3.1.4-6]',
  async (t) => {
    const bench = new Bench(t);
    const watcher = await bench.connect(4, 'w');
    await watcher.subscribe('#', 0);
    const publish = '3003000174';
    const leaving = await bench.connect(4, 'a');
    leaving.raw(Buffer.from(`e000${publish}`, 'hex'));
    await leaving.closed();
    const refused = bench.open(4);
    refused.raw(Buffer.from(`100c00044d515454040000000000${publish}`, 'hex'));
    await refused.closed();
    t.same(await watcher.pending(), []);
  },
);

t.test('packets may follow CONNECT before CONNACK is read [MQTT-3.1.4-5]', async (t) => {
  const bench = new Bench(t);
  const client = bench.open(4);
  client.raw(Buffer.from('100d00044d51545404020000000161' + '820600010001' + '7401' + '3003000174', 'hex'));
  t.equal((await client.next('connack')).returnCode, 0);
  t.same((await client.next('suback')).granted, [1]);
  t.equal(shown(await client.next('publish')), 't  q0 r0');
});

t.test('U+FEFF is a character like any other, also at the beginning [MQTT-1.5.4-3]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a');
  await client.subscribe('t', 0);
  await client.subscribe('\ufefft', 1);
  bench.route({ topic: '\ufefft', payload: 'x', qos: 1 });
  t.same((await client.pending()).map(shown), ['\ufefft x q1 r0']);
});

t.test('a packet has 10,000 User Properties at most: who sends more is told so, nobody else notices', async (t) => {
  const bench = new Bench(t, { packetBytes: 1024 * 1024 });
  const reader = await bench.connect(5, 'reader', kept);
  await reader.subscribe('t', 1);
  const packet = (count: number): IPublishPacket => {
    const properties = { userProperties: { '': Array<string>(count).fill('') } };
    return { cmd: 'publish', topic: 't', payload: 'x', qos: 1, messageId: 1, retain: true, dup: false, properties };
  };
  for (const count of [10_001, 65_536]) {
    const client = await bench.connect(5, 'p');
    client.send(packet(count));
    t.equal((await client.next('disconnect')).reasonCode, 0x97);
    await client.closed();
  }
  t.same(await reader.pending(), []);
  const client = await bench.connect(5, 'p');
  client.send(packet(10_000));
  await client.next('puback');
  t.equal(shown(await reader.next('publish')), 't x q1 r0');
});

t.test('who is told of a lost connection by us is told why, each in its version [MQTT-4.13.1-1]', async (t) => {
  const bench = new Bench(t);
  const modern = await bench.connect(5, 'a');
  modern.raw(Buffer.from('8202000100', 'hex'));
  t.equal((await modern.next('disconnect')).reasonCode, 0x81);
  await modern.closed();
  const old = await bench.connect(4, 'b');
  old.raw(Buffer.from('8206000100017403', 'hex'));
  await old.closed();
  t.same(await old.pending(), []);
});

t.test('3.1.1 subscriptions have no options: reserved bits end the connection [MQTT-3.8.3-4]', async (t) => {
  const bench = new Bench(t);
  for (const options of ['04', '08', '10', '80']) {
    const client = await bench.connect(4, 'a');
    client.raw(Buffer.from(`82060001000174${options}`, 'hex'));
    await client.closed();
  }
});
