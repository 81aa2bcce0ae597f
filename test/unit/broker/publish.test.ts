import t from 'tap';
import { subscriptionTo } from '../../../src/core/router.js';
import { Bench, shown } from './harness.js';

t.test('QoS 0, 1 and 2 in and out, both versions', async (t) => {
  const bench = new Bench(t);
  for (const version of [4, 5] as const) {
    const subscriber = await bench.connect(version, `s${version}`);
    await subscriber.subscribe('t/#', 2);
    const publisher = await bench.connect(version, `p${version}`);
    for (const qos of [0, 1, 2] as const) await publisher.publish(`t/${qos}`, 'x', qos);
    const packets = [
      await subscriber.next('publish'),
      await subscriber.next('publish'),
      await subscriber.next('publish'),
    ];
    t.same(packets.map(shown), ['t/0 x q0 r0', 't/1 x q1 r0', 't/2 x q2 r0']);
    subscriber.send({ cmd: 'puback', messageId: packets[1]!.messageId! });
    subscriber.send({ cmd: 'pubrec', messageId: packets[2]!.messageId! });
    t.equal((await subscriber.next('pubrel')).messageId, packets[2]!.messageId);
    subscriber.send({ cmd: 'pubcomp', messageId: packets[2]!.messageId! });
    await bench.settle();
    t.match(
      bench.broker.clients().find(({ clientId }) => clientId === `s${version}`),
      { inflight: 0, sent: 3 },
    );
  }
});

t.test('a QoS 2 message sent again before PUBREL is delivered once [MQTT-4.3.3-10]', async (t) => {
  const bench = new Bench(t);
  const subscriber = await bench.connect(5, 's');
  await subscriber.subscribe('t', 0);
  const publisher = await bench.connect(5, 'p', { clean: false, properties: { sessionExpiryInterval: 60 } });
  const publish = { cmd: 'publish', topic: 't', payload: 'x', qos: 2, retain: false, messageId: 5 } as const;
  publisher.send({ ...publish, dup: false });
  await publisher.next('pubrec');
  publisher.send({ ...publish, dup: true });
  await publisher.next('pubrec');
  await publisher.cut();
  const again = await bench.connect(5, 'p', { clean: false, properties: { sessionExpiryInterval: 60 } });
  again.send({ ...publish, dup: true });
  t.equal((await again.next('pubrec')).reasonCode, 0);
  again.send({ cmd: 'pubrel', messageId: 5 });
  t.equal((await again.next('pubcomp')).reasonCode, 0);
  t.same((await subscriber.pending()).map(shown), ['t x q0 r0']);
  again.send({ cmd: 'pubrel', messageId: 5 });
  t.equal((await again.next('pubcomp')).reasonCode, 0x92, 'Packet Identifier not found');
  again.send({ ...publish, dup: false });
  await again.next('pubrec');
  t.same((await subscriber.pending()).map(shown), ['t x q0 r0'], 'the identifier is free again');
});

t.test('more unreleased QoS 2 messages than Receive Maximum: 0x93 (§4.9)', async (t) => {
  const bench = new Bench(t, { receiveMaximum: 2 });
  const client = await bench.connect(5, 'a');
  for (const messageId of [1, 2, 3]) {
    client.send({ cmd: 'publish', topic: 't', payload: '', qos: 2, retain: false, dup: false, messageId });
  }
  await client.next('pubrec');
  await client.next('pubrec');
  t.equal((await client.next('disconnect')).reasonCode, 0x93);
  const old = await bench.connect(4, 'b');
  for (const messageId of [1, 2, 3, 4]) {
    old.send({ cmd: 'publish', topic: 't', payload: '', qos: 2, retain: false, dup: false, messageId });
    await old.next('pubrec');
  }
  t.equal(old.isClosed, false, '3.1.1 knows no Receive Maximum');
});

t.test('messages held from a connection before do not count against Receive Maximum (§4.9)', async (t) => {
  const bench = new Bench(t, { receiveMaximum: 2 });
  const open = { clean: false, properties: { sessionExpiryInterval: 60 } };
  const publish = { cmd: 'publish', topic: 't', payload: '', qos: 2, retain: false, dup: false } as const;
  const first = await bench.connect(5, 'a', open);
  for (const messageId of [1, 2]) {
    first.send({ ...publish, messageId });
    await first.next('pubrec');
  }
  await first.cut();
  const second = await bench.connect(5, 'a', open);
  for (const messageId of [3, 4]) {
    second.send({ ...publish, messageId });
    t.equal((await second.next('pubrec')).reasonCode, 0x10);
  }
  second.send({ ...publish, messageId: 1, dup: true });
  t.equal((await second.next('pubrec')).reasonCode, 0);
  second.send({ ...publish, messageId: 5 });
  t.equal((await second.next('disconnect')).reasonCode, 0x93);
});

