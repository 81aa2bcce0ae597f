/** One connection to a broker that says what the test tells it to. */
import { generate } from 'mqtt-packet';
import t from 'tap';
import { memoryOf, openFar, outgoing } from '../../../support/far-side.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { eventually } from '../../../support/peers.js';
import { connack, friendly, scriptedBroker } from '../../../support/scripted-broker.js';

t.test('CONNECT says what it must [MQTT 5.0 §3.1]', async (t) => {
  const far = await scriptedBroker(t, friendly);
  const will = { topic: 'gone', payload: 'yes', qos: 1 } as const;
  const userProperties = [['hpmq-peer', 'plant-7']] as const;
  await openFar(t, far.url, {
    config: { username: 'anna', password: 'secret', keepAlive: 20_000 },
    more: { will, userProperties },
  });
  t.match(far.connections[0]!.packets[0], {
    cmd: 'connect',
    protocolVersion: 5,
    clientId: 'test',
    clean: true,
    keepalive: 20,
    username: 'anna',
    password: Buffer.from('secret'),
    will: { topic: 'gone', payload: Buffer.from('yes'), qos: 1, retain: true },
    properties: {
      sessionExpiryInterval: 3_600,
      receiveMaximum: 256,
      maximumPacketSize: 16_777_216,
      topicAliasMaximum: 64,
      userProperties: { 'hpmq-peer': 'plant-7' },
    },
  });
  for (const isBridge of [false, true]) {
    await openFar(t, far.url, { config: { protocolVersion: 4, bridge: isBridge } });
    const packet = far.connections.at(-1)!.packets[0];
    t.match(packet, { cmd: 'connect', protocolVersion: 4, clean: false, bridgeMode: isBridge ? true : undefined });
  }
});

t.test('a session is continued only where one is known of; 0 s: never [MQTT 5.0 §3.1.2.4]', async (t) => {
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd !== 'connect') return friendly(packet, connection);
    connection.send({ ...connack(), sessionPresent: packet.clean !== true });
  });
  const memory = memoryOf();
  for (const expected of [false, true]) {
    const open = await openFar(t, far.url, { memory });
    t.equal(open.far.sessionPresent, expected);
    await open.far.subscribe('a/#', 1);
    t.strictSame([...memory.filters], ['a/#'], 'what it is subscribed to is known');
    open.far.close(false);
    await open.far.closed;
  }
  t.equal((await openFar(t, far.url, { memory, more: { clientId: 'other' } })).far.sessionPresent, false);
  t.strictSame([...memory.filters], [], 'another session has none of it');
  t.equal((await openFar(t, far.url, { memory, config: { sessionExpiry: 0 } })).far.sessionPresent, false);

  const liar = await scriptedBroker(t, (_packet, { send }) => send({ ...connack(), sessionPresent: true }));
  await t.rejects(openFar(t, liar.url), { code: 'LINK_PROTOCOL', message: /session that we did not ask for/ });
});

t.test('3.1.1: a session that is not ours is ended before ours begins [MQTT 3.1.1 §3.1.2.4]', async (t) => {
  let sessions = 1;
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd !== 'connect') return friendly(packet, connection);
    if (packet.clean) sessions = 0;
    connection.send({ ...connack(), sessionPresent: sessions > 0 });
    if (!packet.clean) sessions = 1;
  });
  const config = { protocolVersion: 4 } as const;
  const memory = memoryOf();
  const asked = () => far.connections.map(({ packets: [first] }) => first?.cmd === 'connect' && first.clean);
  const first = await openFar(t, far.url, { memory, config });
  t.equal(first.far.sessionPresent, false);
  t.strictSame(asked(), [false, true, false]);
  first.far.close(false);
  await first.far.closed;
  t.equal((await openFar(t, far.url, { memory, config })).far.sessionPresent, true);
  t.equal((await openFar(t, far.url, { config: { ...config, sessionExpiry: 0 } })).far.sessionPresent, false);
  t.strictSame(asked(), [false, true, false, false, true]);
});

