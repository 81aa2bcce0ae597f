import type { IConnackPacket, IPublishPacket } from 'mqtt-packet';
import t from 'tap';
import type { TestClient } from './harness.js';
import { Plant } from './plant.js';

const SESSION = { clean: false, properties: { sessionExpiryInterval: 1_000 } };
const publish = (messageId: number, payload: string, qos: 1 | 2 = 1, rest: Partial<IPublishPacket> = {}) =>
  ({ cmd: 'publish', topic: 't', payload, qos, messageId, retain: false, dup: false, ...rest }) as IPublishPacket;

async function texts(client: TestClient, count: number): Promise<string[]> {
  const found: string[] = [];
  for (let i = 0; i < count; i++) {
    const packet = (await client.next('publish')) as IPublishPacket;
    found.push(`${packet.payload}/${packet.messageId}${packet.dup ? ' dup' : ''}`);
    if (packet.qos === 1) client.send({ cmd: 'puback', messageId: packet.messageId! });
  }
  return found;
}

for (const how of ['crash', 'restart'] as const) {
  t.test(`a session, its subscriptions and what waits for it survive a ${how}`, async (t) => {
    const plant = new Plant(t);
    let bench = await plant.start();
    const reader = await bench.connect(5, 'reader', SESSION);
    await reader.subscribe('t', 1);
    reader.stream.destroy();
    await bench.settle();
    const writer = await bench.connect(5, 'writer');
    for (let i = 1; i <= 3; i++) writer.send(publish(i, `m${i}`));
    for (let i = 1; i <= 3; i++) t.match(await writer.next('puback'), { messageId: i, reasonCode: 0 });

    bench = await plant[how]();
    t.match(bench.broker.client('reader'), { connected: false, queued: 3, subscriptions: 1 });
    t.match(bench.broker.figures().ledger.copies, { restored: 3, queued: 3, difference: 0 });
    const again = await bench.connect(5, 'reader', SESSION);
    t.ok(again.connack?.sessionPresent);
    t.same(await texts(again, 3), ['m1/1', 'm2/2', 'm3/3']);
    const second = await bench.connect(5, 'writer');
    second.send(publish(1, 'm4'));
    t.same(await texts(again, 1), ['m4/4'], 'the subscription works');
    await bench.settle();
    t.match(bench.broker.figures().ledger.copies, { delivered: 4, difference: 0 });
  });
}

t.test(
  'what was sent and not acknowledged comes again with DUP and its Packet Identifier [MQTT-4.4.0-1]',
  async (t) => {
    const plant = new Plant(t);
    let bench = await plant.start({ receiveMaximum: 2 });
    const reader = await bench.connect(5, 'reader', SESSION);
    await reader.subscribe('t', 1);
    const writer = await bench.connect(5, 'writer');
    for (let i = 1; i <= 2; i++) {
      writer.send(publish(i, `m${i}`));
      await writer.next('puback');
    }
    await reader.next('publish');
    reader.send({ cmd: 'puback', messageId: 1 });
    await reader.next('publish');
    await bench.settle();
    bench = await plant.crash();
    const again = await bench.connect(5, 'reader', SESSION);
    t.same(await texts(again, 1), ['m2/2 dup']);
  },
);

