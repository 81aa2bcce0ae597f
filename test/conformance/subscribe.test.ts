/** SUBSCRIBE and SUBACK: §3.8, §3.9. */
import t from 'tap';
import { Bench, type TestClient } from '../unit/broker/harness.js';
import {
  brief,
  each,
  type Part,
  packet,
  properties,
  recorded,
  refused,
  settled,
  u16,
  unharmed,
  type Version,
} from './harness.js';

const none = (version: Version) => (version === 5 ? [properties()] : []);

each(
  [3, 4, 5],
  'every SUBSCRIBE is answered with one SUBACK of its identifier and a code for each filter, in order [MQTT-3.8.4-1, MQTT-3.8.4-2, MQTT-3.8.4-5, MQTT-3.8.4-6, MQTT-3.9.3-1] [3.1.1: MQTT-3.8.4-1, MQTT-3.8.4-2, MQTT-3.8.4-4, MQTT-3.8.4-5, MQTT-3.9.3-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 'a');
    const seen = recorded(client);
    const parts: Part[] = ['a', 2, 'b/#', 0, 'bad/#/x', 1, 'c/+', 1, 'bad+', 0, 'a', 1];
    client.raw(packet(0x82, u16(0x1234), ...none(version), ...parts));
    await bench.settle();
    const failure = version === 5 ? 0x8f : 0x80;
    const codes = Buffer.from([2, 0, failure, 1, failure, 1]);
    const reason = version === 5 ? seen.packets()[0] : undefined;
    const { reasonString } = (reason as { properties?: { reasonString?: string } } | undefined)?.properties ?? {};
    const props = reasonString === undefined ? properties() : properties(0x1f, reasonString);
    t.same(seen.bytes(), packet(0x90, u16(0x1234), ...(version === 5 ? [props] : []), codes));
    await client.next('suback');
    // As if there had been several: the last one for a filter counts, the failed ones change nothing.
    for (const topic of ['a', 'b/1', 'c/1', 'bad/1/x']) bench.route({ topic, payload: '', qos: 2 });
    t.same((await client.pending()).map(brief), ['publish a  q1', 'publish b/1  q0', 'publish c/1  q1']);
    t.equal(bench.broker.clients()[0]?.subscriptions, 3);
  },
);

each(
  [3, 4, 5],
  'a SUBSCRIBE without a Topic Filter, or with half of one, ends the connection [MQTT-3.8.3-2] [3.1.1: MQTT-3.8.3-3]',
  async (t, version) => {
    const bench = new Bench(t);
    const bad: [what: string, body: Part[], reasonCode: number][] = [
      ['no filter', [], 0x82],
      ['a filter without options', ['t'], 0x81],
      ['a filter cut short', [Buffer.from([0, 5, 0x74])], 0x81],
      ['the second without options', ['t', 0, 'u'], 0x81],
    ];
    for (const [what, body, reasonCode] of bad) {
      await t.test(what, async (t) => {
        const client = await bench.connect(version, 'a');
        client.raw(packet(0x82, u16(1), ...none(version), ...body));
        await refused(t, client, reasonCode);
      });
    }
  },
);

each(
  [3, 4, 5],
  'reserved bits of the options end the connection, and so do QoS 3 and Retain Handling 3 [MQTT-3.8.3-5] [3.1.1: MQTT-3.8.3-4]',
  async (t, version) => {
    const bench = new Bench(t);
    for (let options = 0; options < 0x100; options++) {
      const reserved = (options & (version === 5 ? 0xc0 : 0xfc)) !== 0;
      const isError = (options & 0x03) === 3 || (options & 0x30) === 0x30;
      // Each bit alone, and QoS with it, are enough to tell.
      if (options > 0x3f && ![0x40, 0x41, 0x80, 0x82, 0xc0, 0xff].includes(options)) continue;
      const client = await bench.connect(version, 'a');
      client.raw(packet(0x82, u16(1), ...none(version), 'ok', 0, 't', options));
      if (reserved) await refused(t, client, 0x81);
      else if (isError) await refused(t, client, 0x82);
      else {
        t.same((await client.pending()).map(brief), [`suback 1 [0x0 0x${(options & 0x03).toString(16)}]`]);
        await client.cut();
      }
    }
  },
);

