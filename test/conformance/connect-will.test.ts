/** The Will Message: §3.1.2.5 to §3.1.2.7, §3.1.3.2 (3.1.1: §3.1.2.5 to §3.1.2.7). */
import type { IConnectPacket } from 'mqtt-packet';
import t from 'tap';
import { Bench } from '../unit/broker/harness.js';
import {
  brief,
  bytes,
  connect,
  each,
  packet,
  properties,
  publish,
  recorded,
  refused,
  u32,
  type Version,
} from './harness.js';

type WillInit = NonNullable<IConnectPacket['will']>;

const will: WillInit = { topic: 'w', payload: Buffer.from('gone'), qos: 0, retain: false };

/** A client with a Will and somebody who watches for it. */
async function setUp(
  bench: Bench,
  version: Version,
  options: Partial<IConnectPacket> = {},
  init: Partial<WillInit> = {},
) {
  const watcher = await bench.connect(version, 'watcher');
  await watcher.subscribe('w/#', 2);
  const client = await bench.connect(version, 'a', { will: { ...will, ...init }, ...options });
  return { watcher, client, seen: async () => (await watcher.pending()).map(brief) };
}

/** 5.0: the session, and with it the Will, stays for an hour. */
function delayed(seconds: number, sessionExpiryInterval = 3_600) {
  return [
    { clean: false, properties: { sessionExpiryInterval } },
    { properties: { willDelayInterval: seconds } },
  ] as const;
}

each(
  [3, 4, 5],
  'the Will is published when the connection ends without DISCONNECT, however it ends [MQTT-3.1.2-7, MQTT-3.1.2-8] [3.1.1: MQTT-3.1.2-8]',
  async (t, version) => {
    const bench = new Bench(t);
    const ends: Record<string, (client: Awaited<ReturnType<typeof setUp>>['client']) => Promise<unknown>> = {
      'the wire is cut': (client) => client.cut(),
      'the client closes': async (client) => {
        client.stream.end();
        await client.closed();
      },
      'a protocol error': async (client) => {
        client.raw(packet(0xd0));
        await client.closed();
      },
      'a malformed packet': async (client) => {
        client.raw(publish(version, Buffer.from([0, 9, 0x61])));
        await client.closed();
      },
      'silence beyond Keep Alive': () => bench.clock.advance(15_000),
      'another takes the session': () => bench.connect(version, 'a'),
    };
    for (const [what, end] of Object.entries(ends)) {
      await t.test(what, async (t) => {
        const { client, seen, watcher } = await setUp(bench, version, { keepalive: 10 });
        t.same(await seen(), [], 'not before');
        await end(client);
        t.same(await seen(), ['publish w gone q0']);
        await bench.clock.advance(100_000);
        t.same(await seen(), [], 'once');
        await watcher.cut();
      });
    }
  },
);

each(
  [3, 4, 5],
  'after a normal DISCONNECT the Will is gone for good [MQTT-3.1.2-10, MQTT-3.14.4-3, MQTT-3.1.2-8] [3.1.1: MQTT-3.1.2-8, MQTT-3.1.2-10, MQTT-3.14.4-3]',
  async (t, version) => {
    const bench = new Bench(t);
    for (const bytes of [packet(0xe0), ...(version === 5 ? [packet(0xe0, 0x00), packet(0xe0, 0x00, 0x00)] : [])]) {
      const { client, seen, watcher } = await setUp(bench, version, version === 5 ? delayed(0)[0] : { clean: false });
      client.raw(bytes);
      await client.closed();
      t.same(await seen(), []);
      // Nor when the session ends, or a connection without a Will does.
      const again = await bench.connect(version, 'a', { clean: false });
      await again.cut();
      t.same(await seen(), []);
      await bench.clock.advance(7_200_000);
      t.same(await seen(), []);
      await watcher.cut();
    }
  },
);

t.test(
  'DISCONNECT with any other Reason Code leaves the Will to be published [MQTT-3.1.2-8, MQTT-3.14.4-3]',
  async (t) => {
    const bench = new Bench(t);
    for (const reasonCode of [0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]) {
      const { client, seen, watcher } = await setUp(bench, 5);
      client.raw(packet(0xe0, reasonCode));
      await client.closed();
      t.same(await client.pending(), [], 'not answered');
      t.same(await seen(), ['publish w gone q0'], `0x${reasonCode.toString(16)}`);
      await watcher.cut();
    }
  },
);

each(
  [3, 4, 5],
  'once it is published the Will is removed: the next connection has none [MQTT-3.1.2-10, MQTT-3.1.2-12] [3.1.1: MQTT-3.1.2-10, MQTT-3.1.2-12]',
  async (t, version) => {
    const bench = new Bench(t);
    const { client, seen } = await setUp(bench, version, version === 5 ? delayed(0)[0] : { clean: false });
    await client.cut();
    t.same(await seen(), ['publish w gone q0']);
    const again = await bench.connect(version, 'a', { clean: false });
    await again.cut();
    t.same(await seen(), []);
  },
);

each([3, 4, 5], 'the Will QoS is used [MQTT-3.1.2-9] [3.1.1: MQTT-3.1.2-9]', async (t, version) => {
  const bench = new Bench(t);
  for (const qos of [0, 1, 2] as const) {
    const { client, seen, watcher } = await setUp(bench, version, {}, { qos, topic: `w/${qos}` });
    await client.cut();
    t.same(await seen(), [`publish w/${qos} gone q${qos}`]);
    await watcher.cut();
  }
});

