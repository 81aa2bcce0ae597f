/** Clients that take less than is sent to them, or nothing: policy, memory, books. */
import { setImmediate as turn } from 'node:timers/promises';
import { generate } from 'mqtt-packet';
import t, { type Test } from 'tap';
import { createBroker } from '../../../../src/broker/broker.js';
import { systemClock } from '../../../../src/core/clock.js';
import { silentLog } from '../../../../src/core/log.js';
import { brokerConfig } from '../../../support/broker-config.js';
import { duplexPair } from '../../../support/duplex-pair.js';
import { Bench, TestClient } from '../harness.js';

const KB = 'x'.repeat(1_000);
const small = { qos0: 'drop-new', maxBytes: 20_000, timeout: 0 } as const;

/** `first…` of the payloads that arrived. */
async function numbers(client: TestClient): Promise<number[]> {
  const packets = await client.pending();
  return packets.flatMap((packet) => (packet.cmd === 'publish' ? [Number.parseInt(String(packet.payload), 10)] : []));
}

function flood(bench: Bench, count: number, qos: 0 | 1): void {
  for (let i = 0; i < count; i++) bench.route({ topic: 't', payload: `${i} ${KB}`, qos });
}

t.test('drop-new: a client that is behind gets the oldest QoS 0 messages, the books balance', async (t) => {
  const bench = new Bench(t, { slowConsumer: small });
  const client = await bench.deaf('d', 0);
  flood(bench, 100, 0);
  await bench.settle();
  const { publishSent, drops, publishTakenBack } = bench.broker.statistics;
  t.equal(publishSent + drops.slowReader, 100);
  t.equal(publishTakenBack, 0);
  t.ok(publishSent >= 20 && publishSent <= 22, `${publishSent} sent`);
  t.match(bench.broker.clients()[0], { sent: publishSent, dropped: drops.slowReader });
  client.readAgain();
  t.same(
    await numbers(client),
    Array.from({ length: publishSent }, (_, i) => i),
  );
});

/** A run of 100 in one write, then 10, to clients that take nothing and to one that is absent. */
async function runs(t: Test, hasFastPath: boolean, version: 4 | 5) {
  const bench = new Bench(t, { slowConsumer: small }, {}, undefined, undefined, undefined, hasFastPath);
  const deaf = [await bench.deaf('deaf4', 0, 4), await bench.deaf('deaf5', 0, 5)];
  const away = await bench.connect(5, 'away', { clean: true, properties: { sessionExpiryInterval: 1_000 } });
  await away.subscribe('t', 0);
  await away.cut();
  const publisher = await bench.connect(version, 'publisher');
  const frames = Array.from({ length: 110 }, (_, i) => {
    // Lengths with one and two bytes for Remaining Length.
    const payload = `${i} ${'x'.repeat(i % 3 === 0 ? 20 : 400)}`;
    const publish = { cmd: 'publish', topic: 't', payload, qos: 0, dup: false, retain: false } as const;
    return generate(publish, { protocolVersion: version });
  });
  publisher.raw(Buffer.concat(frames.slice(0, 100)));
  await bench.settle();
  publisher.raw(Buffer.concat(frames.slice(100)));
  await bench.settle();
  const { ledger, router } = bench.broker.figures();
  const { publishSent, packetsSent, bytesSent, publishBytesSent, publishDropped, drops } = bench.broker.statistics;
  const clients = bench.broker.clients().map((client) => ({ ...client, since: 0, lastPacketAt: 0 }));
  const counted = { ledger, router, publishSent, packetsSent, bytesSent, publishBytesSent, publishDropped, drops };
  for (const client of deaf) client.readAgain();
  const got = [await numbers(deaf[0]!), await numbers(deaf[1]!)];
  return { got, clients, counted };
}

