/** Shared Subscriptions: §4.8.2. */
import t from 'tap';
import { Bench, type TestClient } from '../unit/broker/harness.js';
import { brief, each, packet, recorded, settled, u16, unharmed, type Version } from './harness.js';

/** A session that outlives its connection. */
function persistent(version: Version) {
  return { clean: false, ...(version === 5 && { properties: { sessionExpiryInterval: 100 } }) };
}

async function member(
  bench: Bench,
  version: Version,
  clientId: string,
  qos: 0 | 1 | 2,
  filter = '$share/g/t/#',
): Promise<TestClient> {
  const client = await bench.connect(version, clientId, persistent(version));
  await client.subscribe(filter, qos);
  return client;
}

async function payloads(client: TestClient): Promise<string[]> {
  return (await settled(client)).map((packet) => (packet.cmd === 'publish' ? `${packet.payload}` : brief(packet)));
}

each(
  [3, 4, 5],
  'the filter is $share/, a ShareName, / and a Topic Filter [MQTT-4.8.2-1, MQTT-4.8.2-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 'a');
    const bad = [
      '$share/',
      '$share/g',
      '$share/g/',
      '$share//t',
      '$share///',
      '$share/+/t',
      '$share/#/t',
      '$share/g+/t',
      '$share/#g/t',
      '$share/g/a#',
      '$share/g/#/a',
      '$share/g/+a',
    ];
    for (const filter of bad)
      t.same((await client.subscribe(filter, 0)).granted, [version === 5 ? 0x8f : 0x80], filter);
    bench.route({ topic: 't', payload: '' });
    t.same(await payloads(client), [], 'nothing was subscribed by those');
    // Other names that begin alike are no Shared Subscriptions, and $share alone is a topic.
    for (const [filter, topic] of [
      ['$share', '$share'],
      ['$shared/g/t', '$shared/g/t'],
      ['$SHARE/g/t', '$SHARE/g/t'],
      ['share/g/t', 'share/g/t'],
    ] as const) {
      t.same((await client.subscribe(filter, 0)).granted, [0]);
      bench.route({ topic, payload: topic });
      t.same(await payloads(client), [topic]);
    }
    for (const [filter, topic] of [
      ['$share/g/t', 't'],
      ['$share/$/t', 't'],
      ['$share/g//t', '/t'],
      ['$share/g/+/x/#', 'a/x/b'],
      ['$share/g/$x/y', '$x/y'],
      ['$share/name with spaces/u', 'u'],
    ] as const) {
      const one = await bench.connect(version, 'one');
      t.same((await one.subscribe(filter, 0)).granted, [0], filter);
      bench.route({ topic, payload: topic });
      t.same(await payloads(one), [topic], filter);
      await one.cut();
    }
  },
);

each(
  [3, 4, 5],
  'each message goes to one member of each group, in turn; other subscribers get it as well [MQTT-4.8.2-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const members = [
      await member(bench, version, 'a', 1),
      await member(bench, version, 'b', 1),
      await member(bench, version, 'c', 1),
    ];
    const otherGroup = await member(bench, version, 'd', 1, '$share/h/t/#');
    const plain = await member(bench, version, 'e', 1, 't/#');
    for (let i = 0; i < 9; i++) bench.route({ topic: 't/1', payload: `${i}`, qos: 1 });
    const shares = await Promise.all(members.map(payloads));
    t.same(shares.flat().toSorted(), ['0', '1', '2', '3', '4', '5', '6', '7', '8'], 'one copy of each');
    t.same(
      shares.map(({ length }) => length),
      [3, 3, 3],
      'fairly',
    );
    t.equal((await payloads(otherGroup)).length, 9);
    t.equal((await payloads(plain)).length, 9);
  },
);

each(
  [3, 4, 5],
  'the group is the whole name: another filter of the same ShareName is another subscription',
  async (t, version) => {
    const bench = new Bench(t);
    const one = await member(bench, version, 'a', 0, '$share/g/t/1');
    const two = await member(bench, version, 'b', 0, '$share/g/t/+');
    bench.route({ topic: 't/1', payload: 'x' });
    t.same([await payloads(one), await payloads(two)], [['x'], ['x']]);
  },
);

each([3, 4, 5], 'a member gets each message with the QoS granted to it at most [MQTT-4.8.2-3]', async (t, version) => {
  const bench = new Bench(t);
  const members = [
    await member(bench, version, 'a', 0),
    await member(bench, version, 'b', 1),
    await member(bench, version, 'c', 2),
  ];
  for (let i = 0; i < 6; i++) bench.route({ topic: 't', payload: 'x', qos: 2 });
  for (const [granted, client] of members.entries()) {
    const got = (await settled(client)).map(brief);
    t.ok(got.length > 0, `the member with QoS ${granted} has its share`);
    for (const line of got) t.equal(line, `publish t x q${granted}`);
  }
});

