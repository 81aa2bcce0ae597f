/** DISCONNECT: §3.14. */
import t from 'tap';
import { Bench } from '../unit/broker/harness.js';
import {
  brief,
  closedSilently,
  connect,
  each,
  packet,
  properties,
  publish,
  recorded,
  refused,
  settled,
  subscribe,
  u16,
  u32,
} from './harness.js';

each(
  [3, 4, 5],
  'after DISCONNECT the broker closes the connection, says nothing and processes nothing more [MQTT-3.14.4-1, MQTT-3.14.4-2] [3.1.1: MQTT-3.14.4-1, MQTT-3.14.4-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const watcher = await bench.connect(version, 'w');
    await watcher.subscribe('#', 0);
    const client = await bench.connect(version, 'a');
    await client.subscribe('t', 0);
    client.raw(Buffer.concat([packet(0xe0), publish(version, 'late', 'x'), subscribe(version, '#'), packet(0xc0)]));
    bench.route({ topic: 't', payload: 'too late' });
    await client.closed();
    t.same(
      (await client.pending()).map(brief).filter((line) => line !== 'publish t too late q0'),
      [],
    );
    t.same((await settled(watcher)).map(brief), ['publish t too late q0']);
    // A client that leaves its end open is not waited for.
    const slow = await bench.connect(version, 'slow');
    slow.stream.removeAllListeners('end');
    slow.raw(packet(0xe0));
    await bench.settle();
    slow.raw(publish(version, 'late', 'x'));
    await bench.clock.advance(1_000);
    t.ok(slow.isClosed);
    t.same((await settled(watcher)).map(brief), []);
  },
);

t.test(
  'after its DISCONNECT the broker sends nothing and closes [MQTT-3.14.4-1, MQTT-3.14.4-2, MQTT-3.14.2-2]',
  async (t) => {
    const bench = new Bench(t);
    const client = await bench.connect(5, 'a', { properties: { sessionExpiryInterval: 100 } });
    await client.subscribe('t', 1);
    const seen = recorded(client);
    client.raw(Buffer.concat([packet(0xd0), packet(0xc0), subscribe(5, 'x')]));
    bench.route({ topic: 't', payload: 'x', qos: 0 });
    await client.closed();
    const arrived = seen.packets();
    t.equal(arrived.map(brief).at(-1), 'disconnect 0x82');
    t.equal(arrived.filter(({ cmd }) => cmd === 'disconnect').length, 1);
    t.notOk(arrived.some(({ cmd }) => cmd === 'pingresp' || cmd === 'suback'));
    for (const packet of arrived) {
      if (packet.cmd === 'disconnect') t.notOk(packet.properties?.sessionExpiryInterval, 'no Session Expiry Interval');
    }
  },
);

t.test(
  'every reason the broker has for ending a connection is one of the table [MQTT-3.14.2-1, MQTT-3.14.2-2]',
  async (t) => {
    const causes: Record<
      string,
      [reasonCode: number, cause: (bench: Bench, client: Awaited<ReturnType<Bench['connect']>>) => unknown]
    > = {
      'a malformed packet': [0x81, (_, client) => client.raw(packet(0x00))],
      'a Protocol Error': [0x82, (_, client) => client.raw(packet(0xd0))],
      'a gateway that stops': [0x8b, (bench) => void bench.broker[Symbol.asyncDispose]()],
      silence: [0x8d, (bench) => bench.clock.advance(15_000)],
      'another connection': [0x8e, (bench) => bench.connect(5, 'a')],
      'a Topic Name with a wildcard': [0x90, (_, client) => client.raw(publish(5, 'a/#'))],
      'too many messages': [
        0x93,
        (_, client) => client.raw(Buffer.concat([1, 2, 3].map((id) => packet(0x34, 't', u16(id), 0)))),
      ],
      'a Topic Alias out of range': [0x94, (_, client) => client.raw(publish(5, '', '', properties(0x23, u16(11))))],
      'a packet too large': [0x95, (_, client) => client.raw(publish(5, 't', 'x'.repeat(500)))],
    };
    for (const [what, [reasonCode, cause]] of Object.entries(causes)) {
      await t.test(what, async (t) => {
        const bench = new Bench(t, { receiveMaximum: 2, packetBytes: 500 });
        const client = await bench.connect(5, 'a', { keepalive: 10, properties: { sessionExpiryInterval: 100 } });
        await cause(bench, client);
        await client.closed();
        const last = (await client.pending()).at(-1);
        t.equal(last && brief(last), `disconnect 0x${reasonCode.toString(16)}`);
        t.notOk(last?.cmd === 'disconnect' && last.properties?.sessionExpiryInterval);
      });
    }
  },
);

