import t from 'tap';
import { Bench, type TestClient } from './harness.js';

const takesAliases = (topicAliasMaximum: number) => ({ properties: { topicAliasMaximum } });

/** What a client makes of its PUBLISH packets: `topic payload`, and as it was on the wire: `topic/alias`. */
class Resolver {
  readonly #client: TestClient;
  readonly #topics = new Map<number, string>();

  constructor(client: TestClient) {
    this.#client = client;
  }

  async next(): Promise<{ meant: string; wire: string }[]> {
    return (await this.#client.pending()).flatMap((packet) => {
      if (packet.cmd !== 'publish') return [];
      const alias = packet.properties?.topicAlias;
      if (alias !== undefined && packet.topic !== '') this.#topics.set(alias, packet.topic);
      const topic = packet.topic === '' ? this.#topics.get(alias ?? 0) : packet.topic;
      return [{ meant: `${topic} ${packet.payload}`, wire: `${packet.topic}:${alias ?? ''}` }];
    });
  }
}

async function subscriber(bench: Bench, id: string, maximum: number): Promise<{ client: TestClient; got: Resolver }> {
  const client = await bench.connect(5, id, takesAliases(maximum));
  await client.subscribe('#', 0);
  return { client, got: new Resolver(client) };
}

t.test(
  'a client that takes Topic Aliases gets one with the first, and it alone from the first repeat [MQTT-3.3.2-7]',
  async (t) => {
    const bench = new Bench(t);
    const { got } = await subscriber(bench, 'a', 10);
    const old = await bench.connect(4, 'old');
    await old.subscribe('#', 0);
    const none = await subscriber(bench, 'none', 0);
    for (const topic of ['first', 'first', 'second', 'second', 'first']) bench.route({ topic, payload: 'x' });
    t.same(
      (await got.next()).map(({ wire }) => wire),
      ['first:1', ':1', 'second:2', ':2', ':1'],
    );
    t.same(
      (await none.got.next()).map(({ wire }) => wire),
      ['first:', 'first:', 'second:', 'second:', 'first:'],
      'Topic Alias Maximum 0: none [MQTT-3.1.2-27]',
    );
    t.equal((await old.pending()).length, 5);
  },
);

t.test(
  'no alias beyond the maximum of the client; that of the topic not used for longest goes [MQTT-3.1.2-26]',
  async (t) => {
    const bench = new Bench(t);
    const { got } = await subscriber(bench, 'a', 2);
    for (const topic of ['a', 'b', 'a', 'c', 'b', 'a']) bench.route({ topic, payload: 'x' });
    const packets = await got.next();
    t.same(
      packets.map(({ wire }) => wire),
      ['a:1', 'b:2', ':1', 'c:2', 'b:1', 'a:2'],
    );
    t.same(
      packets.map(({ meant }) => meant),
      ['a x', 'b x', 'a x', 'c x', 'b x', 'a x'],
    );
  },
);

t.test('clients that know a topic by different numbers get the same message right', async (t) => {
  const bench = new Bench(t);
  const early = await subscriber(bench, 'early', 100);
  bench.route({ topic: 'warm/up', payload: 'x' });
  await early.got.next();
  const late = await subscriber(bench, 'late', 100);
  const plain = await subscriber(bench, 'plain', 0);
  for (let i = 0; i < 3; i++) bench.route({ topic: 'data', payload: `${i}`, qos: 1 });
  bench.route({ topic: 'data', payload: 'large'.padEnd(20_000), qos: 0 });
  for (const { got, wire } of [
    { got: early.got, wire: ['data:2', ':2', ':2', 'data:'] },
    { got: late.got, wire: ['data:1', ':1', ':1', 'data:'] },
    { got: plain.got, wire: ['data:', 'data:', 'data:', 'data:'] },
  ]) {
    const packets = await got.next();
    t.same(
      packets.map(({ meant }) => meant.trimEnd()),
      ['data 0', 'data 1', 'data 2', 'data large'],
    );
    t.same(
      packets.map((packet) => packet.wire),
      wire,
    );
  }
});

t.test('aliases go with Subscription Identifiers and expiry, and end with the connection [MQTT-3.3.2-7]', async (t) => {
  const bench = new Bench(t);
  const options = { clean: false, properties: { topicAliasMaximum: 5, sessionExpiryInterval: 60 } };
  const first = await bench.connect(5, 'a', options);
  first.send({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [{ topic: 't', qos: 1 }],
    properties: { subscriptionIdentifier: 3 },
  });
  await first.next('suback');
  const expiresAt = bench.clock.now() + 60_000;
  for (let i = 0; i < 2; i++) bench.route({ topic: 't', payload: `${i}`, qos: 1, expiresAt });
  t.match(await first.next('publish'), { topic: 't', properties: { topicAlias: 1, subscriptionIdentifier: 3 } });
  t.match(await first.next('publish'), { topic: /^$/, properties: { topicAlias: 1, messageExpiryInterval: 60 } });
  await first.cut();
  const second = await bench.connect(5, 'a', options);
  for (let i = 0; i < 2; i++) t.match(await second.next('publish'), { topic: 't', dup: true });
  bench.route({ topic: 't', payload: '2', qos: 1 });
  t.match(await second.next('publish'), { topic: 't', properties: { topicAlias: 1 } });
});

t.test('an alias that makes a packet too large for the client is not set [MQTT-3.1.2-24]', async (t) => {
  const bench = new Bench(t);
  const topic = 'a/topic/of/30/characters/in/all';
  const options = { properties: { topicAliasMaximum: 5, maximumPacketSize: 50 } };
  const client = await bench.connect(5, 'a', options);
  await client.subscribe('#', 0);
  const got = new Resolver(client);
  const room = 50 - 5 - topic.length;
  for (const length of [room, room - 3, room + 5]) bench.route({ topic, payload: 'x'.repeat(length) });
  t.same(
    (await got.next()).map(({ wire }) => wire),
    [`${topic}:`, `${topic}:1`, ':1'],
  );
});

t.test('many topics at random are always meant as published', async (t) => {
  const bench = new Bench(t);
  const small = await subscriber(bench, 'small', 3);
  const large = await subscriber(bench, 'large', 65_535);
  const expected: string[] = [];
  let state = 7;
  for (let i = 0; i < 400; i++) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    const topic = `t/${state % 90}`;
    bench.route({ topic, payload: `${i}` });
    expected.push(`${topic} ${i}`);
  }
  for (const { got } of [small, large]) {
    t.same(
      (await got.next()).map(({ meant }) => meant),
      expected,
    );
  }
});