t.test('an assigned Client Identifier is used from then on [MQTT 5.0 §3.2.2.3.7]', async (t) => {
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd !== 'connect') return friendly(packet, connection);
    const isNew = packet.clientId === '';
    connection.send({ ...connack(isNew ? { assignedClientIdentifier: 'c-17' } : {}), sessionPresent: !isNew });
  });
  const memory = memoryOf();
  for (const _ of [1, 2, 3]) await openFar(t, far.url, { memory, more: { clientId: '' } });
  const asked = far.connections.map(({ packets: [first] }) => (first?.cmd === 'connect' ? first.clientId : undefined));
  t.strictSame(asked, ['', 'c-17', 'c-17']);
});

t.test('Server Keep Alive takes the place of ours [MQTT-3.2.2-21]', async (t) => {
  const clock = new ManualClock();
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'connect') connection.send(connack({ serverKeepAlive: 4 }));
  });
  const open = await openFar(t, far.url, { more: { clock } });
  const pings = () => far.connections[0]!.packets.filter(({ cmd }) => cmd === 'pingreq').length;
  await clock.advance(4_000);
  await eventually(() => pings() === 1);
  await clock.advance(2_000);
  t.match(await open.far.closed, { code: 'LINK_LOST', message: /did not answer a ping/ });
});

t.test('QoS 0 alone does not hide that nobody answers', async (t) => {
  const clock = new ManualClock();
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'connect') connection.send(connack());
  });
  const open = await openFar(t, far.url, { config: { keepAlive: 10_000 }, more: { clock } });
  for (let i = 0; i < 15; i++) {
    open.far.publish(outgoing({ topic: 'a', qos: 0, packetId: 0 }));
    await eventually(() => far.connections[0]!.publishes.length === i + 1);
    await clock.advance(1_000);
  }
  t.match(await open.far.closed, { code: 'LINK_LOST' });
});

t.test('aliases: the far side learns a topic once; never more than it allows [MQTT 5.0 §3.3.2.3.4]', async (t) => {
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'connect') connection.send(connack({ topicAliasMaximum: 2 }));
    else friendly(packet, connection);
  });
  const { far: side } = await openFar(t, far.url);
  const topics = ['plants/one', 'plants/two', 'plants/three'];
  for (let round = 0; round < 3; round++) {
    for (const topic of topics) side.publish(outgoing({ topic, qos: 0, packetId: 0 }));
  }
  const { publishes } = far.connections[0]!;
  await eventually(() => publishes.length === 9);
  t.strictSame(
    publishes.map(({ topic, properties }) => `${topic} ${properties?.topicAlias ?? '-'}`),
    [
      ...['plants/one 1', 'plants/two 2', 'plants/three -'],
      ...[' 1', ' 2', 'plants/three -'],
      ...[' 1', ' 2', 'plants/three -'],
    ],
  );
});

t.test('QoS 2: the steps are told, and PUBREL is sent when it is said [MQTT 5.0 §4.3.3]', async (t) => {
  const far = await scriptedBroker(t, friendly);
  const { far: side, acknowledged } = await openFar(t, far.url);
  side.publish(outgoing({ topic: 'a', qos: 2, packetId: 7 }));
  await eventually(() => acknowledged.length === 1);
  t.match(acknowledged, [{ packet: 'pubrec', packetId: 7, refusal: undefined }]);
  const { packets } = far.connections[0]!;
  t.notOk(packets.some(({ cmd }) => cmd === 'pubrel'));
  side.release(7);
  await eventually(() => acknowledged.length === 2);
  t.match(acknowledged[1], { packet: 'pubcomp', packetId: 7, refusal: undefined });
  // What was released before this connection.
  side.release(9);
  await eventually(() => acknowledged.length === 3);
  t.match(acknowledged[2], { packet: 'pubcomp', packetId: 9 });
});