t.test('QoS 2 to a durable session goes out once its message, PUBREL once its release is on disk', async (t) => {
  const plant = new Plant(t);
  let bench = await plant.start();
  const reader = await bench.connect(5, 'reader', SESSION);
  await reader.subscribe('t', 2);
  const writer = await bench.connect(5, 'writer', SESSION);
  writer.send(publish(7, 'once', 2));
  t.match(await writer.next('pubrec'), { messageId: 7 });
  t.match(await reader.next('publish'), { messageId: 1, dup: false });
  bench = await plant.crash();

  const writerAgain = await bench.connect(5, 'writer', SESSION);
  writerAgain.send(publish(7, 'once', 2, { dup: true }));
  t.match(await writerAgain.next('pubrec'), { messageId: 7 });
  writerAgain.send({ cmd: 'pubrel', messageId: 7 });
  t.match(await writerAgain.next('pubcomp'), { messageId: 7, reasonCode: 0 });
  const again = await bench.connect(5, 'reader', SESSION);
  t.match(await again.next('publish'), { messageId: 1, dup: true });
  again.send({ cmd: 'pubrec', messageId: 1 });
  t.match(await again.next('pubrel'), { messageId: 1 });
  bench = await plant.crash();

  const third = await bench.connect(5, 'reader', SESSION);
  t.match(await third.next('pubrel'), { messageId: 1 }, 'released: never published again');
  third.send({ cmd: 'pubcomp', messageId: 1 });
  await bench.settle();
  t.same(await third.pending(), []);
  t.match(bench.broker.client('reader'), { queued: 0, inflight: 0 });
});

for (const how of ['reconnect', 'crash', 'restart'] as const) {
  t.test(`after a ${how}: PUBREL first, in the order of PUBREC [MQTT-4.6.0-4, MQTT-3.3.4-10]`, async (t) => {
    const plant = new Plant(t);
    let bench = await plant.start();
    const reader = await bench.connect(5, 'reader', SESSION);
    await reader.subscribe('t', 2);
    const writer = await bench.connect(5, 'writer', SESSION);
    for (let i = 1; i <= 6; i++) {
      writer.send(publish(i, `m${i}`, 2));
      await writer.next('pubrec');
      t.match(await reader.next('publish'), { messageId: i });
    }
    for (const messageId of [5, 2, 4]) {
      reader.send({ cmd: 'pubrec', messageId });
      t.match(await reader.next('pubrel'), { messageId });
    }
    if (how === 'reconnect') {
      await reader.cut();
      await bench.settle();
    } else bench = await plant[how]();

    // PUBREL does not count against Receive Maximum.
    const properties = { ...SESSION.properties, receiveMaximum: 1 };
    const again = await bench.connect(5, 'reader', { ...SESSION, properties });
    for (const messageId of [5, 2, 4]) t.match(await again.next('pubrel'), { messageId });
    for (const messageId of [1, 3, 6]) {
      t.match(await again.next('publish'), { messageId, dup: true });
      again.send({ cmd: 'pubrec', messageId });
      t.match(await again.next('pubrel'), { messageId });
      again.send({ cmd: 'pubcomp', messageId });
    }
    for (const messageId of [4, 5, 2]) again.send({ cmd: 'pubcomp', messageId });
    await bench.settle();
    t.same(await again.pending(), []);
    t.match(bench.broker.client('reader'), { queued: 0, inflight: 0 });
  });
}

t.test('what was sent does not expire, what waited does [MQTT-4.4.0-1, MQTT-4.3.3-7, MQTT-3.3.2-5]', async (t) => {
  const bench = await new Plant(t).start({ receiveMaximum: 2 });
  const reader = await bench.connect(5, 'reader', SESSION);
  await reader.subscribe('t', 2);
  const expiresAt = bench.clock.now() + 10_000;
  for (const qos of [1, 2, 1, 2] as const) bench.route({ topic: 't', payload: `m${qos}`, qos, expiresAt });
  for (const messageId of [1, 2]) t.match(await reader.next('publish'), { messageId });
  await reader.cut();
  await bench.clock.advance(60_000);
  const again = await bench.connect(5, 'reader', SESSION);
  t.same(await texts(again, 2), ['m1/1 dup', 'm2/2 dup']);
  again.send({ cmd: 'pubrec', messageId: 2 });
  t.match(await again.next('pubrel'), { messageId: 2 });
  again.send({ cmd: 'pubcomp', messageId: 2 });
  await bench.settle();
  t.same(await again.pending(), []);
  t.match(bench.broker.figures().ledger.copies, { delivered: 2, expired: 2, difference: 0 });
});

