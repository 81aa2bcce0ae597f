/** CONNECT: its place, Protocol Name and Version, Connect Flags. §3.1.0, §3.1.2.1 to §3.1.2.3. */
import t from 'tap';
import { Bench } from '../unit/broker/harness.js';
import {
  brief,
  closedSilently,
  connect,
  connectRefused,
  each,
  type Part,
  packet,
  properties,
  publish,
  refused,
  subscribe,
  type Version,
} from './harness.js';

each(
  [3, 4, 5],
  'the first packet must be CONNECT: before it everything else ends the connection without a word [MQTT-3.1.0-1, MQTT-3.14.0-1] [3.1.1: MQTT-3.1.0-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const watcher = await bench.connect(version, 'w');
    await watcher.subscribe('#', 0);
    for (const bytes of [
      publish(version, 't', 'x'),
      subscribe(version, 't'),
      packet(0xc0),
      packet(0xe0),
      packet(0x40, 0, 1),
      packet(0xf0, 0x18, properties(0x15, 'm')),
    ]) {
      const client = bench.open(version);
      // A good CONNECT behind it changes nothing.
      client.raw(Buffer.concat([bytes, connect(version)]));
      await closedSilently(t, client);
    }
    t.same(await watcher.pending(), [], 'nothing was published');
    t.equal(bench.broker.clients().length, 1, 'nobody was connected');
  },
);

each(
  [3, 4, 5],
  'a second CONNECT ends the connection, whatever it says [MQTT-3.1.0-2] [3.1.1: MQTT-3.1.0-2]',
  async (t, version) => {
    const bench = new Bench(t);
    for (const again of [connect(version), connect(version, { payload: ['other'] }), connect(version === 5 ? 4 : 5)]) {
      const watcher = await bench.connect(version, 'w');
      await watcher.subscribe('w', 0);
      const client = await bench.connect(version, 'c', {
        will: { topic: 'w', payload: Buffer.from('gone'), qos: 0, retain: false },
      });
      client.raw(again);
      await refused(t, client, 0x82);
      t.same((await watcher.pending()).map(brief), ['publish w gone q0'], 'it was no DISCONNECT');
      t.same(
        bench.broker.clients().map(({ clientId }) => clientId),
        ['w'],
      );
      await watcher.cut();
    }
  },
);

t.test('with another Protocol Name nothing is accepted [MQTT-3.1.2-1] [3.1.1: MQTT-3.1.2-1]', async (t) => {
  const bench = new Bench(t);
  for (const name of ['', 'mqtt', 'Mqtt', 'MQTT ', 'MQTTX', 'MQIsdp', 'MQisdp', 'HTTP/1.1', 'x'.repeat(1_000)]) {
    for (const version of [4, 5] as const) {
      const client = bench.open(version);
      client.raw(connect(version, { name }));
      await client.closed();
      const arrived = (await client.pending()).map(brief);
      t.same(
        arrived.filter((line) => !/^connack 0x(1|84)$/.test(line)),
        [],
        name,
      );
    }
  }
  for (const name of ['MQTT', 'mqisdp', 'MQIsdpX']) {
    const client = bench.open(3);
    client.raw(connect(3, { name }));
    await client.closed();
    t.same(
      (await client.pending()).map(brief).filter((line) => line !== 'connack 0x1'),
      [],
      name,
    );
  }
  t.same(bench.broker.clients(), []);
});

t.test(
  'a Protocol Version that is not served is told so in the words of the nearest one [MQTT-3.1.2-2] [3.1.1: MQTT-3.1.2-2]',
  async (t) => {
    const bench = new Bench(t);
    for (const level of [6, 7, 0x7f, 0xff]) {
      const client = bench.open(5);
      client.raw(connect(5, { level }));
      await connectRefused(t, client, 0x84);
    }
    for (const level of [0, 1, 2, 3]) {
      const client = bench.open(4);
      client.raw(connect(4, { level }));
      await connectRefused(t, client, 0x01);
    }
    const old = bench.open(3);
    old.raw(connect(3, { level: 2 }));
    await connectRefused(t, old, 0x01);
    // What comes after the level is of no interest: it may look different in that version.
    const future = bench.open(5);
    future.raw(packet(0x10, 'MQTT', 6, 0xff, 0xff));
    await connectRefused(t, future, 0x84);
    t.same(bench.broker.clients(), []);
  },
);

each([4, 5], 'the reserved Connect Flag must be 0 [MQTT-3.1.2-3] [3.1.1: MQTT-3.1.2-3]', async (t, version) => {
  const bench = new Bench(t);
  for (const flags of [0x01, 0x03]) {
    const client = bench.open(version);
    client.raw(connect(version, { flags }));
    await connectRejected(t, client, version);
  }
  t.same(bench.broker.clients(), []);
});

/** A malformed CONNECT: CONNACK 0x81 in 5.0, nothing before it (3.1.1 §3.1.4). */
function connectRejected(...[t, client, version]: [...Parameters<typeof closedSilently>, Version]): Promise<void> {
  return version === 5 ? connectRefused(t, client, 0x81) : closedSilently(t, client);
}