each(
  [3, 4, 5],
  'a QoS 2 delivery that was interrupted is completed to the same member, and to nobody else [MQTT-4.8.2-4]',
  async (t, version) => {
    const bench = new Bench(t);
    const first = await member(bench, version, 'a', 2);
    bench.route({ topic: 't', payload: 'published', qos: 2 });
    bench.route({ topic: 't', payload: 'received', qos: 2 });
    const published = await first.next('publish');
    const received = await first.next('publish');
    first.raw(packet(0x50, u16(received.messageId!)));
    await first.next('pubrel');
    const other = await member(bench, version, 'b', 2);
    await first.cut();
    t.same(await payloads(other), [], 'not to the other');
    const again = await bench.connect(version, 'a', persistent(version));
    const sentAgain = (await settled(again)).map((packet) => [
      brief(packet),
      'messageId' in packet && packet.messageId,
    ]);
    t.same(sentAgain.toSorted(), [
      ['publish t published q2 dup', published.messageId],
      [`pubrel ${received.messageId} 0x0`, received.messageId],
    ]);
    again.raw(packet(0x50, u16(published.messageId!)));
    t.same((await settled(again)).map(brief), [`pubrel ${published.messageId} 0x0`]);
    for (const { messageId } of [published, received]) again.raw(packet(0x70, u16(messageId!)));
    await unharmed(t, again);
    t.equal(
      bench.broker.clients().reduce((sum, { inflight, queued }) => sum + inflight + queued, 0),
      0,
    );
    t.same(await payloads(other), []);
  },
);

each(
  [4, 5],
  'the session of that member ends before it returns: the QoS 2 message goes to nobody [MQTT-4.8.2-5]',
  async (t, version) => {
    const ends: Record<string, (bench: Bench) => unknown> = {
      'it expires': (bench) => bench.clock.advance(100_000),
      'Clean Start': async (bench) => (await bench.connect(version, 'a', { clean: true })).cut(),
    };
    for (const [what, end] of Object.entries(ends)) {
      await t.test(what, async (t) => {
        const bench = new Bench(t, { sessionExpiry: 100_000 });
        const first = await member(bench, version, 'a', 2);
        bench.route({ topic: 't', payload: 'one', qos: 2 });
        await first.next('publish');
        const other = await member(bench, version, 'b', 2);
        await first.cut();
        await end(bench);
        t.same(await payloads(other), []);
        bench.route({ topic: 't', payload: 'two', qos: 2 });
        t.same(await payloads(other), ['two'], 'the group goes on without it');
      });
    }
  },
);

t.test('a message that a member refuses is discarded, and nobody else gets it [MQTT-4.8.2-6]', async (t) => {
  const bench = new Bench(t);
  const first = await member(bench, 5, 'a', 2);
  bench.route({ topic: 't', payload: 'one', qos: 1 });
  bench.route({ topic: 't', payload: 'two', qos: 2 });
  const one = await first.next('publish');
  const two = await first.next('publish');
  const other = await member(bench, 5, 'b', 2);
  first.raw(packet(0x40, u16(one.messageId!), 0x97));
  first.raw(packet(0x50, u16(two.messageId!), 0x80));
  t.same(await payloads(first), [], 'no PUBREL for what was refused');
  t.same(await payloads(other), []);
  await first.cut();
  t.same(await payloads(other), []);
  const again = await bench.connect(5, 'a', persistent(5));
  t.same(await payloads(again), []);
});

each([3, 4, 5], 'no retained messages are sent for a Shared Subscription (§4.8.2)', async (t, version) => {
  const bench = new Bench(t);
  bench.route({ topic: 't', payload: 'kept', retain: true, qos: 1 });
  const client = await member(bench, version, 'a', 1);
  const seen = recorded(client);
  t.same(await payloads(client), []);
  if (version === 5) {
    await client.subscribe('$share/g/t/#', 1, { rh: 0 });
    t.same(await payloads(client), [], 'whatever Retain Handling says');
  }
  t.notOk(seen.bytes().includes('kept'));
});

each([3, 4, 5], 'connected members are preferred; with none, the message waits for one', async (t, version) => {
  const bench = new Bench(t);
  const first = await member(bench, version, 'a', 1);
  const second = await member(bench, version, 'b', 1);
  await first.cut();
  for (let i = 0; i < 4; i++) bench.route({ topic: 't', payload: `${i}`, qos: 1 });
  const got = await settled(second);
  t.same(got.map(brief), ['publish t 0 q1', 'publish t 1 q1', 'publish t 2 q1', 'publish t 3 q1']);
  for (const packet of got) if (packet.cmd === 'publish') second.send({ cmd: 'puback', messageId: packet.messageId! });
  await settled(second);
  await second.cut();
  bench.route({ topic: 't', payload: 'waits', qos: 1 });
  const again = await bench.connect(version, 'a', persistent(version));
  const later = await bench.connect(version, 'b', persistent(version));
  t.same([...(await payloads(again)), ...(await payloads(later))], ['waits'], 'for the first that comes');
});
