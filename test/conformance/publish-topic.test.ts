/** Topic Name of PUBLISH: §3.3.2.1. */
import { Bench } from '../unit/broker/harness.js';
import { bytes, each, packet, properties, refused, sized, u16, unharmed } from './harness.js';
import { hex, message, puback, subscriber, Wire } from './messages.js';

each(
  [3, 4, 5],
  'the Topic Name comes first, as UTF-8, and goes on byte for byte [MQTT-3.3.2-1] [3.1.1: MQTT-3.3.2-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 's');
    await client.subscribe('#', 1);
    const receiver = new Wire(client);
    const sender = new Wire(await bench.connect(version, 'p'));
    for (const topic of ['a', 'ä/β/漢/😀', ' ', '/', 'A', '\ufeffx', 'a b\tc']) {
      await sender.ask(message(version, { topic, payload: 'x' }));
      t.same(await receiver.take(), hex(message(version, { topic, payload: 'x' })), JSON.stringify(topic));
    }
  },
);

each(
  [3, 4, 5],
  'a Topic Name that is not UTF-8 or exceeds the packet ends the connection [MQTT-3.3.2-1] [3.1.1: MQTT-3.3.2-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, version, 1);
    const bad = [
      message(version, { topic: sized(Buffer.from([0xff])) }),
      message(version, { topic: sized(Buffer.from('61c0af', 'hex')) }),
      message(version, { topic: sized(Buffer.from('eda080', 'hex')) }),
      message(version, { topic: sized(Buffer.from('610062', 'hex')) }),
      packet(0x30, u16(9), Buffer.from('t')),
      packet(0x30, 0),
    ];
    for (const one of bad) {
      const sender = await bench.connect(version, 'p');
      sender.raw(one);
      await refused(t, sender, 0x81);
    }
    t.same(await receiver.take(), []);
  },
);

each(
  [3, 4, 5],
  'a Topic Name with a wildcard ends the connection, whatever the QoS [MQTT-3.3.2-2] [3.1.1: MQTT-3.3.2-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 's');
    await client.subscribe('#', 2);
    const receiver = new Wire(client);
    for (const topic of ['+', '#', 'a/+', 'a/#', 'a/+/b', 'a+', 'a#b']) {
      for (const qos of [0, 1, 2]) {
        const sender = await bench.connect(version, 'p');
        sender.raw(message(version, { topic, qos }));
        await refused(t, sender, 0x90);
      }
    }
    t.same(await receiver.take(), []);
  },
);

each([3, 4, 5], 'an empty Topic Name ends the connection', async (t, version) => {
  const bench = new Bench(t);
  for (const qos of [0, 1, 2]) {
    const sender = await bench.connect(version, 'p');
    sender.raw(message(version, { topic: '', qos }));
    await refused(t, sender, 0x82);
  }
});

each(
  [3, 4, 5],
  'a subscriber gets the topics that its filter matches, under their names, and no others [MQTT-3.3.2-3] [3.1.1: MQTT-3.3.2-3]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 's');
    await client.subscribe('a/+/c', 0);
    const receiver = new Wire(client);
    const sender = await bench.connect(version, 'p');
    for (const topic of ['a/b/c', 'a//c', 'a/b', 'a/b/c/d', 'A/b/c', '/a/b/c', 'a/b/c/'])
      await sender.publish(topic, 'x');
    const expected = ['a/b/c', 'a//c'].map((topic) => message(version, { topic, payload: 'x' }));
    t.same(await receiver.take(), hex(...expected));
  },
);

each([3, 4, 5], 'a topic of 201 levels is served, one of 202 is not', async (t, version) => {
  const bench = new Bench(t);
  const client = await bench.connect(version, 'a');
  const deepest = Array.from({ length: 201 }, () => 'l').join('/');
  t.match(await client.subscribe(deepest, 1), { granted: [1] });
  t.match(await client.subscribe(`${deepest}/l`, 1), { granted: [version === 5 ? 0x8f : 0x80] });
  const wire = new Wire(client);
  t.same(
    await wire.ask(message(version, { topic: deepest, payload: 'x' })),
    hex(message(version, { topic: deepest, payload: 'x' })),
  );
  const [answer] = await wire.ask(message(version, { topic: `${deepest}/l`, qos: 1 }));
  if (version === 5) t.match(answer, /^40..000190/);
  else t.equal(answer, puback(1).toString('hex'));
  await unharmed(t, client);
});

each([3, 4, 5], 'a topic of 65,535 bytes is served', async (t, version) => {
  const bench = new Bench(t, { packetBytes: 200_000 });
  const client = await bench.connect(version, 'a');
  const longest = 'x'.repeat(65_535);
  t.match(await client.subscribe(longest, 0), { granted: [0] });
  const wire = new Wire(client);
  const one = message(version, { topic: longest, payload: 'y' });
  t.same(await wire.ask(one), hex(one));
  t.same(
    await wire.ask(message(version, { topic: longest, retain: true, payload: 'z' })),
    hex(message(version, { topic: longest, payload: 'z' })),
  );
});

each([3, 4, 5], 'a payload may be empty, and any bytes', async (t, version) => {
  const bench = new Bench(t);
  const receiver = await subscriber(bench, version, 0);
  const sender = new Wire(await bench.connect(version, 'p'));
  for (const payload of [Buffer.alloc(0), Buffer.from(Array.from({ length: 256 }, (_, i) => i))]) {
    await sender.ask(message(version, { payload }));
    t.same(await receiver.take(), hex(message(version, { payload })));
  }
  t.same(
    await sender.ask(packet(0x30, bytes('t'), ...(version === 5 ? [properties()] : []))),
    [],
    'nothing is answered',
  );
});
