/** Topic Alias towards a client: §3.3.2.3.4. */
import type { IPublishPacket } from 'mqtt-packet';
import { Bench, type TestClient } from '../unit/broker/harness.js';
import { each, properties, u16, u32 } from './harness.js';
import { hex, message, resumed, Wire } from './messages.js';

const alias = (value: number) => properties(0x23, u16(value));

/** The topics of PUBLISH packets, with their aliases resolved as a client does it. */
class Aliased {
  readonly client: TestClient;
  readonly seen: number[] = [];
  readonly #topics = new Map<number, string>();

  constructor(client: TestClient) {
    this.client = client;
  }

  async take(): Promise<{ topic: string; isShort: boolean; packet: IPublishPacket }[]> {
    const packets = (await this.client.pending()).filter((packet) => packet.cmd === 'publish');
    return packets.map((packet) => {
      const number = packet.properties?.topicAlias;
      const isShort = packet.topic === '';
      if (number !== undefined) this.seen.push(number);
      if (number !== undefined && !isShort) this.#topics.set(number, packet.topic);
      return { topic: isShort ? (this.#topics.get(number ?? 0) ?? 'unknown') : packet.topic, isShort, packet };
    });
  }
}

each(
  [5],
  'towards a client, aliases stay within its Topic Alias Maximum and save the name from the first repeat on [MQTT-3.3.2-10, MQTT-3.3.2-11]',
  async (t) => {
    const bench = new Bench(t);
    const client = await bench.connect(5, 's', { properties: { topicAliasMaximum: 2 } });
    await client.subscribe('#', 1);
    const receiver = new Aliased(client);
    const sender = await bench.connect(5, 'p');
    for (const topic of ['a', 'b', 'a', 'b', 'c', 'a', 'c']) await sender.publish(topic, 'x', 1);
    const got = await receiver.take();
    t.same(
      got.map(({ topic }) => topic),
      ['a', 'b', 'a', 'b', 'c', 'a', 'c'],
    );
    t.same(
      got.slice(0, 4).map(({ isShort }) => isShort),
      [false, false, true, true],
      'the first repeat of both is without its name',
    );
    t.ok(
      receiver.seen.every((number) => number >= 1 && number <= 2),
      `within 1 and 2: ${receiver.seen}`,
    );
  },
);

each([5], 'without a Topic Alias Maximum of the client, or with 0, there are no aliases [MQTT-3.3.2-11]', async (t) => {
  const bench = new Bench(t);
  for (const options of [{}, { properties: { topicAliasMaximum: 0 } }]) {
    const client = await bench.connect(5, 's', options);
    await client.subscribe('t', 0);
    const receiver = new Wire(client);
    const sender = new Wire(await bench.connect(5, 'p'));
    await sender.ask(message(5, { properties: alias(1) }), message(5, { topic: '', properties: alias(1) }));
    t.same(await receiver.take(), hex(message(5), message(5)));
  }
});

each(
  [5],
  'a message sent again on a new connection has its Topic Name in full: aliases of the broker end with the connection [MQTT-3.3.2-7]',
  async (t) => {
    const bench = new Bench(t);
    const options = { clean: false, properties: { sessionExpiryInterval: 600, topicAliasMaximum: 5 } };
    const first = await bench.connect(5, 's', options);
    await first.subscribe('t', 1);
    const sender = await bench.connect(5, 'p');
    for (let i = 0; i < 3; i++) await sender.publish('t', `${i}`, 1);
    t.same(
      (await new Aliased(first).take()).map(({ isShort }) => isShort),
      [false, true, true],
    );
    await first.cut();
    const [, again] = await resumed(bench, 5, 's', 0x22, u16(5));
    t.equal(again.length, 3);
    // Fixed header 2 bytes, then the length of the Topic Name.
    t.equal(again[0]?.slice(4, 10), '000174', 'the first has its name');
    const [, plain] = await resumed(bench, 5, 's');
    const expected = [0, 1, 2].map((i) => message(5, { qos: 1, id: i + 1, dup: true, payload: `${i}` }));
    t.same(plain, hex(...expected), 'and no alias at all for a connection that takes none');
  },
);

each([5], 'aliases and a Message Expiry Interval together', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 's', { properties: { topicAliasMaximum: 1 } });
  await client.subscribe('t', 0);
  const receiver = new Aliased(client);
  const sender = await bench.connect(5, 'p');
  for (const seconds of [60, 30]) sender.raw(message(5, { properties: properties(0x02, u32(seconds)) }));
  const got = await receiver.take();
  t.same(
    got.map(({ topic, packet }) => [topic, packet.properties?.messageExpiryInterval]),
    [
      ['t', 60],
      ['t', 30],
    ],
  );
});