t.test('retained messages of QoS 1 survive a crash, those of QoS 0 a stop; $SYS does not', async (t) => {
  const plant = new Plant(t);
  let bench = await plant.start();
  const writer = await bench.connect(5, 'writer');
  writer.send(publish(1, 'one', 1, { topic: 'r/1', retain: true }));
  await writer.next('puback');
  writer.send(publish(2, 'gone', 1, { topic: 'r/2', retain: true }));
  writer.send(publish(3, '', 1, { topic: 'r/2', retain: true }));
  await writer.next('puback');
  await writer.next('puback');
  bench.route({ topic: 'r/0', payload: 'zero', retain: true });
  bench.route({ topic: '$SYS/x', payload: 'sys', retain: true });
  const retained = () => [...bench.broker.router.retained('#')].map(({ topic }) => topic).sort();
  bench = await plant.restart();
  t.same(retained(), ['r/0', 'r/1']);
  t.same([...bench.broker.router.retained('$SYS/x')], []);
  bench = await plant.crash();
  t.same(retained(), ['r/0', 'r/1']);
});

t.test('a Will of a connection that a crash cuts is sent at start; a stop drops it [MQTT-3.1.2-10]', async (t) => {
  const plant = new Plant(t);
  let bench = await plant.start();
  const watcher = await bench.connect(5, 'watcher', SESSION);
  await watcher.subscribe('w/#', 1);
  const will = (topic: string) => ({ topic, payload: Buffer.from('gone'), qos: 1 as const, retain: false });
  await bench.connect(5, 'plain', { will: will('w/plain') });
  await bench.connect(5, 'kept', { ...SESSION, will: { ...will('w/kept'), properties: { willDelayInterval: 5 } } });
  bench = await plant.crash();
  let again = await bench.connect(5, 'watcher', SESSION);
  t.match(await again.next('publish'), { topic: 'w/plain', payload: Buffer.from('gone') });
  again.send({ cmd: 'puback', messageId: 1 });
  t.same(await again.pending(), [], 'the other has a Will Delay');
  await bench.clock.advance(5_000);
  t.match(await again.next('publish'), { topic: 'w/kept' });
  again.send({ cmd: 'puback', messageId: 2 });
  await bench.connect(5, 'plain', { will: will('w/plain') });
  bench = await plant.restart();
  again = await bench.connect(5, 'watcher', SESSION);
  t.same(await again.pending(), []);
});

t.test('a session expires as it would have; one of another user is refused; Clean Start forgets it', async (t) => {
  const plant = new Plant(t);
  let bench = await plant.start();
  for (const id of ['a', 'b']) {
    const client = await bench.connect(5, id, SESSION);
    await client.subscribe('t', 1);
    client.send({ cmd: 'disconnect' });
    await client.closed();
  }
  bench = await plant.crash();
  let fresh = await bench.connect(5, 'b', { ...SESSION, clean: true });
  t.notOk(fresh.connack?.sessionPresent);
  bench = await plant.crash();
  t.match(bench.broker.client('b'), { subscriptions: 0 }, 'the new session has nothing of the old one');
  fresh = await bench.connect(5, 'b', { clean: true });
  fresh.stream.destroy();
  await bench.settle();
  bench = await plant.crash();
  t.same(
    bench.broker.clients().map(({ clientId }) => clientId),
    ['a'],
  );
  await bench.clock.advance(1_001_000);
  t.same(bench.broker.clients(), []);
  bench = await plant.crash();
  t.same(bench.broker.clients(), []);
});

