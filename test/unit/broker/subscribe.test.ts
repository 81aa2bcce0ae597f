import t from 'tap';
import { Bench, shown } from './harness.js';

t.test('SUBACK answers each filter for itself', async (t) => {
  const bench = new Bench(t, { subscriptions: 3 });
  const filters = ['a', 'a/#/b', '$share/g+/t', '#', '$SYS/#', 'one/too/many'];
  const subscriptions = filters.map((topic) => ({ topic, qos: 1 as const }));
  const modern = await bench.connect(5, 'a');
  modern.send({ cmd: 'subscribe', messageId: 4, subscriptions });
  t.match(await modern.next('suback'), { messageId: 4, granted: [1, 0x8f, 0x8f, 1, 1, 0x97] });
  const old = await bench.connect(4, 'b');
  old.send({ cmd: 'subscribe', messageId: 5, subscriptions });
  t.match(await old.next('suback'), { messageId: 5, granted: [1, 0x80, 0x80, 1, 1, 0x80] });
  modern.send({ cmd: 'unsubscribe', messageId: 6, unsubscriptions: ['a', 'never', 'a/#/b'] });
  t.match(await modern.next('unsuback'), { messageId: 6, granted: [0, 0x11, 0x8f] });
  old.send({ cmd: 'unsubscribe', messageId: 7, unsubscriptions: ['a', 'never'] });
  t.match(await old.next('unsuback'), { messageId: 7 });
  t.equal(bench.broker.router.counters().subscriptions, 4);
});

t.test(
  'retained messages: stored, replaced, cleared by an empty payload, sent after SUBACK [MQTT-3.3.1-5..8]',
  async (t) => {
    const bench = new Bench(t);
    const publisher = await bench.connect(5, 'p');
    await publisher.publish('a/1', 'old', 1, true);
    await publisher.publish('a/1', 'new', 1, true);
    await publisher.publish('a/2', 'x', 1, true);
    await publisher.publish('a/2', '', 1, true);
    await publisher.publish('a/3', 'not retained', 1, false);
    await publisher.publish('$mine', 'hidden', 1, true);
    t.equal(bench.broker.router.counters().retained, 2);
    const subscriber = await bench.connect(4, 's');
    await subscriber.subscribe('#', 2);
    t.same((await subscriber.pending()).map(shown), ['a/1 new q1 r1']);
    await publisher.publish('a/1', 'live', 1, true);
    await publisher.publish('a/1', '', 0, true);
    t.same((await subscriber.pending()).map(shown), ['a/1 live q1 r0', 'a/1  q0 r0'], 'live: RETAIN is 0');
  },
);

t.test('Retain Handling and Retain As Published [MQTT-3.3.1-9..13]', async (t) => {
  const bench = new Bench(t);
  const publisher = await bench.connect(5, 'p');
  await publisher.publish('t', 'kept', 0, true);
  const client = await bench.connect(5, 's');
  const got = async () => (await client.pending()).map(shown);
  await client.subscribe('t', 0, { rh: 1 });
  t.same(await got(), ['t kept q0 r1'], '1: the subscription is new');
  await client.subscribe('t', 0, { rh: 1 });
  t.same(await got(), [], '1: it exists');
  await client.subscribe('t', 0, { rh: 0 });
  t.same(await got(), ['t kept q0 r1'], '0: always');
  client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['t'] });
  await client.next('unsuback');
  await client.subscribe('t', 0, { rh: 2, rap: true });
  t.same(await got(), [], '2: never');
  await publisher.publish('t', 'again', 0, true);
  t.same(await got(), ['t again q0 r1'], 'Retain As Published keeps the flag');
  await publisher.publish('t', 'plain', 0, false);
  t.same(await got(), ['t plain q0 r0']);
});

t.test('No Local: a client does not get its own messages back [MQTT-3.8.3-3]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a');
  await client.subscribe('t', 0, { nl: true });
  const other = await bench.connect(5, 'b');
  await client.publish('t', 'mine');
  await other.publish('t', 'theirs');
  t.same((await client.pending()).map(shown), ['t theirs q0 r0']);
  t.match(bench.broker.router.counters(), { received: 2, delivered: 1, unmatched: 1 });
});

t.test(
  'overlapping subscriptions: one copy, the highest QoS, all identifiers [MQTT-3.3.4-2] [MQTT-3.3.4-3]',
  async (t) => {
    const bench = new Bench(t);
    const client = await bench.connect(5, 's');
    const filters = [
      ['a/#', 0, 1],
      ['a/+', 2, 268_435_455],
      ['a/b', 1, 0],
      ['x', 1, 9],
    ] as const;
    for (const [topic, qos, identifier] of filters) {
      client.send({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [{ topic, qos }],
        ...(identifier > 0 && { properties: { subscriptionIdentifier: identifier } }),
      });
      await client.next('suback');
    }
    const publisher = await bench.connect(5, 'p');
    await publisher.publish('a/b', 'x', 2);
    const packets = await client.pending();
    t.same(packets.map(shown), ['a/b x q2 r0']);
    const [packet] = packets;
    const identifiers = packet?.cmd === 'publish' ? packet.properties?.subscriptionIdentifier : undefined;
    t.same([identifiers].flat().sort(), [1, 268_435_455]);
  },
);

