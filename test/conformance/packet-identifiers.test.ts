/** Packet Identifiers: §2.2.1 (3.1.1: §2.3.1). */
import type { Packet } from 'mqtt-packet';
import { Bench, type TestClient } from '../unit/broker/harness.js';
import {
  brief,
  each,
  packet,
  properties,
  publish,
  recorded,
  refused,
  settled,
  u16,
  unharmed,
  type Version,
} from './harness.js';

each([3, 4, 5], 'Packet Identifier 0 ends the connection [MQTT-2.2.1-3] [3.1.1: MQTT-2.3.1-1]', async (t, version) => {
  const bench = new Bench(t);
  const none = version === 5 ? [properties()] : [];
  const bad: Record<string, Buffer> = {
    'PUBLISH of QoS 1': packet(0x32, 't', u16(0), ...none),
    'PUBLISH of QoS 2': packet(0x34, 't', u16(0), ...none),
    SUBSCRIBE: packet(0x82, u16(0), ...none, 't', 0),
    UNSUBSCRIBE: packet(0xa2, u16(0), ...none, 't'),
    PUBACK: packet(0x40, u16(0)),
    PUBREC: packet(0x50, u16(0)),
    PUBREL: packet(0x62, u16(0)),
    PUBCOMP: packet(0x70, u16(0)),
  };
  for (const [what, bytes] of Object.entries(bad)) {
    await t.test(what, async (t) => {
      const client = await bench.connect(version, 'a');
      client.raw(bytes);
      await refused(t, client, 0x82);
    });
  }
});

each(
  [3, 4, 5],
  'a PUBLISH of QoS 0 has no Packet Identifier, coming and going [MQTT-2.2.1-2] [3.1.1: MQTT-2.3.1-5]',
  async (t, version) => {
    const client = await new Bench(t).connect(version, 'a');
    await client.subscribe('t', 2);
    const seen = recorded(client);
    // The two bytes after the topic (and the properties) are payload.
    client.raw(publish(version, 't', '\u0000\u0001x'));
    t.same((await client.next('publish')).payload, Buffer.from([0, 1, 0x78]));
    const sent = packet(0x30, 't', ...(version === 5 ? [0] : []), Buffer.from([0, 1, 0x78]));
    t.same(seen.bytes(), sent);
    // With RETAIN it takes another way through the broker.
    client.raw(packet(0x31, 't', ...(version === 5 ? [0] : []), Buffer.from([0, 1, 0x78])));
    t.same((await client.next('publish')).payload, Buffer.from([0, 1, 0x78]));
  },
);

each(
  [3, 4, 5],
  'what the broker sends has Packet Identifiers that are not zero and not in use [MQTT-2.2.1-4, MQTT-4.3.2-1, MQTT-4.3.3-1] [3.1.1: MQTT-2.3.1-4]',
  async (t, version) => {
    const bench = new Bench(t, { receiveMaximum: 500, queuedMessages: 1_000 });
    const client = await bench.connect(version, 'a');
    await client.subscribe('t', 2);
    const held = new Set<number>();
    for (let i = 0; i < 400; i++) bench.route({ topic: 't', payload: `${i}`, qos: i % 2 === 0 ? 1 : 2 });
    const publishes = (await settled(client)).filter((packet) => packet.cmd === 'publish');
    t.equal(publishes.length, 400);
    for (const { messageId } of publishes) held.add(messageId!);
    t.ok(Math.min(...held) > 0, 'none is zero');
    t.equal(held.size, 400, 'no two messages under way share one');
    // A QoS 2 message keeps its identifier until PUBCOMP, through PUBREC and PUBREL.
    const half = publishes.filter(({ qos }) => qos === 2);
    for (const { messageId } of half) client.send({ cmd: 'pubrec', messageId: messageId! });
    for (const { messageId } of publishes.filter(({ qos }) => qos === 1)) {
      client.send({ cmd: 'puback', messageId: messageId! });
      held.delete(messageId!);
    }
    t.same(
      (await settled(client)).map(brief),
      half.map(({ messageId }) => `pubrel ${messageId} 0x0`),
    );
    for (let i = 0; i < 250; i++) bench.route({ topic: 't', payload: `${i}`, qos: 1 });
    const later = (await settled(client)).map((packet) => (packet.cmd === 'publish' ? packet.messageId! : 0));
    t.equal(later.length, 250);
    t.equal(new Set([...held, ...later]).size, 450, 'none that a QoS 2 message still uses');
  },
);

