/** Properties: §2.2.2. */
import t from 'tap';
import { Bench } from '../unit/broker/harness.js';
import {
  connect,
  connectRefused,
  type Part,
  packet,
  properties,
  publish,
  recorded,
  refused,
  subscribe,
  u16,
  u32,
  unharmed,
  varint,
} from './harness.js';

t.test('a packet without properties says so with a length of zero [MQTT-2.2.2-1]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a');
  const seen = recorded(client);
  client.raw(subscribe(5, 't'));
  await client.next('suback');
  t.equal(seen.bytes().toString('hex'), packet(0x90, u16(1), 0, 0).toString('hex'), 'SUBACK');
  bench.route({ topic: 't', payload: 'x' });
  await client.next('publish');
  t.equal(seen.bytes().subarray(6).toString('hex'), packet(0x30, 't', 0, Buffer.from('x')).toString('hex'), 'PUBLISH');
  client.raw(packet(0xa2, u16(2), 0, 't'));
  await client.next('unsuback');
  t.equal(seen.bytes().subarray(13).toString('hex'), packet(0xb0, u16(2), 0, 0).toString('hex'), 'UNSUBACK');
});

t.test('a client that leaves the length out is not understood [MQTT-2.2.2-1]', async (t) => {
  const bench = new Bench(t);
  const early = bench.open(5);
  early.raw(packet(0x10, 'MQTT', 5, 0x02, u16(0), 'c'));
  await connectRefused(t, early, 0x81);
  const will = bench.open(5);
  will.raw(connect(5, { flags: 0x06, payload: ['c', 'w', 'w'] }));
  await connectRefused(t, will, 0x81);
  for (const bytes of [packet(0x82, u16(1), 'topic', 0), packet(0xa2, u16(1), 'topic'), packet(0x30, 't')]) {
    const client = await bench.connect(5, 'a');
    client.raw(bytes);
    await refused(t, client, 0x81);
  }
});

/** Every property, with a value that is good where the property is. */
const all: Readonly<Record<number, Part[]>> = {
  1: [1],
  2: [u32(60)],
  3: ['text'],
  8: ['r'],
  9: ['data'],
  11: [varint(3)],
  17: [u32(60)],
  18: ['id'],
  19: [u16(30)],
  21: ['method'],
  22: ['data'],
  23: [1],
  24: [u32(1)],
  25: [1],
  26: ['info'],
  28: ['server'],
  31: ['reason'],
  33: [u16(10)],
  34: [u16(3)],
  35: [u16(1)],
  36: [1],
  37: [1],
  38: ['n', 'v'],
  39: [u32(10_000)],
  40: [1],
  41: [1],
  42: [1],
};
const SUBSCRIPTION_IDENTIFIER = 11;
const USER_PROPERTY = 38;

/** Which a client may send where (table 2-4). */
const places: Readonly<Record<string, { allowed: number[]; packet: (props: Buffer) => Buffer }>> = {
  CONNECT: { allowed: [17, 21, 22, 23, 25, 33, 34, 38, 39], packet: (props) => connect(5, { properties: props }) },
  Will: {
    allowed: [1, 2, 3, 8, 9, 24, 38],
    packet: (props) => connect(5, { flags: 0x06, payload: ['c', props, 'w', 'w'] }),
  },
  PUBLISH: { allowed: [1, 2, 3, 8, 9, 35, 38], packet: (props) => publish(5, 't', '', props) },
  PUBACK: { allowed: [31, 38], packet: (props) => packet(0x40, u16(1), 0, props) },
  PUBREC: { allowed: [31, 38], packet: (props) => packet(0x50, u16(1), 0x80, props) },
  PUBREL: { allowed: [31, 38], packet: (props) => packet(0x62, u16(1), 0, props) },
  PUBCOMP: { allowed: [31, 38], packet: (props) => packet(0x70, u16(1), 0, props) },
  SUBSCRIBE: { allowed: [11, 38], packet: (props) => subscribe(5, 't', 0, props) },
  UNSUBSCRIBE: { allowed: [38], packet: (props) => packet(0xa2, u16(1), props, 't') },
  DISCONNECT: { allowed: [17, 31, 38], packet: (props) => packet(0xe0, 0, props) },
  AUTH: { allowed: [21, 22, 31, 38], packet: (props) => packet(0xf0, 0x19, props) },
};