t.test('Subscription Identifiers come with retained messages, and change with the subscription', async (t) => {
  const bench = new Bench(t);
  const publisher = await bench.connect(5, 'p');
  await publisher.publish('t', 'x', 1, true);
  const client = await bench.connect(5, 's');
  for (const subscriptionIdentifier of [3, 4]) {
    client.send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [{ topic: 't', qos: 0 }],
      properties: { subscriptionIdentifier },
    });
    await client.next('suback');
    t.equal((await client.next('publish')).properties?.subscriptionIdentifier, subscriptionIdentifier);
  }
});

t.test('many retained messages all arrive, however slowly the client acknowledges', async (t) => {
  const bench = new Bench(t, { receiveMaximum: 5, queuedMessages: 3, retainedMessages: 600 });
  const publisher = await bench.connect(5, 'p');
  for (let i = 0; i < 600; i++) bench.route({ topic: `r/${i}`, payload: 'x'.repeat(1_000), retain: true });
  await publisher.publish('r/600', 'one too many', 1, true);
  t.match(bench.broker.router.counters(), { retained: 600, dropped: 1 }, 'the limit holds, and is counted');
  await publisher.publish('r/5', 'replaced', 1, true);
  const careless = await bench.connect(5, 'q0');
  await careless.subscribe('r/#', 0);
  let count = 0;
  for (let packets = await careless.pending(); packets.length > 0; packets = await careless.pending())
    count += packets.length;
  t.equal(count, 600, 'more than fits the buffer of one connection, at QoS 0');
});

t.test('retained messages at QoS 1 wait for room and survive a reconnect', async (t) => {
  const bench = new Bench(t, { receiveMaximum: 5, queuedMessages: 3 });
  const publisher = await bench.connect(5, 'p');
  for (let i = 0; i < 20; i++) await publisher.publish(`s/${i}`, `${i}`, 1, true);
  const open = { clean: false, properties: { sessionExpiryInterval: 100 } };
  const first = await bench.connect(5, 's', open);
  await first.subscribe('s/#', 1);
  t.equal((await first.pending()).length, 5);
  await first.cut();
  const second = await bench.connect(5, 's', open);
  const topics = new Set<string>();
  for (let packets = await second.pending(); packets.length > 0; packets = await second.pending()) {
    for (const packet of packets) {
      if (packet.cmd !== 'publish') continue;
      topics.add(packet.topic);
      second.send({ cmd: 'puback', messageId: packet.messageId!, reasonCode: 0 });
    }
  }
  t.equal(topics.size, 20);
});

t.test('expired retained messages are neither sent nor kept [MQTT-3.3.2-5]', async (t) => {
  const bench = new Bench(t);
  await bench.broker.start(AbortSignal.timeout(60_000));
  const kept = bench.broker.router.counters().retained;
  const publisher = await bench.connect(5, 'p');
  publisher.send({
    cmd: 'publish',
    topic: 't',
    payload: 'x',
    qos: 1,
    messageId: 1,
    retain: true,
    dup: false,
    properties: { messageExpiryInterval: 15 },
  });
  await publisher.next('puback');
  await bench.clock.advance(5_000);
  const early = await bench.connect(5, 'early');
  await early.subscribe('t', 0);
  t.equal((await early.next('publish')).properties?.messageExpiryInterval, 10);
  await bench.clock.advance(10_000);
  const late = await bench.connect(5, 'late');
  await late.subscribe('t', 0);
  t.same(await late.pending(), []);
  await bench.clock.advance(10_000);
  t.equal(bench.broker.router.counters().retained, kept, 'swept');
});

t.test('a bridge (protocol level 0x83, 0x84): retain flags stay, its own messages do not come back', async (t) => {
  const bench = new Bench(t);
  for (const connect of ['101000064d5149736470830200000002' + '6233', '100e00044d5154548402000000026234']) {
    const bridge = bench.open(4);
    bridge.raw(Buffer.from(connect, 'hex'));
    t.equal((await bridge.next('connack')).returnCode, 0);
    await bridge.subscribe('t/#', 0);
    await bridge.publish('t/own', 'x');
    bench.route({ topic: 't/live', payload: 'x', retain: true });
    t.same((await bridge.pending()).map(shown), ['t/live x q0 r1']);
    bench.route({ topic: 't/live', payload: '', retain: true });
    await bridge.cut();
  }
});