t.test('a refusal is told with the words of the far side; a PUBCOMP that finds nothing is none', async (t) => {
  const far = await scriptedBroker(t, (packet, connection) => {
    const { send } = connection;
    const messageId = packet.messageId ?? 0;
    const properties = { reasonString: 'not for you' };
    if (packet.cmd === 'publish' && packet.qos > 0) {
      send({ cmd: packet.qos === 1 ? 'puback' : 'pubrec', messageId, reasonCode: 0x87, properties });
    } else if (packet.cmd === 'pubrel') send({ cmd: 'pubcomp', messageId, reasonCode: 0x92 });
    else if (packet.cmd === 'subscribe') send({ cmd: 'suback', messageId, granted: [0x8f], properties });
    else friendly(packet, connection);
  });
  const { far: side, acknowledged } = await openFar(t, far.url);
  side.publish(outgoing({ topic: 'a/b', qos: 1, packetId: 1 }));
  side.publish(outgoing({ topic: 'a/c', qos: 2, packetId: 2 }));
  side.release(3);
  await eventually(() => acknowledged.length === 3);
  const refused = (topic: string) => ({
    code: 'LINK_PUBLISH_REFUSED',
    message: new RegExp(`refused a message to ${topic}: not authorized \\(0x87\\): not for you`),
    details: { topic, reasonCode: 0x87 },
  });
  t.match(acknowledged, [
    { packet: 'puback', packetId: 1, refusal: refused('a/b') },
    { packet: 'pubrec', packetId: 2, refusal: refused('a/c') },
    { packet: 'pubcomp', packetId: 3, refusal: undefined },
  ]);
  t.match(await side.subscribe('x/#', 1), { code: 'LINK_SUBSCRIPTION_REFUSED', message: /0x8f\): not for you/ });
});

t.test('acknowledgements of what was never sent end the connection', async (t) => {
  const wrong = [
    { cmd: 'puback', messageId: 99 },
    { cmd: 'pubcomp', messageId: 99 },
    { cmd: 'pubrec', messageId: 1 },
    { cmd: 'puback', messageId: 2 },
    { cmd: 'pubcomp', messageId: 2 },
    { cmd: 'suback', messageId: 5, granted: [0] },
    { cmd: 'unsuback', messageId: 5, granted: [0] },
  ] as const;
  for (const packet of wrong) {
    const far = await scriptedBroker(t, (packet, { send }) => {
      if (packet.cmd === 'connect') send(connack());
    });
    const { far: side, acknowledged } = await openFar(t, far.url);
    side.publish(outgoing({ topic: 'a', qos: 1, packetId: 1 }));
    side.publish(outgoing({ topic: 'a', qos: 2, packetId: 2 }));
    await eventually(() => far.connections[0]!.publishes.length === 2);
    far.connections[0]!.send(packet as never);
    t.match(await side.closed, { code: 'LINK_PROTOCOL', fault: 'peer', message: /acknowledgement|SUBACK/ }, packet.cmd);
    await eventually(() => far.connections[0]!.packets.at(-1)?.cmd === 'disconnect');
    t.match(far.connections[0]!.packets.at(-1), { reasonCode: 0x82 });
    t.strictSame(acknowledged, []);
  }
});

t.test('a far side that continues a session may answer to what was sent before', async (t) => {
  const memory = memoryOf();
  void memory.connected('test', false);
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'connect') {
      connection.send({ ...connack(), sessionPresent: true });
      for (const cmd of ['pubrec', 'puback', 'pubcomp'] as const) connection.send({ cmd, messageId: 4 });
    } else friendly(packet, connection);
  });
  const { far: side, acknowledged } = await openFar(t, far.url, { memory });
  side.publish(outgoing({ topic: 'a', qos: 1, packetId: 4, dup: true }));
  await eventually(() => acknowledged.length === 1);
  t.match(acknowledged, [{ packet: 'puback', packetId: 4 }]);
  t.match(far.connections[0]!.publishes, [{ dup: true }]);
});