t.test(
  'the properties of a PUBLISH reach the subscriber, user properties in their order [MQTT-3.3.2-17]',
  async (t) => {
    const bench = new Bench(t);
    const subscriber = await bench.connect(5, 's');
    await subscriber.subscribe('t', 0);
    const publisher = await bench.connect(5, 'p');
    const properties = {
      payloadFormatIndicator: true,
      messageExpiryInterval: 60,
      responseTopic: 'answer/here',
      correlationData: Buffer.from([0, 255]),
      contentType: 'text/plain',
    };
    const publish = { cmd: 'publish', topic: 't', payload: 'x', qos: 0, retain: false, dup: false } as const;
    publisher.send({
      ...publish,
      properties: { ...properties, topicAlias: 3, userProperties: { a: ['1', '2'], b: '3' } },
    });
    const packet = await subscriber.next('publish');
    t.same(packet.properties, {
      ...properties,
      userProperties: Object.assign(Object.create(null), { a: ['1', '2'], b: '3' }),
    });
    publisher.send({ ...publish, topic: '', properties: { topicAlias: 3 } });
    t.equal(shown(await subscriber.next('publish')), 't x q0 r0', 'the Topic Alias stands for the topic');
    const old = await bench.connect(4, 'old');
    await old.subscribe('t', 0);
    publisher.send({ ...publish, properties });
    t.equal(shown(await old.next('publish')), 't x q0 r0', 'a 3.1.1 subscriber gets it without');
  },
);

t.test('clients may not publish to $SYS; other topics that begin with $ are theirs', async (t) => {
  const bench = new Bench(t);
  const modern = await bench.connect(5, 'a');
  const publish = { cmd: 'publish', payload: 'x', retain: true, dup: false, messageId: 1 } as const;
  modern.send({ ...publish, topic: '$SYS/broker/version', qos: 1 });
  t.equal((await modern.next('puback')).reasonCode, 0x87);
  modern.send({ ...publish, topic: '$SYS/broker/version', qos: 2 });
  t.equal((await modern.next('pubrec')).reasonCode, 0x87);
  modern.send({ ...publish, topic: '$mine/x', qos: 1 });
  t.equal((await modern.next('puback')).reasonCode, 0x10);
  const old = await bench.connect(4, 'b');
  old.send({ ...publish, topic: '$SYS/broker/version', qos: 1 });
  await old.next('puback');
  t.same([...bench.broker.router.retained('$SYS/#')], [], 'acknowledged, and gone nowhere');
  const will = bench.open(5);
  const refused = await will.connect('w', { will: { topic: '$SYS/x', payload: Buffer.from('') } });
  t.equal(refused.reasonCode, 0x90);
});

t.test('a topic of more than 201 levels is refused, one of 201 is not', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a');
  const publish = { cmd: 'publish', payload: 'x', qos: 1, retain: true, dup: false, messageId: 1 } as const;
  client.send({ ...publish, topic: '/'.repeat(201) });
  t.equal((await client.next('puback')).reasonCode, 0x90);
  client.send({ ...publish, topic: '/'.repeat(200) });
  t.equal((await client.next('puback')).reasonCode, 0x10);
  t.equal((await client.subscribe('+/'.repeat(201), 0)).granted[0], 0x8f);
});

t.test('messages of one topic keep their order per QoS (§4.6)', async (t) => {
  const bench = new Bench(t, { receiveMaximum: 3 });
  const subscriber = await bench.connect(5, 's', { properties: { receiveMaximum: 2 } });
  await subscriber.subscribe('t', 1);
  const publisher = await bench.connect(5, 'p');
  for (let i = 0; i < 20; i++) await publisher.publish('t', `${i}`, 1);
  const payloads: string[] = [];
  for (let i = 0; i < 20; i++) {
    const packet = await subscriber.next('publish');
    payloads.push(String(packet.payload));
    subscriber.send({ cmd: 'puback', messageId: packet.messageId! });
  }
  t.same(
    payloads,
    Array.from({ length: 20 }, (_, i) => `${i}`),
  );
});

t.test('the router and MQTT clients exchange messages', async (t) => {
  const bench = new Bench(t);
  const { router } = bench.broker;
  const taken: string[] = [];
  const attachment = router.attach({
    id: 'plc',
    kind: 'device',
    origin: 'device:plc',
    durable: false,
    deliver: (message) => taken.push(`${message.topic} ${message.payload} ${message.origin}`) > 0,
  });
  attachment.subscribe(subscriptionTo('cmd/#'));
  const client = await bench.connect(4, 'a');
  await client.subscribe('data/#', 1);
  await client.publish('cmd/x', '1', 1);
  t.same(taken, ['cmd/x 1 client:a']);
  bench.route({ topic: 'data/y', payload: '2', qos: 1 });
  t.equal(shown(await client.next('publish')), 'data/y 2 q1 r0');
});

t.test('a message that must be stored first is acknowledged when it is, or refused', async (t) => {
  // Messages that nobody keeps do not come to publish() otherwise.
  const bench = new Bench(t, {}, {}, undefined, undefined, undefined, false);
  const { router } = bench.broker;
  const plain = router.publish.bind(router);
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  router.publish = (message) => {
    void plain(message);
    return new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
  };
  const modern = await bench.connect(5, 'a');
  modern.send({ cmd: 'publish', topic: 't', payload: '', qos: 1, retain: false, dup: false, messageId: 1 });
  t.same(await modern.pending(), [], 'no PUBACK yet');
  waiting.shift()!.resolve();
  t.match(await modern.next('puback'), { messageId: 1, reasonCode: 0x10 }, 'and nobody was there');
  modern.send({ cmd: 'publish', topic: 't', payload: '', qos: 2, retain: false, dup: false, messageId: 2 });
  await modern.pending();
  waiting.shift()!.reject(new Error('disk full'));
  t.match(await modern.next('pubrec'), { messageId: 2, reasonCode: 0x97 });
  const old = await bench.connect(4, 'b');
  old.send({ cmd: 'publish', topic: 't', payload: '', qos: 1, retain: false, dup: false, messageId: 1 });
  await old.pending();
  waiting.shift()!.reject(new Error('disk full'));
  await old.closed();
});