each([3, 4], 'before 5.0 the broker has no DISCONNECT: it closes [3.1.1: MQTT-4.8.0-1]', async (t, version) => {
  const bench = new Bench(t);
  const causes: ((client: Awaited<ReturnType<Bench['connect']>>) => unknown)[] = [
    (client) => client.raw(packet(0x00)),
    (client) => client.raw(packet(0xd0)),
    () => bench.clock.advance(15_000),
    () => bench.connect(version, 'a'),
    (client) => client.raw(publish(version, 'a/#')),
  ];
  for (const cause of causes) {
    const client = await bench.connect(version, 'a', { keepalive: 10 });
    await cause(client);
    await closedSilently(t, client);
  }
});

t.test('a DISCONNECT with a Reason Code that a client cannot send is a Protocol Error [MQTT-3.14.2-1]', async (t) => {
  const bench = new Bench(t);
  const good = [0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99];
  for (let reasonCode = 0; reasonCode < 0x100; reasonCode++) {
    if (reasonCode > 0x20 && reasonCode < 0x80) continue;
    const client = await bench.connect(5, 'a');
    client.raw(packet(0xe0, reasonCode));
    if (good.includes(reasonCode)) await closedSilently(t, client);
    else await refused(t, client, 0x82);
  }
});

each([3, 4, 5], 'a DISCONNECT with more than it may have is malformed', async (t, version) => {
  const bench = new Bench(t);
  const bad =
    version === 5
      ? [packet(0xe0, 0, 0, 0), packet(0xe0, 0, properties(0x1f, 'why'), 0)]
      : [packet(0xe0, 0), packet(0xe0, 0, 0)];
  for (const bytes of bad) {
    const client = await bench.connect(version, 'a');
    client.raw(bytes);
    await refused(t, client, 0x81);
  }
});

t.test(
  'Reason String and User Properties are left out of DISCONNECT where they would be too large [MQTT-3.14.2-3, MQTT-3.14.2-4]',
  async (t) => {
    const bench = new Bench(t);
    const sizes: number[] = [];
    for (let maximumPacketSize = 30; maximumPacketSize < 100; maximumPacketSize++) {
      const client = await bench.connect(5, 'a', { properties: { maximumPacketSize } });
      const seen = recorded(client);
      client.raw(packet(0xd0));
      const disconnect = await client.next('disconnect');
      await client.closed();
      t.equal(disconnect.reasonCode, 0x82);
      t.equal(disconnect.properties?.userProperties, undefined);
      if (seen.bytes().length > maximumPacketSize)
        t.fail(`${seen.bytes().length} bytes, ${maximumPacketSize} are allowed`);
      sizes.push(seen.bytes().length);
    }
    t.ok(sizes[0]! < sizes.at(-1)!, 'with room there is a Reason String');
  },
);

t.test('the broker sends DISCONNECT only after a CONNACK below 0x80 [MQTT-3.14.0-1]', async (t) => {
  const bench = new Bench(t);
  const early: Record<string, Buffer> = {
    'no CONNECT': packet(0xd0),
    'a malformed CONNECT': packet(0x10, 'MQTT', 5, 0x03, u16(0), 0, 'c'),
    'a CONNECT that is refused': connect(5, { properties: properties(0x15, 'none') }),
    'a tiny Maximum Packet Size': connect(5, { properties: properties(0x27, u32(2)) }),
    'a version that is not served': connect(5, { level: 9 }),
  };
  for (const [what, bytes] of Object.entries(early)) {
    const client = bench.open(5);
    client.raw(bytes);
    await client.closed();
    t.notOk(
      (await client.pending()).some(({ cmd }) => cmd === 'disconnect'),
      what,
    );
  }
  const silent = bench.open(5);
  await bench.clock.advance(10_000);
  await closedSilently(t, silent);
});