for (const version of [4, 5] as const) {
  t.test(
    `drop-new: of a run of MQTT ${version} what fits is taken, message by message, the rest is dropped`,
    async (t) => {
      const fast = await runs(t, true, version);
      t.same(fast, await runs(t, false, version), 'as without the fast path');
      const { got, counted } = fast;
      for (const numbers of got) {
        t.ok(numbers.length > 50 && numbers.length < 100, `${numbers.length} were taken`);
        t.same(
          numbers,
          numbers.map((_, i) => i),
        );
      }
      t.equal(counted.ledger.copies.difference, 0);
      t.equal(counted.drops.offline, 110);
      t.equal(counted.drops.slowReader, 220 - got[0]!.length - got[1]!.length);
    },
  );
}

t.test('drop-oldest: it gets the newest, the books balance', async (t) => {
  const bench = new Bench(t, { slowConsumer: { ...small, qos0: 'drop-oldest' } });
  const client = await bench.deaf('d', 0);
  flood(bench, 100, 0);
  await bench.settle();
  const { publishSent, publishTakenBack, publishDropped, drops } = bench.broker.statistics;
  t.equal(drops.slowReader, publishTakenBack);
  t.equal(publishSent, 100);
  t.match(bench.broker.clients()[0], { sent: 100 - publishDropped, dropped: publishDropped });
  client.readAgain();
  const got = await numbers(client);
  t.equal(got.length, publishSent - publishTakenBack);
  t.same(got.slice(-10), [90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
  flood(bench, 1, 0);
  t.same(await numbers(client), [0], 'and goes on');
});

t.test('drop-oldest takes no QoS 1 message out of what waits', async (t) => {
  const bench = new Bench(t, { slowConsumer: { ...small, qos0: 'drop-oldest' }, receiveMaximum: 100 });
  const client = await bench.connect(5, 'd');
  await client.subscribe('t', 1);
  client.stopReading();
  flood(bench, 19, 1);
  flood(bench, 50, 0);
  await bench.settle();
  client.readAgain();
  const packets = await client.pending();
  t.equal(packets.filter((packet) => packet.cmd === 'publish' && packet.qos === 1).length, 19);
  const { publishSent, publishTakenBack, drops } = bench.broker.statistics;
  t.equal(packets.length, publishSent - publishTakenBack);
  t.equal(publishSent - publishTakenBack + drops.slowReader, 69);
});

t.test('disconnect: a client that is behind goes, told why [MQTT5 §3.14.2.1 0x97]', async (t) => {
  const bench = new Bench(t, { slowConsumer: { ...small, qos0: 'disconnect' } });
  const client = await bench.deaf('d', 0, 5);
  flood(bench, 100, 0);
  client.readAgain();
  const packets = await client.pending();
  t.match(packets.at(-1), { cmd: 'disconnect', reasonCode: 0x97 });
  await client.closed();
  t.equal(bench.broker.statistics.endedBy.slowConsumer, 1);
  t.equal(bench.broker.router.counters().subscriptions, 0);
});

t.test('timeout: a client that is behind without a break for so long goes', async (t) => {
  const bench = new Bench(t, { slowConsumer: { ...small, timeout: 60_000 }, drainTimeout: 600_000 });
  await bench.deaf('d', 0);
  const late = await bench.deaf('late', 0);
  flood(bench, 100, 0);
  await bench.clock.advance(50_000);
  late.readAgain();
  await bench.clock.advance(11_000);
  t.same(
    bench.broker.clients().map(({ clientId }) => clientId),
    ['late'],
  );
  t.equal(bench.broker.statistics.endedBy.slowConsumer, 1);
});

t.test('a peer that is gone without a word: no Keep Alive, nothing drains', async (t) => {
  const bench = new Bench(t);
  await bench.deaf('gone', 0);
  await bench.deaf('kept', 1);
  flood(bench, 1, 0);
  await bench.clock.advance(29_000);
  t.equal(bench.broker.connections(), 2);
  await bench.clock.advance(2_000);
  t.equal(bench.broker.statistics.endedBy.stalled, 2);
  await bench.clock.advance(1_000);
  t.equal(bench.broker.connections(), 0);
  t.equal(bench.broker.memory().sockets, 0, 'nothing is kept of them');
});

t.test('Keep Alive is checked at one and a half times, counted by its name [MQTT-3.1.2-24]', async (t) => {
  const bench = new Bench(t);
  await bench.connect(4, 'c', { keepalive: 10 });
  await bench.clock.advance(14_900);
  t.equal(bench.broker.connections(), 1);
  await bench.clock.advance(200);
  t.equal(bench.broker.statistics.endedBy.keepAlive, 1);
});

t.test('many slow readers share a bounded memory, and one that reads misses nothing', async (t) => {
  const limits = { pendingBytes: 20_000_000, connections: 300, queuedMessages: 1_000 };
  const bench = new Bench(t, limits);
  for (let i = 0; i < 100; i++) await bench.deaf(`q0-${i}`, 0);
  for (let i = 0; i < 100; i++) await bench.deaf(`q1-${i}`, 1);
  const reader = await bench.connect(4, 'reader');
  await reader.subscribe('t', 0);
  let most = 0;
  for (let round = 0; round < 60; round++) {
    flood(bench, 10, 1);
    const { sockets, messages } = bench.broker.memory();
    most = Math.max(most, sockets + messages);
    t.equal((await numbers(reader)).length, 10, 'the reader');
  }
  t.ok(most <= 20_000_000, `${most} bytes for 200 × 600 KB`);
  for (const { clientId, sent, queued, dropped } of bench.broker.clients()) {
    if (clientId !== 'reader' && sent + queued + dropped !== 600) t.fail(`${clientId}: ${sent} ${queued} ${dropped}`);
  }
  t.ok(bench.broker.statistics.drops.slowReader > 0);
});

t.test('one large message in many queues counts once; the fullest queues lose their oldest first', async (t) => {
  const bench = new Bench(t, { pendingBytes: 4_000_000, queuedMessages: 1_000, packetBytes: 1_000_000 });
  const kept = { clean: false } as const;
  for (let i = 0; i < 50; i++) {
    const client = await bench.connect(4, `s${i}`, kept);
    await client.subscribe('large', 1);
    if (i === 0) await client.subscribe('t', 1);
    await client.cut();
  }
  for (let i = 0; i < 10; i++) bench.route({ topic: 'large', payload: `${i}`.padEnd(100_000), qos: 1 });
  t.equal(bench.broker.statistics.publishDropped, 0, '50 × 1 MB, but only 1 MB');
  flood(bench, 900, 1);
  const before = bench.broker.memory().messages;
  t.ok(before <= 2_000_000, `${before}`);
  for (let i = 0; i < 10; i++) bench.route({ topic: 'large', payload: `${i}`.padEnd(100_000), qos: 1 });
  t.ok(bench.broker.memory().messages <= 2_000_000);
  const { drops } = bench.broker.statistics;
  t.ok(drops.memory > 100, `${drops.memory}`);
  const [fullest, ...others] = bench.broker.clients();
  t.equal(fullest!.queued + fullest!.dropped, 920);
  t.ok(fullest!.dropped > drops.memory * 0.5, 'most of it at the cost of the fullest');
  t.ok(others.every(({ queued, dropped }) => queued + dropped === 20));
  for (const { clientId } of bench.broker.clients()) await (await bench.connect(4, clientId, { clean: true })).cut();
  await bench.settle();
  t.equal(bench.broker.memory().messages, 0, 'all of it is accounted for');
});

t.test('clients that take messages and never acknowledge them: they go when nothing else is left', async (t) => {
  const bench = new Bench(t, {
    pendingBytes: 4_000_000,
    queuedBytes: 1_000_000,
    receiveMaximum: 1_000,
    queuedMessages: 1,
  });
  const clients: TestClient[] = [];
  for (let i = 0; i < 6; i++) {
    const client = await bench.connect(5, `c${i}`);
    await client.subscribe(`t${i}`, 1);
    clients.push(client);
  }
  for (let round = 0; round < 70; round++) {
    for (let i = 0; i < 6; i++) bench.route({ topic: `t${i}`, payload: KB.repeat(10), qos: 1 });
    await bench.settle();
  }
  t.ok(bench.broker.memory().messages <= 2_100_000, `${bench.broker.memory().messages}`);
  t.equal(bench.broker.statistics.endedBy.memory, 0, 'they may still acknowledge');
  t.ok(bench.broker.statistics.publishDropped > 0);
  await bench.clock.advance(29_000);
  const ids = (await clients[5]!.pending()).flatMap((one) => (one.cmd === 'publish' ? [one.messageId!] : []));
  clients[5]!.send({ cmd: 'puback', messageId: ids[0]! });
  await bench.clock.advance(2_000);
  for (let i = 0; i < 6; i++) bench.route({ topic: `t${i}`, payload: KB.repeat(10), qos: 1 });
  await bench.settle();
  t.ok(bench.broker.memory().messages <= 2_100_000, `${bench.broker.memory().messages}`);
  t.ok(bench.broker.statistics.endedBy.memory >= 1);
  t.notOk(clients[5]!.isClosed, 'not one that acknowledges');
  t.ok(bench.broker.clients().length >= 2, 'not all of them');
  const ended = clients.find(({ isClosed }) => isClosed)!;
  t.match((await ended.pending()).at(-1), { cmd: 'disconnect', reasonCode: 0x97 });
});

t.test('packets that never become complete are given up, the oldest first', async (t) => {
  const bench = new Bench(t, { pendingBytes: 4_000_000, packetBytes: 1_000_000 });
  const publish = { cmd: 'publish', topic: 't', payload: KB.repeat(900), qos: 0, dup: false, retain: false } as const;
  const part = generate(publish, { protocolVersion: 5 });
  const clients: TestClient[] = [];
  for (let i = 0; i < 4; i++) {
    const client = await bench.connect(5, `c${i}`);
    client.raw(part.subarray(0, 300_000));
    clients.push(client);
    await bench.settle();
  }
  t.equal(bench.broker.statistics.endedBy.incompletePacket, 1);
  t.ok(clients[0]!.isClosed || (await clients[0]!.next('disconnect')).reasonCode === 0x97);
  clients[3]!.raw(part.subarray(300_000));
  await bench.settle();
  await bench.settle();
  t.equal(bench.broker.statistics.publishReceived, 1, 'the others are served');
  t.ok(bench.broker.memory().incomplete <= 600_000);
});

t.test('a flood of packets takes turns with the packets of others', async (t) => {
  const broker = createBroker({ config: brokerConfig(), gatewayId: 'test', log: silentLog, clock: systemClock });
  t.teardown(() => broker[Symbol.asyncDispose]());
  const listener = brokerConfig().listeners[0]!;
  const open = async (id: string) => {
    const [near, far] = duplexPair();
    broker.serve(far, { address: id, host: id, listener });
    const client = new TestClient(near, 4);
    await client.connect(id);
    return client;
  };
  const [flooder, other] = [await open('flooder'), await open('other')];
  flooder.raw(Buffer.alloc(2 * 32 * 1024, Buffer.from([0xc0, 0])));
  await turn();
  other.send({ cmd: 'pingreq' });
  await other.next('pingresp');
  const handled = broker.statistics.packetsReceived;
  t.ok(handled < 32 * 1024, `answered after ${handled} of 32,768`);
  for (let turns = 0; broker.statistics.packetsReceived < 32 * 1024 + 3 && turns < 5_000; turns++) await turn();
  t.equal(broker.statistics.packetsReceived, 32 * 1024 + 3, 'and the flood is handled in full');
});