each(
  [4, 5],
  'all 65,535 identifiers go round, and the one in use is passed over [MQTT-2.2.1-4] [3.1.1: MQTT-2.3.1-4]',
  async (t, version) => {
    const bench = new Bench(t, { receiveMaximum: 3_000, queuedMessages: 3_000 });
    const client = bench.open(version);
    const acks: Buffer[] = [];
    let held = 0;
    let met = 0;
    let highest = 0;
    await client.connect('a');
    await client.subscribe('t', 1);
    client.stream.removeAllListeners('data');
    const at = 5;
    client.stream.on('data', (chunk: Buffer) => {
      // PUBLISH QoS 1, topic of one byte: the identifier is at a fixed place.
      const length = version === 5 ? 8 : 7;
      for (let start = 0; start < chunk.length; start += length) {
        const identifier = chunk.readUInt16BE(start + at);
        highest = Math.max(highest, identifier);
        if (identifier === 0 || identifier === held) met++;
        else if (held === 0) held = identifier;
        else acks.push(packet(0x40, u16(identifier)));
      }
    });
    for (let round = 0; round < 33; round++) {
      for (let i = 0; i < 2_000; i++) bench.route({ topic: 't', payload: '', qos: 1 });
      await bench.settle();
      client.raw(Buffer.concat(acks.splice(0)));
      await bench.settle();
    }
    t.equal(highest, 0xffff);
    t.ok(held > 0);
    t.equal(met, 0, 'neither zero nor the identifier that is in use came again');
    t.equal(bench.broker.clients()[0]?.inflight, 1);
    t.equal(bench.broker.clients()[0]?.sent, 66_000);
  },
);

each(
  [3, 4, 5],
  'acknowledgements carry the identifier of what they acknowledge [MQTT-2.2.1-5, MQTT-2.2.1-6] [3.1.1: MQTT-2.3.1-6, MQTT-2.3.1-7]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 'a');
    for (const messageId of [1, 0x00ff, 0x0100, 0x1234, 0xffff]) {
      const answers = await exchange(client, messageId);
      const none = version === 5 ? ['0x11'] : [];
      // Nobody subscribes to what it publishes.
      const code = version === 5 ? '0x10' : '0x0';
      t.same(answers, [
        `suback ${messageId} [0x1]`,
        `puback ${messageId} ${code}`,
        `pubrec ${messageId} ${code}`,
        `pubcomp ${messageId} 0x0`,
        `unsuback ${messageId} [${none.join(' ')}]`,
      ]);
    }
    // Ours as well: PUBREL for the PUBLISH that was answered by PUBREC, not for the newest.
    await client.subscribe('t', 2);
    bench.route({ topic: 't', payload: '1', qos: 2 });
    bench.route({ topic: 't', payload: '2', qos: 2 });
    const first = (await client.next('publish')).messageId!;
    const second = (await client.next('publish')).messageId!;
    for (const messageId of [second, first]) {
      client.send({ cmd: 'pubrec', messageId });
      t.equal((await client.next('pubrel')).messageId, messageId);
    }
  },
);

async function exchange(client: TestClient, messageId: number): Promise<string[]> {
  const publish = { cmd: 'publish', topic: 'other', payload: '', retain: false, dup: false, messageId } as const;
  const packets: Packet[] = [
    { cmd: 'subscribe', messageId, subscriptions: [{ topic: 'x', qos: 1 }] },
    { ...publish, qos: 1 },
    { ...publish, qos: 2 },
    { cmd: 'pubrel', messageId },
    { cmd: 'unsubscribe', messageId, unsubscriptions: ['y'] },
  ];
  for (const packet of packets) client.send(packet);
  return (await settled(client)).map(brief);
}

each(
  [3, 4, 5],
  'an identifier that the client uses again while its QoS 2 message is under way is that message again [MQTT-2.2.1-3] [3.1.1: MQTT-2.3.1-2, MQTT-2.3.1-3]',
  async (t, version) => {
    const bench = new Bench(t);
    const watcher = await bench.connect(version, 'w');
    await watcher.subscribe('t', 0);
    const client = await bench.connect(version, 'a');
    const send = (payload: string, dup: boolean) =>
      client.send({ cmd: 'publish', topic: 't', payload, qos: 2, retain: false, dup, messageId: 7 });
    send('1', false);
    send('1', true);
    t.same((await client.pending()).map(brief), ['pubrec 7 0x0', 'pubrec 7 0x0']);
    client.send({ cmd: 'pubrel', messageId: 7 });
    await client.next('pubcomp');
    // Free again: a new message, whatever DUP says.
    send('2', true);
    await client.next('pubrec');
    t.same((await watcher.pending()).map(brief), ['publish t 1 q0', 'publish t 2 q0']);
    // Each direction has identifiers of its own.
    await client.subscribe('mine', 1);
    bench.route({ topic: 'mine', payload: 'x', qos: 1 });
    t.equal((await client.next('publish')).payload.toString(), 'x');
    await unharmed(t, client);
  },
);

each([3, 4, 5], 'a packet too short for its identifier ends the connection', async (t, version: Version) => {
  const bench = new Bench(t);
  for (const bytes of [packet(0x32, 't'), packet(0x32, 't', 0), packet(0x40), packet(0x62, 0), packet(0x82, 1)]) {
    const client = await bench.connect(version, 'a');
    client.raw(bytes);
    await refused(t, client, 0x81);
  }
});
