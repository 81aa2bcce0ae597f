/** Which session a CONNECT gets and how long it is kept: §3.1.2.4, §3.1.2.11.2, §3.1.4, §4.1 (3.1.1: §3.1.2.4, §4.1). */
import t from 'tap';
import { Bench, type TestClient } from '../unit/broker/harness.js';
import { brief, each, packet, properties, refused, u32, unharmed, type Version } from './harness.js';

const HOUR = 3_600;

/** Clean Start 0, and a session that outlives the connection. */
function persistent(version: Version, expiry = HOUR) {
  return { clean: false, ...(version === 5 && { properties: { sessionExpiryInterval: expiry } }) };
}

function present(client: TestClient): boolean | undefined {
  return client.connack?.sessionPresent;
}

each(
  [4, 5],
  'Clean Start 0 resumes the session: subscriptions, what waits, what is under way [MQTT-3.1.2-5, MQTT-3.1.4-4, MQTT-3.2.2-3, MQTT-3.1.3-2] [3.1.1: MQTT-3.1.2-4, MQTT-3.1.2-5, MQTT-3.1.3-2, MQTT-3.1.4-3, MQTT-3.2.2-2, MQTT-4.1.0-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const first = await bench.connect(version, 'a', persistent(version));
    t.equal(present(first), false, 'there was none');
    await first.subscribe('t/#', 2);
    // Received, but not released: QoS 2 from the client.
    first.send({ cmd: 'publish', topic: 'x', payload: '', qos: 2, retain: false, dup: false, messageId: 5 });
    await first.next('pubrec');
    // Sent, but not acknowledged.
    bench.route({ topic: 't/1', payload: 'one', qos: 1 });
    const { messageId } = await first.next('publish');
    await first.cut();
    bench.route({ topic: 't/0', payload: 'zero', qos: 0 });
    bench.route({ topic: 't/2', payload: 'two', qos: 2 });
    bench.route({ topic: 'u', payload: 'not for it', qos: 2 });

    const stranger = await bench.connect(version, 'b', persistent(version));
    t.equal(present(stranger), false, 'the session belongs to its Client Identifier');
    const second = await bench.connect(version, 'a', persistent(version));
    t.equal(present(second), true);
    const waiting = await second.pending();
    t.same(waiting.map(brief), ['publish t/1 one q1 dup', 'publish t/2 two q2']);
    t.match(waiting[0], { messageId });
    second.send({ cmd: 'publish', topic: 't/x', payload: '', qos: 2, retain: false, dup: true, messageId: 5 });
    t.same((await second.pending()).map(brief), ['pubrec 5 0x0'], 'the QoS 2 message is known, not delivered again');
    bench.route({ topic: 't/3', payload: 'three', qos: 0 });
    t.same((await second.pending()).map(brief), ['publish t/3 three q0'], 'the subscription is alive');
  },
);

each(
  [4, 5],
  'Clean Start 0 without a session makes one, which is kept [MQTT-3.1.2-6, MQTT-3.1.2-23] [3.1.1: MQTT-3.1.2-4, MQTT-3.2.2-3]',
  async (t, version) => {
    const bench = new Bench(t);
    const first = await bench.connect(version, 'a', persistent(version));
    t.equal(present(first), false);
    first.send({ cmd: 'disconnect' });
    await first.closed();
    // A session without subscriptions is a session.
    const second = await bench.connect(version, 'a', persistent(version));
    t.equal(present(second), true);
  },
);

each(
  [3, 4, 5],
  'Clean Start 1 discards the session and begins a new one [MQTT-3.1.2-4, MQTT-3.2.2-2, MQTT-3.1.4-4] [3.1.1: MQTT-3.1.2-6, MQTT-3.2.2-1, MQTT-3.1.4-3]',
  async (t, version) => {
    const bench = new Bench(t);
    for (const isConnected of [false, true]) {
      const first = await bench.connect(version, 'a', persistent(version));
      await first.subscribe('t', 1);
      first.send({ cmd: 'publish', topic: 'x', payload: '', qos: 2, retain: false, dup: false, messageId: 5 });
      await first.next('pubrec');
      bench.route({ topic: 't', payload: 'under way', qos: 1 });
      await first.next('publish');
      if (!isConnected) await first.cut();
      const second = await bench.connect(version, 'a', { ...persistent(version), clean: true });
      t.equal(present(second), false);
      bench.route({ topic: 't', payload: 'later', qos: 1 });
      t.same(await second.pending(), [], 'no subscription, nothing under way');
      await second.subscribe('x', 0);
      second.send({ cmd: 'publish', topic: 'x', payload: 'new', qos: 2, retain: false, dup: true, messageId: 5 });
      t.same(
        (await second.pending()).map(brief).toSorted(),
        ['publish x new q0', 'pubrec 5 0x0'],
        'identifiers are free',
      );
      await second.cut();
      const clean = await bench.connect(version, 'a');
      await clean.cut();
    }
  },
);

each(
  [3, 4],
  'a clean session ends with its connection, and nothing of it is used again [3.1.1: MQTT-3.1.2-6]',
  async (t, version) => {
    const bench = new Bench(t);
    const first = await bench.connect(version, 'a', { clean: true });
    await first.subscribe('t', 1);
    await first.cut();
    t.same(bench.broker.clients(), [], 'nothing is kept');
    const second = await bench.connect(version, 'a', { clean: false });
    if (version === 4) t.equal(present(second), false);
    bench.route({ topic: 't', payload: '', qos: 1 });
    t.same(await second.pending(), []);
  },
);