t.test('incoming: acknowledged in the order of PUBLISH, whatever is done first [MQTT-4.6.0-2]', async (t) => {
  const far = await scriptedBroker(t, friendly);
  const done = new Map<string, () => void>();
  const onMessage = ({ topic }: { topic: string }) => new Promise<void>((resolve) => done.set(topic, resolve));
  const { messages } = await openFar(t, far.url, { onMessage });
  const { packets, send } = far.connections[0]!;
  for (const [messageId, qos] of [1, 2, 1].entries()) {
    const topic = `t${messageId}`;
    send({
      cmd: 'publish',
      topic,
      payload: 'x',
      qos: qos as 1 | 2,
      messageId: messageId + 1,
      dup: false,
      retain: false,
    });
  }
  await eventually(() => messages.length === 3);
  done.get('t2')!();
  done.get('t1')!();
  await new Promise(setImmediate);
  t.strictSame(
    packets.filter(({ cmd }) => cmd.startsWith('pub')),
    [],
  );
  done.get('t0')!();
  await eventually(() => packets.length === 4);
  t.strictSame(
    packets.slice(1).map(({ cmd, messageId }) => `${cmd} ${messageId}`),
    ['puback 1', 'pubrec 2', 'puback 3'],
  );
});

t.test(
  'a message that cannot be given on is not acknowledged and not taken for known when it comes again',
  async (t) => {
    const far = await scriptedBroker(t, (packet, connection) => {
      if (packet.cmd !== 'connect') return friendly(packet, connection);
      connection.send({ ...connack(), sessionPresent: packet.clean !== true });
      connection.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 2, messageId: 1, dup: false, retain: false });
    });
    const memory = memoryOf();
    const first = await openFar(t, far.url, { memory, onMessage: () => Promise.reject(new Error('no room')) });
    t.match(await first.far.closed, { message: /no room/ });
    t.notOk(far.connections[0]!.packets.some(({ cmd }) => cmd === 'pubrec'));
    const second = await openFar(t, far.url, { memory });
    await eventually(() => far.connections[1]!.packets.some(({ cmd }) => cmd === 'pubrec'));
    t.equal(second.messages.length, 1);
  },
);

t.test('incoming aliases: resolved; beyond the maximum or never set they end the connection', async (t) => {
  const publish = (topic: string, topicAlias: number) =>
    ({ cmd: 'publish', topic, payload: 'x', qos: 0, dup: false, retain: false, properties: { topicAlias } }) as const;
  const far = await scriptedBroker(t, friendly);
  const { messages } = await openFar(t, far.url);
  for (const packet of [publish('a', 64), publish('', 64), publish('b', 64), publish('', 64)]) {
    far.connections[0]!.send(packet);
  }
  await eventually(() => messages.length === 4);
  t.strictSame(
    messages.map(({ topic }) => topic),
    ['a', 'a', 'b', 'b'],
  );
  for (const [packet, reasonCode] of [
    [publish('a', 65), 0x94],
    [publish('', 3), 0x82],
  ] as const) {
    const open = await openFar(t, far.url);
    far.connections.at(-1)!.send(packet);
    t.match(await open.far.closed, { code: 'LINK_PROTOCOL', details: { reasonCode } });
  }
});

t.test('a far side that sends while nothing can be given on is not read without end', async (t) => {
  const far = await scriptedBroker(t, friendly);
  const payload = Buffer.alloc(1_000_000);
  const waiting: (() => void)[] = [];
  const onMessage = () => new Promise<void>((resolve) => waiting.push(resolve));
  const { messages } = await openFar(t, far.url, { onMessage, config: { protocolVersion: 4 } });
  const { socket } = far.connections[0]!;
  let sent = 0;
  const total = 100;
  const send = () => {
    while (sent < total) {
      sent++;
      const packet = {
        cmd: 'publish',
        topic: 'a',
        payload,
        qos: 1,
        messageId: sent,
        dup: false,
        retain: false,
      } as const;
      if (!socket.write(generate(packet, { protocolVersion: 4 }))) return void socket.once('drain', send);
    }
  };
  send();
  await eventually(() => messages.length >= 33);
  // Nothing more comes as long as nothing is done, whatever the far side sends.
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  t.ok(messages.length < 60, `${messages.length} MB wait`);
  const release = setInterval(() => {
    for (const done of waiting.splice(0)) done();
  }, 1);
  t.teardown(() => clearInterval(release));
  const acks = () => far.connections[0]!.packets.filter(({ cmd }) => cmd === 'puback').length;
  await eventually(() => acks() === total);
  t.equal(messages.length, total);
});