t.test('an absent session beyond its limit loses its oldest, counted; memory holds none of it', async (t) => {
  const plant = new Plant(t);
  const bench = await plant.start({ queuedMessages: 100, receiveMaximum: 20 });
  const reader = await bench.connect(5, 'reader', SESSION);
  await reader.subscribe('t', 1);
  reader.stream.destroy();
  await bench.settle();
  for (let i = 1; i <= 250; i++) bench.route({ topic: 't', payload: `m${i}`, qos: 1 });
  await bench.settle();
  t.equal(bench.broker.memory().messages, 0);
  const again = await bench.connect(5, 'reader', SESSION);
  const got = await texts(again, 100);
  t.match(got[0], /^m151\//);
  t.match(got[99], /^m250\//);
  await bench.settle();
  t.match(bench.broker.figures().ledger.copies, { delivered: 100, droppedBy: { queueFull: 150 }, difference: 0 });
});

for (const how of ['reconnect', 'crash', 'restart'] as const) {
  t.test(`a session at its limit loses nothing of what was in flight by a ${how}`, async (t) => {
    const plant = new Plant(t);
    const limits = { queuedMessages: 3, receiveMaximum: 5 };
    let bench = await plant.start(limits);
    const reader = await bench.connect(5, 'reader', SESSION);
    await reader.subscribe('t', 1);
    for (let i = 1; i <= 8; i++) bench.route({ topic: 't', payload: `m${i}`, qos: 1 });
    await bench.settle();
    t.match(bench.broker.client('reader'), { inflight: 5, queued: 3 });
    if (how === 'reconnect') {
      await reader.cut();
      await bench.settle();
    } else bench = await plant[how](limits);
    // Beyond the limit now: the oldest of those that only wait goes.
    bench.route({ topic: 't', payload: 'm9', qos: 1 });
    await bench.settle();
    const again = await bench.connect(5, 'reader', SESSION);
    const got = (await texts(again, 8)).map((text) => text.replace(/\/.*/, ''));
    t.same(got, ['m1', 'm2', 'm3', 'm4', 'm5', 'm7', 'm8', 'm9']);
    await bench.settle();
    t.match(bench.broker.client('reader'), { queued: 0, inflight: 0 });
    t.equal(bench.broker.figures().ledger.copies.difference, 0);
  });
}

t.test('relaxed: QoS 2 of a publisher is known after a crash, as far as its message is [MQTT-4.3.3-10]', async (t) => {
  const plant = new Plant(t);
  plant.durability = 'relaxed';
  let bench = await plant.start();
  const reader = await bench.connect(5, 'reader', SESSION);
  await reader.subscribe('t', 2);
  await reader.cut();
  const writer = await bench.connect(5, 'writer', SESSION);
  writer.send(publish(7, 'once', 2));
  t.match(await writer.next('pubrec'), { messageId: 7, reasonCode: 0 });
  bench = await plant.crash();
  t.match(bench.broker.client('reader'), { queued: 1 });
  const again = await bench.connect(5, 'writer', SESSION);
  again.send(publish(7, 'once', 2, { dup: true }));
  t.match(await again.next('pubrec'), { messageId: 7 });
  await bench.settle();
  t.match(bench.broker.client('reader'), { queued: 1 }, 'not published a second time');
  again.send({ cmd: 'pubrel', messageId: 7 });
  t.match(await again.next('pubcomp'), { messageId: 7, reasonCode: 0 });
});

t.test('CONNACK to a Clean Start waits until the old session is gone from the disk [MQTT-3.1.2-4]', async (t) => {
  const plant = new Plant(t);
  const bench = await plant.start();
  const before = await bench.connect(5, 'a', SESSION);
  await before.subscribe('t', 1);
  await before.cut();
  await bench.settle();
  const { commits } = plant.store.figures();
  const fresh = await bench.connect(5, 'a', { ...SESSION, clean: true });
  t.notOk(fresh.connack?.sessionPresent);
  t.ok(plant.store.figures().commits > commits, 'the end of the old session is on disk');
  t.match(bench.broker.client('a'), { subscriptions: 0, connected: true });
});

t.test('CONNACK to a new session waits until it is on the disk: after a crash it is there', async (t) => {
  const plant = new Plant(t);
  let bench = await plant.start();
  const { commits } = plant.store.figures();
  await bench.open(5).connect('a', SESSION);
  t.ok(plant.store.figures().commits > commits);
  bench = await plant.crash();
  const again = await bench.connect(5, 'a', SESSION);
  t.ok(again.connack?.sessionPresent);
});

t.test(
  'a client whose new session is taken over before it is on the disk gets CONNACK as its first packet [MQTT-3.2.0-1]',
  async (t) => {
    const bench = await new Plant(t).start();
    const [first, second] = [bench.open(5), bench.open(5)];
    const connect = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, clientId: 'a', keepalive: 0 } as const;
    first.send({ ...connect, ...SESSION });
    second.send({ ...connect, ...SESSION });
    t.match(await second.next('connack'), { reasonCode: 0 });
    const refusal = (await first.next('connack')) as IConnackPacket;
    t.ok((refusal.reasonCode ?? 0) >= 0x80, `reason code ${refusal.reasonCode}`);
    await first.closed();
    await second.cut();
  },
);

t.test('two connections with Clean Start at once: the second has the session', async (t) => {
  const bench = await new Plant(t).start();
  await (await bench.connect(5, 'a', SESSION)).cut();
  const [first, second] = [bench.open(5), bench.open(5)];
  const connect = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, clientId: 'a', keepalive: 0 } as const;
  first.send({ ...connect, clean: true, properties: SESSION.properties });
  second.send({ ...connect, clean: true, properties: SESSION.properties });
  t.match(await second.next('connack'), { reasonCode: 0, sessionPresent: false });
  await first.closed();
  t.equal(second.isClosed, false);
  t.equal(bench.broker.clients().length, 1);
});

