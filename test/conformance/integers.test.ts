/** Variable Byte Integers: §1.5.5, §2.1.4 (3.1.1: §2.2.3). */
import t from 'tap';
import { Bench } from '../unit/broker/harness.js';
import {
  brief,
  bytes,
  closedSilently,
  connect,
  connectRefused,
  each,
  packet,
  properties,
  recorded,
  refused,
  u16,
  unharmed,
  varint,
} from './harness.js';

/** The same value in one byte more than it needs. */
function longer(value: number): Buffer {
  const bytes = varint(value);
  bytes[bytes.length - 1]! |= 0x80;
  return Buffer.concat([bytes, Buffer.from([0])]);
}

t.test('a Variable Byte Integer in more bytes than it needs is malformed [MQTT-1.5.5-1]', async (t) => {
  const bench = new Bench(t);
  const body = Buffer.concat([u16(1), Buffer.from('t')]);
  const bad: Record<string, Buffer> = {
    'Remaining Length 0': Buffer.concat([Buffer.from([0xc0]), longer(0)]),
    'Remaining Length 0 in four bytes': Buffer.from('c080808000', 'hex'),
    'Remaining Length of PUBLISH': Buffer.concat([Buffer.from([0x30]), longer(4), body, Buffer.from([0])]),
    'Property Length 0': packet(0x30, 't', longer(0)),
    'Property Length': packet(0x30, 't', longer(2), Buffer.from('0101', 'hex')),
    'Subscription Identifier': packet(0x82, u16(1), properties(0x0b, longer(7)), 't', 0),
  };
  for (const [what, packet] of Object.entries(bad)) {
    await t.test(what, async (t) => {
      const client = await bench.connect(5, 'a');
      client.raw(packet);
      await refused(t, client, 0x81);
    });
  }
  const good = connect(5);
  for (const bytes of [
    packet(0x10, 'MQTT', 5, 0x02, u16(0), longer(0), 'c'),
    Buffer.concat([good.subarray(0, 1), longer(good.length - 2), good.subarray(2)]),
  ]) {
    const client = bench.open(5);
    client.raw(bytes);
    await connectRefused(t, client, 0x81);
  }
});

each([3, 4], 'before 5.0 a Remaining Length may take more bytes than it needs, up to four', async (t, version) => {
  const client = new Bench(t).open(version);
  const good = connect(version);
  client.raw(Buffer.concat([good.subarray(0, 1), longer(good.length - 2), good.subarray(2)]));
  await client.next('connack');
  client.raw(Buffer.from('c080808000', 'hex'));
  t.same((await client.pending()).map(brief), ['pingresp']);
});

each([3, 4, 5], 'a Remaining Length of more than four bytes ends the connection [MQTT-1.5.5-1]', async (t, version) => {
  const bench = new Bench(t);
  for (const hex of ['c0ffffffff7f', '30ffffffff', '308080808001']) {
    const client = await bench.connect(version, 'a');
    client.raw(Buffer.from(hex, 'hex'));
    await refused(t, client, 0x81);
  }
  const early = bench.open(version);
  early.raw(Buffer.from('10ffffffff7f', 'hex'));
  await closedSilently(t, early);
});

each([3, 4, 5], 'packets of every length are understood, however they are cut', async (t, version) => {
  const bench = new Bench(t, { packetBytes: 3_000_000 });
  const client = bench.open(version);
  for (const byte of connect(version)) client.raw(Buffer.from([byte]));
  await client.next('connack');
  for (const length of [100, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
    const overhead = version === 5 ? 4 : 3;
    const whole = packet(0x30, 't', ...(version === 5 ? [0] : []), Buffer.alloc(length - overhead, 'x'));
    for (const cut of [1, 2, 3, 5]) {
      client.raw(whole.subarray(0, cut));
      await bench.settle();
      client.raw(whole.subarray(cut));
    }
  }
  await unharmed(t, client);
  t.equal(bench.broker.clients()[0]?.received, 7 * 4, 'every one arrived');
});

t.test('what the broker sends is as short as it can be [MQTT-1.5.5-1]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a');
  const seen = recorded(client);
  for (const identifier of [127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_455]) {
    client.send({
      cmd: 'subscribe',
      messageId: 1,
      properties: { subscriptionIdentifier: identifier },
      subscriptions: [{ topic: 't', qos: 0 }],
    });
    await client.next('suback');
    // Around the lengths where Property Length and Remaining Length need a byte more.
    for (let filler = 90; filler < 130; filler++) {
      const contentType = 'v'.repeat(filler);
      bench.route({ topic: 't', payload: '', properties: { contentType } });
      await client.next('publish');
      const parts = [Buffer.concat([Buffer.from([0x0b]), varint(identifier)]), bytes(0x03, contentType)];
      const either = [parts, parts.toReversed()].map((order) =>
        packet(0x30, 't', properties(...order)).toString('hex'),
      );
      const got = seen
        .bytes()
        .subarray(-either[0]!.length / 2)
        .toString('hex');
      if (!either.includes(got)) t.fail(`identifier ${identifier}, text of ${filler}: ${got}`);
    }
  }
  t.same(await client.pending(), []);
});