/** Will fields as they stand in the payload. */
function will(version: Version): Part[] {
  return version === 5 ? [properties(), 'w', 'gone'] : ['w', 'gone'];
}

each(
  [3, 4, 5],
  'without Will Flag, Will QoS and Will Retain must be 0 [MQTT-3.1.2-11, MQTT-3.1.2-13] [3.1.1: MQTT-3.1.2-11, MQTT-3.1.2-13, MQTT-3.1.2-15]',
  async (t, version) => {
    const bench = new Bench(t);
    for (const flags of [0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x3a]) {
      const client = bench.open(version);
      client.raw(connect(version, { flags }));
      await connectRejected(t, client, version);
      const filled = bench.open(version);
      filled.raw(connect(version, { flags, payload: ['c', ...will(version)] }));
      await connectRejected(t, filled, version);
    }
  },
);

each([3, 4, 5], 'without Will Flag there must be no Will in the payload [3.1.1: MQTT-3.1.2-11]', async (t, version) => {
  const client = new Bench(t).open(version);
  client.raw(connect(version, { payload: ['c', ...will(version)] }));
  await connectRejected(t, client, version);
});

each(
  [3, 4, 5],
  'with Will Flag the Will must be in the payload, whole [MQTT-3.1.2-9] [3.1.1: MQTT-3.1.2-9]',
  async (t, version) => {
    const bench = new Bench(t);
    const whole = will(version);
    for (let fields = 0; fields < whole.length; fields++) {
      const client = bench.open(version);
      client.raw(connect(version, { flags: 0x06, payload: ['c', ...whole.slice(0, fields)] }));
      await connectRejected(t, client, version);
    }
    const good = bench.open(version);
    good.raw(connect(version, { flags: 0x06, payload: ['c', ...whole] }));
    t.equal(brief(await good.next('connack')), 'connack 0x0');
  },
);

each([3, 4, 5], 'Will QoS is 0, 1 or 2, never 3 [MQTT-3.1.2-12] [3.1.1: MQTT-3.1.2-14]', async (t, version) => {
  const bench = new Bench(t);
  for (const qos of [0, 1, 2]) {
    const watcher = await bench.connect(version, 'w');
    await watcher.subscribe('w', 2);
    const client = bench.open(version);
    client.raw(connect(version, { flags: 0x06 | (qos << 3), payload: ['c', ...will(version)] }));
    t.equal(brief(await client.next('connack')), 'connack 0x0');
    await client.cut();
    t.same((await watcher.pending()).map(brief), [`publish w gone q${qos}`]);
    await watcher.cut();
  }
  for (const flags of [0x1e, 0x3e]) {
    const client = bench.open(version);
    client.raw(connect(version, { flags, payload: ['c', ...will(version)] }));
    await connectRejected(t, client, version);
  }
});

each(
  [3, 4, 5],
  'User Name and Password are there exactly when their flag says so [MQTT-3.1.2-16, MQTT-3.1.2-17, MQTT-3.1.2-18, MQTT-3.1.2-19] [3.1.1: MQTT-3.1.2-18, MQTT-3.1.2-19, MQTT-3.1.2-20, MQTT-3.1.2-21]',
  async (t, version) => {
    const bench = new Bench(t);
    const bad: [what: string, flags: number, payload: Part[]][] = [
      ['no flag, a user name', 0x02, ['c', 'user']],
      ['no flag, a user name and a password', 0x02, ['c', 'user', 'pass']],
      ['User Name Flag, nothing', 0x82, ['c']],
      ['User Name Flag, a user name and a password', 0x82, ['c', 'user', 'pass']],
      ['both flags, nothing', 0xc2, ['c']],
      ['both flags, one field', 0xc2, ['c', 'user']],
      ['both flags, three fields', 0xc2, ['c', 'user', 'pass', 'more']],
      ['both flags, a byte too many', 0xc2, ['c', 'user', 'pass', 0]],
    ];
    if (version === 5)
      bad.push(['Password Flag, nothing', 0x42, ['c']], ['Password Flag, two fields', 0x42, ['c', 'a', 'b']]);
    for (const [what, flags, payload] of bad) {
      await t.test(what, async (t) => {
        const client = bench.open(version);
        client.raw(connect(version, { flags, payload }));
        await connectRejected(t, client, version);
      });
    }
    for (const [flags, payload] of [
      [0x82, ['c', 'user']],
      [0xc2, ['c', 'user', 'pass']],
      [0xc2, ['c', '', '']],
    ] as [number, Part[]][]) {
      const client = bench.open(version);
      client.raw(connect(version, { flags, payload }));
      t.equal(brief(await client.next('connack')), 'connack 0x0');
      await client.cut();
    }
  },
);

t.test('a password without a user name: 5.0 allows it, before it is malformed [3.1.1: MQTT-3.1.2-22]', async (t) => {
  const bench = new Bench(t);
  for (const version of [3, 4] as const) {
    const client = bench.open(version);
    client.raw(connect(version, { flags: 0x42, payload: ['c', 'pass'] }));
    await closedSilently(t, client);
  }
  const client = bench.open(5);
  client.raw(connect(5, { flags: 0x42, payload: ['c', 'pass'] }));
  t.equal((await client.next('connack')).reasonCode, 0);
});