t.test('beyond maxBytes, drop-oldest: each session gives up its oldest, counted', async (t) => {
  const bench = await new Plant(t).start({}, { overflow: 'drop-oldest', maxBytes: 20_000 });
  const reader = await bench.connect(5, 'reader', SESSION);
  await reader.subscribe('t', 1);
  await reader.cut();
  for (let i = 1; i <= 100; i++) {
    bench.route({ topic: 't', payload: `m${i} ${'x'.repeat(1_000)}`, qos: 1 });
    await bench.settle();
  }
  const { copies } = bench.broker.figures().ledger;
  t.ok(copies.queued < 25, `${copies.queued} are left`);
  t.match(copies, { droppedBy: { queueFull: 100 - copies.queued }, difference: 0 });
  const again = await bench.connect(5, 'reader', SESSION);
  t.match((await texts(again, copies.queued)).at(-1), /^m100 /, 'the newest is there');
});

t.test('beyond maxBytes, refuse: 0x97, and 3.1.1 loses its connection; it goes on when there is room', async (t) => {
  const bench = await new Plant(t).start({}, { overflow: 'refuse', maxBytes: 3_000 });
  const reader = await bench.connect(5, 'reader', SESSION);
  await reader.subscribe('t', 1);
  await reader.cut();
  const writer = await bench.connect(5, 'writer', SESSION);
  const text = 'x'.repeat(1_000);
  const codes: (number | undefined)[] = [];
  for (let i = 1; i <= 6; i++) {
    writer.send(publish(i, text, i % 2 === 0 ? 2 : 1));
    codes.push((await writer.next(i % 2 === 0 ? 'pubrec' : 'puback')).reasonCode);
    if (codes.at(-1) === 0 && i % 2 === 0) {
      writer.send({ cmd: 'pubrel', messageId: i });
      await writer.next('pubcomp');
    }
  }
  const taken = codes.filter((code) => code === 0).length;
  t.same(codes.slice(taken), Array(6 - taken).fill(0x97));
  t.equal(taken, 3, 'the one that reaches the limit is taken, and told so');
  const old = await bench.connect(4, 'old');
  old.send(publish(1, text));
  await old.closed();
  t.match(bench.broker.figures().ledger.copies, { queued: taken, difference: 0 });
  const again = await bench.connect(5, 'reader', SESSION);
  await texts(again, taken);
  await bench.settle();
  writer.send(publish(9, text));
  t.match(await writer.next('puback'), { messageId: 9, reasonCode: 0 });
});
