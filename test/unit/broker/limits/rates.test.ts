/** How fast a client may send, and how large: back-pressure, or the end of the connection. */
import { generate } from 'mqtt-packet';
import t from 'tap';
import type { ListenerConfig } from '../../../../src/core/config.js';
import { Bench, type TestClient } from '../harness.js';

function burst(client: TestClient, count: number, qos: 0 | 1, bytes = 10): void {
  const packets = Array.from({ length: count }, (_, i) =>
    generate({
      cmd: 'publish',
      topic: 't',
      payload: `${i}`.padEnd(bytes),
      qos,
      messageId: i + 1,
      dup: false,
      retain: false,
    }),
  );
  client.raw(Buffer.concat(packets));
}

const payloads = (packets: readonly { cmd: string; payload?: string | Buffer }[]) =>
  packets.filter(({ cmd }) => cmd === 'publish').map(({ payload }) => Number(String(payload)));

t.test('beyond its message rate a client is read more slowly; nothing is lost or reordered', async (t) => {
  const bench = new Bench(t, { messageRate: 10, receiveMaximum: 100 });
  const reader = await bench.connect(4, 'reader');
  await reader.subscribe('t', 0);
  const senders = await Promise.all(['a', 'b', 'c'].map((id) => bench.connect(4, id)));
  await bench.clock.advance(31_000);
  const timers = bench.clock.pending;
  for (const sender of senders) burst(sender, 40, 1);
  await bench.settle();
  t.equal((await reader.pending()).length, 3 * 11, 'one second worth at once, and the one that was too many');
  t.equal((await senders[0]!.pending()).length, 11);
  const watched = 4;
  t.ok(bench.clock.pending <= timers + watched + 1, 'one timer for all that wait, beside those that watch for stalls');
  t.equal(bench.broker.statistics.throttledBy.messageRate, 3);
  await bench.clock.advance(1_000);
  t.ok(Math.abs((await reader.pending()).length - 30) <= 3, 'then ten per second and client');
  await bench.clock.advance(3_000);
  t.equal(bench.broker.statistics.publishReceived, 120);
  t.equal((await senders[1]!.pending()).length, 40);
  await bench.clock.advance(31_000);
  t.equal(bench.clock.pending, timers, 'no timer is left');
});

t.test('order is kept, and other packets of a throttled client wait too', async (t) => {
  const bench = new Bench(t, { messageRate: 5 });
  const reader = await bench.connect(4, 'reader');
  await reader.subscribe('t', 0);
  const sender = await bench.connect(4, 'sender');
  burst(sender, 20, 0);
  sender.send({ cmd: 'pingreq' });
  await bench.settle();
  t.same(await sender.pending(), []);
  await bench.clock.advance(4_000);
  t.same(
    payloads((await reader.pending()) as never),
    Array.from({ length: 20 }, (_, i) => i),
  );
  t.match(await sender.pending(), [{ cmd: 'pingresp' }]);
});

t.test('a client that is throttled is not timed out for it [MQTT-3.1.2-24]', async (t) => {
  const bench = new Bench(t, { messageRate: 1 });
  const sender = await bench.connect(4, 'sender', { keepalive: 1 });
  burst(sender, 8, 0);
  await bench.clock.advance(6_000);
  t.notOk(sender.isClosed);
  await bench.clock.advance(6_000);
  t.ok(sender.isClosed, 'once it is read again and silent');
});

t.test('beyond its byte rate a client is read more slowly', async (t) => {
  const bench = new Bench(t, { byteRate: 10_000 });
  const sender = await bench.connect(4, 'sender');
  for (let i = 0; i < 10; i++) burst(sender, 1, 0, 5_000);
  await bench.settle();
  const first = bench.broker.statistics.publishReceived;
  t.ok(first < 6, `${first} of 10 at once`);
  t.ok(bench.broker.statistics.throttledBy.byteRate > 0);
  await bench.clock.advance(6_000);
  t.equal(bench.broker.statistics.publishReceived, 10);
});

t.test('overRate disconnect: 0x96 Message rate too high [MQTT5 §3.14.2.1]', async (t) => {
  const bench = new Bench(t, { messageRate: 10, overRate: 'disconnect' });
  const sender = await bench.connect(5, 'sender');
  for (let i = 0; i < 11; i++)
    sender.send({ cmd: 'publish', topic: 't', payload: '', qos: 0, dup: false, retain: false });
  t.equal((await sender.next('disconnect')).reasonCode, 0x96);
  await sender.closed();
  t.equal(bench.broker.statistics.endedBy.messageRate, 1);
});

t.test('topic levels and bytes, subscriptions and packets: each as its listener says', async (t) => {
  const strict: ListenerConfig = {
    name: 'strict',
    type: 'tcp',
    host: '127.0.0.1',
    port: 0,
    auth: { anonymous: true },
    limits: { topicLevels: 3, topicBytes: 20, subscriptions: 2, packetBytes: 1_000 },
  };
  const bench = new Bench(t, {}, { listeners: [strict, { ...strict, name: 'usual', limits: undefined }] });
  const client = await bench.connect(5, 'c');
  t.equal(client.connack?.properties?.maximumPacketSize, 1_000, 'announced truthfully [MQTT5 §3.2.2.3.6]');
  const granted = async (topic: string) => (await client.subscribe(topic, 0)).granted[0];
  t.equal(await granted('a/b/c'), 0);
  t.equal(await granted('a/b/c/d'), 0x8f);
  t.equal(await granted('a/b/#'), 0);
  t.equal(await granted('x'), 0x97, 'the third subscription');
  t.equal(await granted('ö'.repeat(11)), 0x8f, '22 bytes');
  const published = async (topic: string) => {
    client.send({ cmd: 'publish', topic, payload: 'x', qos: 1, messageId: 7, dup: false, retain: false });
    return (await client.next('puback')).reasonCode ?? 0;
  };
  t.equal(await published('q/w/e'), 0x10, 'accepted, but nobody is there to get it');
  t.equal(await published('q/w/e/r'), 0x90);
  t.equal(await published('ö'.repeat(11)), 0x90);
  t.equal(bench.broker.statistics.publishRefused, 2);
  const usual = bench.open(5, { listener: { ...strict, name: 'usual', limits: undefined } });
  await usual.connect('u');
  t.equal((await usual.subscribe('a/b/c/d/e', 0)).granted[0], 0, 'another listener');
});