t.test('what is written in one turn leaves together, in order; large payloads too', async (t) => {
  const far = await scriptedBroker(t, friendly);
  const { far: side, acknowledged } = await openFar(t, far.url);
  const before = side.bytesOut;
  const sizes = Array.from({ length: 300 }, (_, i) => (i % 50 === 7 ? 100_000 : i));
  let bytes = 0;
  for (const [i, size] of sizes.entries()) {
    side.publish(outgoing({ topic: 'a', payload: Buffer.alloc(size, i), packetId: i + 1 }));
    bytes += size;
  }
  await eventually(() => acknowledged.length === sizes.length);
  const { publishes } = far.connections[0]!;
  t.strictSame(
    publishes.map(({ messageId, payload }) => `${messageId} ${payload.length} ${payload[0] ?? ''}`),
    sizes.map((size, i) => `${i + 1} ${size} ${size === 0 ? '' : i % 256}`),
  );
  t.ok(side.bytesOut - before > bytes);
});

t.test('a far side that does not read: not writable until it does', async (t) => {
  const far = await scriptedBroker(t, friendly);
  const { far: side, drains } = await openFar(t, far.url);
  const { socket } = far.connections[0]!;
  socket.pause();
  // The buffers of the system take some of it.
  for (let blocked = 0, sent = 0; blocked < 100; blocked++) {
    if (side.isWritable) {
      side.publish(outgoing({ topic: 'a', qos: 0, packetId: 0, payload: Buffer.alloc(1_000_000) }));
      blocked = 0;
      t.ok(++sent < 1_000);
    }
    await new Promise(setImmediate);
  }
  const before = drains();
  socket.resume();
  await eventually(() => drains() > before);
  t.ok(side.isWritable);
});

t.test('DISCONNECT of the far side: its reason, its words, and where it sends us', async (t) => {
  const far = await scriptedBroker(t, friendly);
  const { far: side } = await openFar(t, far.url);
  const properties = { reasonString: 'maintenance', serverReference: 'b.example.org' };
  far.connections[0]!.send({ cmd: 'disconnect', reasonCode: 0x9c, properties });
  t.match(await side.closed, {
    code: 'LINK_LOST',
    message: /use another server \(0x9c\): maintenance; it names b\.example\.org/,
    details: { serverReference: 'b.example.org' },
  });
});

t.test('more subscriptions at once than there are identifiers for: the others wait for theirs', async (t) => {
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'connect') connection.send(connack());
  });
  const { far: side } = await openFar(t, far.url);
  const all = Promise.all(Array.from({ length: 1_000 }, (_, i) => side.subscribe(`a/${i}`, 1)));
  const { packets, send } = far.connections[0]!;
  const asked = () => packets.filter(({ cmd }) => cmd === 'subscribe').map(({ messageId }) => messageId ?? 0);
  for (let answered = 0; answered < 1_000; ) {
    const open = Math.min(335, 1_000 - answered);
    await eventually(() => asked().length >= answered + open);
    const ids = asked().slice(answered);
    t.equal(ids.length, open);
    t.equal(new Set(ids).size, open);
    t.ok(
      ids.every((id) => id > 65_200),
      'none that a message may have',
    );
    for (const messageId of ids) send({ cmd: 'suback', messageId, granted: [1] });
    answered += open;
  }
  t.ok((await all).every((refusal) => refusal === undefined));
});