each([3, 4, 5], 'Will Retain 0: published, not retained [MQTT-3.1.2-14] [3.1.1: MQTT-3.1.2-16]', async (t, version) => {
  const bench = new Bench(t);
  bench.route({ topic: 'w', payload: 'earlier', retain: true });
  const { client, watcher, seen } = await setUp(bench, version);
  t.same(await seen(), ['publish w earlier q0 retain']);
  await client.cut();
  t.same(await seen(), ['publish w gone q0']);
  await watcher.subscribe('w', 0);
  t.same(await seen(), ['publish w earlier q0 retain'], 'what was retained stays');
});

each(
  [3, 4, 5],
  'Will Retain 1: published as a retained message [MQTT-3.1.2-15] [3.1.1: MQTT-3.1.2-17]',
  async (t, version) => {
    const bench = new Bench(t);
    const { client, watcher, seen } = await setUp(bench, version, {}, { retain: true, qos: 1 });
    await client.cut();
    t.same(await seen(), ['publish w gone q1'], 'to an established subscription without RETAIN');
    await watcher.subscribe('w', 0);
    t.same(await seen(), ['publish w gone q0 retain']);
    // An empty one removes what was retained.
    const other = await setUp(bench, version, {}, { retain: true, payload: Buffer.alloc(0) });
    await other.seen();
    await other.client.cut();
    t.same(await other.seen(), ['publish w  q0']);
    await other.watcher.subscribe('w', 0);
    t.same(await other.seen(), []);
  },
);

t.test('Will Delay Interval: the Will waits so long, and no longer [MQTT-3.1.2-8]', async (t) => {
  const bench = new Bench(t);
  const { client, seen } = await setUp(bench, 5, ...delayed(30));
  await client.cut();
  await bench.clock.advance(29_999);
  t.same(await seen(), []);
  await bench.clock.advance(1);
  t.same(await seen(), ['publish w gone q0']);
  await bench.clock.advance(4_000_000);
  t.same(await seen(), [], 'not again when the session ends');
});

t.test('the end of the session ends the delay [MQTT-3.1.2-8]', async (t) => {
  const bench = new Bench(t);
  const { client, seen, watcher } = await setUp(bench, 5, ...delayed(1_000, 30));
  await client.cut();
  await bench.clock.advance(29_999);
  t.same(await seen(), []);
  await bench.clock.advance(1);
  t.same(await seen(), ['publish w gone q0'], 'it expired');
  await watcher.cut();
  const ended = await setUp(bench, 5, ...delayed(1_000, 0));
  await ended.client.cut();
  t.same(await ended.seen(), ['publish w gone q0'], 'it ended with the connection');
  await ended.watcher.cut();
  const cleaned = await setUp(bench, 5, ...delayed(1_000));
  await cleaned.client.cut();
  t.same(await cleaned.seen(), []);
  await bench.connect(5, 'a', { clean: true });
  t.same(await cleaned.seen(), ['publish w gone q0'], 'Clean Start ended it');
});

t.test('a new connection within the delay: the Will is not sent [MQTT-3.1.3-9, MQTT-3.1.2-8]', async (t) => {
  const bench = new Bench(t);
  const { client, seen } = await setUp(bench, 5, ...delayed(30));
  await client.cut();
  await bench.clock.advance(29_999);
  const again = await bench.connect(5, 'a', { clean: false, properties: { sessionExpiryInterval: 3_600 } });
  await bench.clock.advance(100_000);
  t.same(await seen(), []);
  again.send({ cmd: 'disconnect', reasonCode: 0x04 });
  await again.closed();
  await bench.clock.advance(100_000);
  t.same(await seen(), [], 'the new connection has no Will at all');
  // Taken over while it is connected: the same.
  const other = await bench.connect(5, 'a', { will: { ...will, ...delayed(30)[1] }, ...delayed(30)[0] });
  await bench.connect(5, 'a', { clean: false, properties: { sessionExpiryInterval: 3_600 } });
  await refused(t, other, 0x8e);
  await bench.clock.advance(100_000);
  t.same(await seen(), []);
});

t.test('the properties of the Will are published, User Properties in their order [MQTT-3.1.3-10]', async (t) => {
  const bench = new Bench(t);
  const watcher = await bench.connect(5, 'watcher');
  await watcher.subscribe('w', 0);
  const seen = recorded(watcher);
  const pairs = bytes(0x26, 'b', '1', 0x26, 'a', '2', 0x26, 'b', '3', 0x26, 'a', '2');
  const others = bytes(0x01, 1, 0x03, 'text', 0x08, 'r', 0x09, 'c');
  const client = bench.open(5);
  client.raw(connect(5, { flags: 0x06, payload: ['a', properties(0x18, u32(0), pairs, others), 'w', 'gone'] }));
  await client.next('connack');
  await client.cut();
  const got = await watcher.next('publish');
  t.match(got.properties, {
    payloadFormatIndicator: true,
    contentType: 'text',
    responseTopic: 'r',
    correlationData: Buffer.from('c'),
  });
  t.ok(seen.bytes().includes(pairs), 'byte for byte');
});