t.test('3.1 has no Session Present: the byte is 0, and the session is there all the same', async (t) => {
  const bench = new Bench(t);
  const first = await bench.connect(3, 'a', { clean: false });
  await first.subscribe('t', 1);
  await first.cut();
  bench.route({ topic: 't', payload: 'waited', qos: 1 });
  const second = await bench.connect(3, 'a', { clean: false });
  t.equal(present(second), false);
  t.same((await second.pending()).map(brief), ['publish t waited q1']);
});

t.test(
  'a session ends when it has been without a connection for its Session Expiry Interval, not before [MQTT-3.1.2-23, MQTT-4.1.0-2]',
  async (t) => {
    const bench = new Bench(t);
    const client = await bench.connect(5, 'a', persistent(5, 60));
    await bench.clock.advance(600_000);
    await unharmed(t, client);
    await client.cut();
    await bench.clock.advance(59_999);
    const again = await bench.connect(5, 'a', persistent(5, 60));
    t.equal(present(again), true, 'a millisecond before');
    await again.cut();
    await bench.clock.advance(60_000);
    t.same(bench.broker.clients(), []);
    const late = await bench.connect(5, 'a', persistent(5, 60));
    t.equal(present(late), false, 'after');
  },
);

t.test(
  'Session Expiry Interval absent or 0: the session ends with the connection [MQTT-3.1.2-23, MQTT-4.1.0-2]',
  async (t) => {
    const bench = new Bench(t);
    for (const props of [{}, { sessionExpiryInterval: 0 }]) {
      const client = await bench.connect(5, 'a', { clean: false, properties: props });
      t.equal(present(client), false);
      await client.subscribe('t', 1);
      await client.cut();
      t.same(bench.broker.clients(), []);
    }
  },
);

t.test('Session Expiry Interval of all ones: the session does not expire, as far as the limit goes', async (t) => {
  const bench = new Bench(t, { sessionExpiry: Number.POSITIVE_INFINITY });
  const client = await bench.connect(5, 'a', persistent(5, 0xffff_ffff));
  t.equal(client.connack?.properties?.sessionExpiryInterval, undefined, 'granted as asked');
  await client.cut();
  await bench.clock.advance(400 * 24 * HOUR * 1_000);
  t.equal(present(await bench.connect(5, 'a', persistent(5))), true);
  const limited = new Bench(t, { sessionExpiry: 60_000 });
  const other = await limited.connect(5, 'a', persistent(5, 0xffff_ffff));
  t.equal(other.connack?.properties?.sessionExpiryInterval, 60, 'what is granted is said');
  await other.cut();
  await limited.clock.advance(60_000);
  t.same(limited.broker.clients(), []);
});

t.test('the interval of the newest connection counts, and DISCONNECT may change it (§3.14.2.2.2)', async (t) => {
  const bench = new Bench(t);
  const first = await bench.connect(5, 'a', persistent(5, 10));
  await first.cut();
  const second = await bench.connect(5, 'a', persistent(5, 100));
  await second.cut();
  await bench.clock.advance(99_000);
  const third = await bench.connect(5, 'a', persistent(5, 100));
  t.equal(present(third), true);
  third.raw(packet(0xe0, 0x00, properties(0x11, u32(5))));
  await third.closed();
  await bench.clock.advance(4_999);
  t.equal(bench.broker.clients().length, 1);
  await bench.clock.advance(1);
  t.equal(bench.broker.clients().length, 0);
  const fourth = await bench.connect(5, 'a', persistent(5, 100));
  fourth.raw(packet(0xe0, 0x00, properties(0x11, u32(0))));
  await fourth.closed();
  t.equal(bench.broker.clients().length, 0, 'zero: at once');
});

t.test('an interval in DISCONNECT after none in CONNECT is a Protocol Error (§3.14.2.2.2)', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a', { clean: false });
  client.raw(packet(0xe0, 0x00, properties(0x11, u32(5))));
  await refused(t, client, 0x82);
  t.same(bench.broker.clients(), []);
  const zero = await bench.connect(5, 'a', { clean: false });
  zero.raw(packet(0xe0, 0x00, properties(0x11, u32(0))));
  await zero.closed();
  t.same(await zero.pending(), []);
});

each(
  [3, 4, 5],
  'a session is not discarded while its connection is open [MQTT-4.1.0-1] [3.1.1: MQTT-4.1.0-1, MQTT-4.1.0-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 'a', version === 5 ? persistent(5, 1) : { clean: true });
    await client.subscribe('t', 1);
    await bench.clock.advance(30 * 24 * HOUR * 1_000);
    bench.route({ topic: 't', payload: 'still', qos: 1 });
    t.same((await client.pending()).map(brief), ['publish t still q1']);
  },
);

each(
  [3, 4, 5],
  'retained messages are no part of a session and outlive it [3.1.1: MQTT-3.1.2-7]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 'a', { clean: true });
    await client.publish('t', 'kept', 1, true);
    await client.cut();
    t.same(bench.broker.clients(), []);
    await (await bench.connect(version, 'a', { clean: true })).cut();
    const other = await bench.connect(version, 'b');
    await other.subscribe('t', 0);
    t.same((await other.pending()).map(brief), ['publish t kept q0 retain']);
  },
);
