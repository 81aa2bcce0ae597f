/** What a publisher sends in one read reaches each receiver whole and in order, whatever else is read with it. */
import { generate } from 'mqtt-packet';
import t from 'tap';
import { Bench, type TestClient } from './harness.js';

const DEVICES = 40;

/** Values of devices, one after the other, as one piece of bytes. @returns what was published, `topic=payload` */
function publishAll(client: TestClient, count: number): string[] {
  const values = Array.from({ length: count }, (_, i) => ({ topic: `plant/${i % DEVICES}/value`, payload: `${i}` }));
  const frames = values.map(({ topic, payload }) =>
    generate(
      { cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false },
      { protocolVersion: client.version },
    ),
  );
  client.raw(Buffer.concat(frames));
  return values.map(({ topic, payload }) => `${topic}=${payload}`);
}

/** What it was sent since it was asked last. */
async function sentTo(client: TestClient): Promise<string[]> {
  const packets = await client.pending();
  return packets.map((packet) => (packet.cmd === 'publish' ? `${packet.topic}=${packet.payload}` : packet.cmd));
}

for (const version of [4, 5] as const) {
  t.test(`from a client of version ${version}: to receivers of both, by one subscription or several`, async (t) => {
    const bench = new Bench(t);
    const publisher = await bench.connect(version, 'publisher');
    const receivers: [TestClient, (topic: string) => boolean][] = [];
    for (const [name, filters, wants] of [
      ['all', ['#'], () => true],
      ['one', ['plant/7/value'], (topic) => topic === 'plant/7/value'],
      // One topic by two subscriptions, the others by one: they are other receivers to the router, but one client.
      ['overlapping', ['plant/+/value', 'plant/3/value'], () => true],
      ['several', ['plant/1/value', 'plant/2/value', 'plant/3/value'], (topic) => /^plant\/[123]\//.test(topic)],
      ['none', ['other/#'], () => false],
    ] satisfies [string, string[], (topic: string) => boolean][]) {
      for (const its of [4, 5] as const) {
        const client = await bench.connect(its, `${name}-${its}`);
        for (const filter of filters) await client.subscribe(filter, 0);
        receivers.push([client, wants]);
      }
    }
    // More runs than are kept at a time.
    const values = publishAll(publisher, 3_000);
    for (const [client, wants] of receivers) {
      t.strictSame(
        await sentTo(client),
        values.filter((value) => wants(value.split('=')[0]!)),
      );
    }
    const { ledger } = bench.broker.statistics;
    t.equal(ledger.published, 3_000);
    t.equal(ledger.delivered, 2 * (3_000 + 75 + 3_000 + 225));
  });
}

t.test('who does not want its own gets none of them, and others all', async (t) => {
  const bench = new Bench(t);
  const publisher = await bench.connect(5, 'publisher');
  await publisher.subscribe('#', 0, { nl: true });
  const other = await bench.connect(5, 'other');
  await other.subscribe('#', 0);
  const values = publishAll(publisher, 200);
  t.strictSame(await sentTo(publisher), []);
  t.strictSame(await sentTo(other), values);
});

t.test('what comes before another packet is answered before it', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(4, 'client');
  await client.subscribe('#', 0);
  const values = publishAll(client, 5);
  client.send({ cmd: 'pingreq' });
  values.push(...publishAll(client, 3));
  client.send({ cmd: 'publish', topic: 'last', payload: 'q', qos: 1, messageId: 9, retain: false, dup: false });
  const [before, after] = [values.slice(0, 5), values.slice(5)];
  t.strictSame(await sentTo(client), [...before, 'pingresp', ...after, 'last=q', 'puback']);
});