t.test('No Local: a message does not come back to the Client Identifier that sent it [MQTT-3.8.3-3]', async (t) => {
  const bench = new Bench(t);
  const options = { clean: false, properties: { sessionExpiryInterval: 100 } };
  const client = await bench.connect(5, 'a', options);
  const other = await bench.connect(5, 'b');
  await client.subscribe('t/#', 1, { nl: true });
  await other.subscribe('t/#', 1, { nl: true });
  await client.publish('t/1', 'mine', 1);
  t.same((await client.pending()).map(brief), []);
  t.same((await other.pending()).map(brief), ['publish t/1 mine q1']);
  await other.publish('t/1', 'theirs', 1);
  t.same((await client.pending()).map(brief), ['publish t/1 theirs q1']);
  // Over another connection of the same Client Identifier it is still the same.
  await client.cut();
  const again = await bench.connect(5, 'a', options);
  await settled(again);
  await again.publish('t/1', 'mine', 1);
  t.same((await again.pending()).map(brief), []);
  // The subscription without it matches too: delivered because of that one.
  await again.subscribe('t/1', 0, { nl: false });
  again.send({ cmd: 'publish', topic: 't/1', payload: 'mine', qos: 1, retain: false, dup: false, messageId: 1 });
  t.same((await again.pending()).map(brief).toSorted(), ['puback 1 0x0', 'publish t/1 mine q0']);
});

t.test('No Local on a Shared Subscription is a Protocol Error [MQTT-3.8.3-4]', async (t) => {
  const bench = new Bench(t);
  for (const options of [0x04, 0x05, 0x2c]) {
    const client = await bench.connect(5, 'a');
    client.raw(packet(0x82, u16(1), properties(), 'ok', 0, '$share/g/t', options));
    await refused(t, client, 0x82);
    t.same(bench.broker.clients(), [], 'and nothing was subscribed');
  }
  // Before 5.0 there are no options: the bit is reserved.
  const old = await bench.connect(4, 'a');
  old.raw(packet(0x82, u16(1), '$share/g/t', 0x04));
  await refused(t, old, 0x81);
});

each(
  [3, 4, 5],
  'a filter that the session has already is replaced, nothing is lost, retained messages come again [MQTT-3.8.4-3, MQTT-3.8.4-4] [3.1.1: MQTT-3.8.4-3]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 'a');
    bench.route({ topic: 't/r', payload: 'kept', retain: true, qos: 1 });
    await client.subscribe('t/#', 2);
    t.same((await client.pending()).map(brief), ['publish t/r kept q1 retain']);
    bench.route({ topic: 't/1', payload: 'before', qos: 2 });
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't/#', qos: 1 }] });
    bench.route({ topic: 't/1', payload: 'meanwhile', qos: 2 });
    await bench.settle();
    bench.route({ topic: 't/1', payload: 'after', qos: 2 });
    t.same((await client.pending()).map(brief), [
      'publish t/1 before q2',
      'publish t/1 meanwhile q2',
      'suback 1 [0x1]',
      'publish t/r kept q1 retain',
      'publish t/1 after q1',
    ]);
    t.equal(bench.broker.clients()[0]?.subscriptions, 1, 'one subscription');
    // A filter that only matches the same topics is another one.
    await client.subscribe('t/+', 0);
    t.equal(bench.broker.clients()[0]?.subscriptions, 2);
  },
);

t.test('5.0: replacing changes every option and the Subscription Identifier [MQTT-3.8.4-3]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a');
  const subscribe = async (
    identifier: number | undefined,
    options: { nl?: boolean; rap?: boolean; rh?: 0 | 1 | 2 },
  ) => {
    client.send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [{ topic: 't', qos: 0, ...options }],
      ...(identifier !== undefined && { properties: { subscriptionIdentifier: identifier } }),
    });
    await client.next('suback');
  };
  const publish = async () => {
    client.send({ cmd: 'publish', topic: 't', payload: 'x', qos: 0, retain: true, dup: false });
    return (await client.pending()).map((packet) => [
      brief(packet),
      packet.cmd === 'publish' && packet.properties?.subscriptionIdentifier,
    ]);
  };
  await subscribe(7, { rap: true });
  t.same(await publish(), [['publish t x q0 retain', 7]]);
  await subscribe(8, { rh: 2 });
  t.same(await publish(), [['publish t x q0', 8]]);
  await subscribe(undefined, { rh: 2 });
  t.same(await publish(), [['publish t x q0', undefined]]);
  await subscribe(undefined, { rh: 2, nl: true });
  t.same(await publish(), []);
});

