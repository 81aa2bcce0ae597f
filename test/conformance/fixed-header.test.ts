/** The fixed header: packet types and flags, §2.1 (3.1.1: §2.2). */
import { Bench } from '../unit/broker/harness.js';
import {
  brief,
  closedSilently,
  connect,
  each,
  type Part,
  packet,
  properties,
  recorded,
  refused,
  u16,
  type Version,
} from './harness.js';

/** A good body for each packet that a client sends after CONNECT, and the flags that it must have. */
function bodies(version: Version): Record<string, { type: number; flags: number; body: Part[] }> {
  const none = version === 5 ? [properties()] : [];
  return {
    PUBACK: { type: 0x40, flags: 0, body: [u16(1)] },
    PUBREC: { type: 0x50, flags: 0, body: [u16(1)] },
    PUBREL: { type: 0x60, flags: 2, body: [u16(1)] },
    PUBCOMP: { type: 0x70, flags: 0, body: [u16(1)] },
    SUBSCRIBE: { type: 0x80, flags: 2, body: [u16(1), ...none, 't', 0] },
    UNSUBSCRIBE: { type: 0xa0, flags: 2, body: [u16(1), ...none, 't'] },
    PINGREQ: { type: 0xc0, flags: 0, body: [] },
    DISCONNECT: { type: 0xe0, flags: 0, body: [] },
    ...(version === 5 && { AUTH: { type: 0xf0, flags: 0, body: [0x19, properties(0x15, 'SCRAM-SHA-256')] } }),
  };
}

each(
  [3, 4, 5],
  'reserved flags must have their value, or the connection ends [MQTT-2.1.3-1, MQTT-3.6.1-1, MQTT-3.8.1-1, MQTT-3.10.1-1, MQTT-3.14.1-1, MQTT-3.15.1-1] [3.1.1: MQTT-2.2.2-1, MQTT-2.2.2-2, MQTT-3.6.1-1, MQTT-3.8.1-1, MQTT-3.10.1-1, MQTT-3.14.1-1]',
  async (t, version) => {
    const bench = new Bench(t);
    for (const [name, { type, flags, body }] of Object.entries(bodies(version))) {
      await t.test(name, async (t) => {
        for (let bad = 0; bad < 16; bad++) {
          // 3.1 has DUP for what is sent again.
          if (bad === flags || (version === 3 && flags === 2 && bad === 0xa)) continue;
          const client = await bench.connect(version, 'a', {
            will: { topic: 'w', payload: Buffer.from('gone'), qos: 0, retain: false },
          });
          const watcher = await bench.connect(version, 'b');
          await watcher.subscribe('w', 0);
          client.raw(packet(type | bad, ...body));
          await refused(t, client, 0x81);
          // Also a bad DISCONNECT is no DISCONNECT: the Will is sent.
          t.same((await watcher.pending()).map(brief), ['publish w gone q0']);
          await watcher.cut();
        }
      });
    }
  },
);

each(
  [3, 4, 5],
  'CONNECT with flags is not answered [MQTT-2.1.3-1] [3.1.1: MQTT-2.2.2-1, MQTT-2.2.2-2]',
  async (t, version) => {
    const bench = new Bench(t);
    for (let flags = 1; flags < 16; flags++) {
      const client = bench.open(version);
      const bytes = connect(version);
      bytes[0] = 0x10 | flags;
      client.raw(bytes);
      // The version is not known before the CONNECT is read.
      await closedSilently(t, client);
    }
  },
);

each([3, 4, 5], 'a packet type that is reserved, or only a server sends, ends the connection', async (t, version) => {
  const bench = new Bench(t);
  const none = version === 5 ? [properties()] : [];
  const bad: [what: string, bytes: Buffer, reasonCode: number][] = [
    ['type 0', packet(0x00), 0x81],
    ['type 0 with flags', packet(0x0f, 1, 2), 0x81],
    ['CONNACK', packet(0x20, 0, 0, ...none), 0x82],
    ['SUBACK', packet(0x90, u16(1), ...none, 0), 0x82],
    ['UNSUBACK', packet(0xb0, u16(1), ...none, ...(version === 5 ? [0] : [])), 0x82],
    ['PINGRESP', packet(0xd0), 0x82],
  ];
  if (version < 5) bad.push(['type 15', packet(0xf0), 0x82], ['type 15 with flags', packet(0xf1), 0x81]);
  for (const [what, bytes, reasonCode] of bad) {
    await t.test(what, async (t) => {
      const client = await bench.connect(version, 'a');
      client.raw(bytes);
      await refused(t, client, reasonCode);
      const early = bench.open(version);
      early.raw(bytes);
      await closedSilently(t, early);
    });
  }
});

each(
  [3, 4, 5],
  'the flags of what the broker sends are those of the table [MQTT-2.1.3-1] [3.1.1: MQTT-2.2.2-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = bench.open(version);
    const seen = recorded(client);
    await client.connect('a');
    await client.subscribe('t', 2);
    await client.publish('other', '1', 1);
    await client.publish('other', '2', 2);
    client.send({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['other'] });
    await client.next('unsuback');
    client.send({ cmd: 'pingreq' });
    await client.next('pingresp');
    for (const qos of [0, 1, 2] as const) bench.route({ topic: 't', payload: '', qos });
    await client.next('publish');
    await client.next('publish');
    const { messageId } = await client.next('publish');
    client.send({ cmd: 'pubrec', messageId: messageId! });
    await client.next('pubrel');
    if (version === 5)
      client.send({
        cmd: 'publish',
        topic: '',
        payload: '',
        qos: 0,
        retain: false,
        dup: false,
        properties: { topicAlias: 99 },
      });
    await bench.settle();
    t.same(
      firstBytes(seen.bytes()),
      [0x20, 0x90, 0x40, 0x50, 0x70, 0xb0, 0xd0, 0x30, 0x32, 0x34, 0x62, ...(version === 5 ? [0xe0] : [])].map((byte) =>
        byte.toString(16),
      ),
    );
  },
);

/** The first byte of each packet. */
function firstBytes(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    found.push(bytes[at]!.toString(16));
    // None of them is longer than one byte of Remaining Length can say.
    at += 2 + bytes[at + 1]!;
  }
  return found;
}