for (const [place, { allowed, packet }] of Object.entries(places)) {
  const isConnect = place === 'CONNECT' || place === 'Will';

  t.test(`${place}: a property that does not belong there, or none has, is malformed (§2.2.2.2)`, async (t) => {
    const bench = new Bench(t);
    for (let identifier = 0; identifier <= 0x2b; identifier++) {
      if (allowed.includes(identifier)) continue;
      // Has a rule of its own [MQTT-3.3.4-6].
      if (place === 'PUBLISH' && identifier === SUBSCRIPTION_IDENTIFIER) continue;
      const client = isConnect ? bench.open(5) : await bench.connect(5, 'a');
      client.raw(packet(properties(identifier, ...(all[identifier] ?? [0]))));
      if (isConnect) await connectRefused(t, client, 0x81);
      else await refused(t, client, 0x81);
    }
  });

  t.test(`${place}: a property given twice is a Protocol Error, except User Property (§2.2.2.2)`, async (t) => {
    const bench = new Bench(t);
    for (const identifier of allowed) {
      const one = [identifier, ...all[identifier]!];
      const client = isConnect ? bench.open(5) : await bench.connect(5, 'a');
      client.raw(packet(properties(...one, ...one)));
      if (identifier !== USER_PROPERTY) {
        if (isConnect) await connectRefused(t, client, 0x82);
        else await refused(t, client, 0x82);
      } else if (isConnect) {
        t.equal((await client.next('connack')).reasonCode, 0);
        await client.cut();
      }
    }
  });

  t.test(`${place}: a Property Length that does not end with a property is malformed (§2.2.2.1)`, async (t) => {
    const bench = new Bench(t);
    const user = Buffer.concat([Buffer.from([USER_PROPERTY]), u16(1), Buffer.from('n'), u16(1), Buffer.from('v')]);
    // Too short by one to six bytes, so that the last property reaches beyond it; or longer than the packet.
    for (const length of [1, 2, 3, 4, 5, 6, 100, 0x7f]) {
      const client = isConnect ? bench.open(5) : await bench.connect(5, 'a');
      client.raw(packet(Buffer.concat([varint(length), user])));
      if (isConnect) await connectRefused(t, client, 0x81);
      else await refused(t, client, 0x81);
    }
  });
}

t.test('a property with a value that it cannot have is a Protocol Error (§2.2.2.2)', async (t) => {
  const bench = new Bench(t);
  const atConnect: Record<string, Part[]> = {
    'Receive Maximum 0': [33, u16(0)],
    'Maximum Packet Size 0': [39, u32(0)],
    'Request Problem Information 2': [23, 2],
    'Request Response Information 255': [25, 255],
    'Authentication Data without a method': [22, 'data'],
  };
  for (const [what, parts] of Object.entries(atConnect)) {
    await t.test(what, async (t) => {
      const client = bench.open(5);
      client.raw(connect(5, { properties: properties(...parts) }));
      await connectRefused(t, client, 0x82);
    });
  }
  const later: Record<string, Buffer> = {
    'Payload Format Indicator 2': publish(5, 't', '', properties(1, 2)),
    'Subscription Identifier 0': subscribe(5, 't', 0, properties(11, 0)),
  };
  for (const [what, bytes] of Object.entries(later)) {
    await t.test(what, async (t) => {
      const client = await bench.connect(5, 'a');
      client.raw(bytes);
      await refused(t, client, 0x82);
    });
  }
  const client = await bench.connect(5, 'good');
  client.raw(publish(5, 't', '', properties(1, 0)));
  client.raw(publish(5, 't', '', properties(1, 1)));
  await unharmed(t, client);
});