each(
  [3, 4, 5],
  'the code is the granted QoS, and messages come with the lower of theirs and that [MQTT-3.8.4-7, MQTT-3.8.4-8] [3.1.1: MQTT-3.8.4-5, MQTT-3.8.4-6]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 'a');
    for (const granted of [0, 1, 2] as const) {
      t.same((await client.subscribe(`t/${granted}`, granted)).granted, [granted]);
      for (const qos of [0, 1, 2] as const) {
        bench.route({ topic: `t/${granted}`, payload: `${qos}`, qos });
        const got = await client.next('publish');
        t.equal(brief(got), `publish t/${granted} ${qos} q${Math.min(qos, granted)}`);
      }
    }
  },
);

t.test(
  'a subscription that is not granted has a code that says so, and is none [MQTT-3.8.4-7, MQTT-3.9.3-2] [3.1.1: MQTT-3.8.4-5, MQTT-3.9.3-2]',
  async (t) => {
    const bench = new Bench(t, { subscriptions: 2 });
    const cases: [filter: string, code: number][] = [
      ['', 0x8f],
      ['a/#/b', 0x8f],
      ['a#', 0x8f],
      ['+a', 0x8f],
      ['$share', 0x00],
      ['$share/', 0x8f],
      ['$share/g', 0x8f],
      ['$share//t', 0x8f],
      ['$share/g/', 0x8f],
      ['$share/+/t', 0x8f],
      ['/'.repeat(201), 0x8f],
      ['second', 0x00],
      ['third', 0x97],
      ['second', 0x00],
    ];
    for (const version of [4, 5] as const) {
      const client = await bench.connect(version, `v${version}`);
      for (const [topic, code] of cases) {
        const { granted } = await client.subscribe(topic, 0);
        t.same(granted, [version === 5 || code === 0 ? code : 0x80], `${topic.slice(0, 20)} for ${version}`);
      }
      t.equal(bench.broker.clients().at(-1)?.subscriptions, 2);
      await unharmed(t, client);
    }
  },
);

each([3, 4, 5], 'filters with wildcards are supported [3.1.1: MQTT-3.8.3-2]', async (t, version) => {
  const bench = new Bench(t);
  const client = await bench.connect(version, 'a');
  for (const topic of ['#', '+/b', 'a/+/c/#', '/+', '+', '+/+', 'a/#'])
    t.same((await client.subscribe(topic, 1)).granted, [1]);
});

t.test(
  'Reason String and User Properties are left out of SUBACK where they would be too large [MQTT-3.9.2-1, MQTT-3.9.2-2]',
  async (t) => {
    const bench = new Bench(t);
    await tooLarge(
      bench,
      (client) => client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a#', qos: 0 }] }),
      'suback 1 [0x8f]',
    );

    async function tooLarge(bench: Bench, send: (client: TestClient) => void, answer: string): Promise<void> {
      const sizes: number[] = [];
      for (let maximumPacketSize = 30; maximumPacketSize < 120; maximumPacketSize++) {
        const client = await bench.connect(5, 'a', { properties: { maximumPacketSize } });
        const seen = recorded(client);
        send(client);
        const arrived = await client.pending();
        t.same(arrived.map(brief), [answer]);
        t.equal((arrived[0] as { properties?: { userProperties?: object } }).properties?.userProperties, undefined);
        if (seen.bytes().length > maximumPacketSize)
          t.fail(`${seen.bytes().length} bytes, ${maximumPacketSize} are allowed`);
        sizes.push(seen.bytes().length);
        await client.cut();
      }
      t.ok(sizes[0]! < sizes.at(-1)!, 'with room there is a Reason String');
    }
  },
);
