/** UNSUBSCRIBE and UNSUBACK: §3.10, §3.11. */
import t from 'tap';
import { Bench } from '../unit/broker/harness.js';
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
  type Version,
} from './harness.js';

const none = (version: Version) => (version === 5 ? [properties()] : []);

function unsubscribe(version: Version, identifier: number, ...filters: Part[]): Buffer {
  return packet(0xa2, u16(identifier), ...none(version), ...filters);
}

each(
  [3, 4, 5],
  'every UNSUBSCRIBE is answered with one UNSUBACK of its identifier, also where nothing is deleted [MQTT-3.10.4-4, MQTT-3.10.4-5, MQTT-3.10.4-6, MQTT-3.11.3-1, MQTT-3.11.3-2] [3.1.1: MQTT-3.10.4-4, MQTT-3.10.4-5, MQTT-3.10.4-6]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 'a');
    await client.subscribe('a', 1);
    await client.subscribe('b/#', 1);
    const seen = recorded(client);
    client.raw(unsubscribe(version, 0x1234, 'x', 'a', 'b/+', 'b/#', 'a', 'bad/#/x'));
    const answer = brief(await client.next('unsuback'));
    if (version === 5) t.equal(answer, 'unsuback 4660 [0x11 0x0 0x11 0x0 0x11 0x8f]');
    else t.same(seen.bytes(), packet(0xb0, u16(0x1234)));
    bench.route({ topic: 'a', payload: '', qos: 1 });
    bench.route({ topic: 'b/1', payload: '', qos: 1 });
    t.same(await client.pending(), []);
    t.equal(bench.broker.clients()[0]?.subscriptions, 0);
    client.raw(unsubscribe(version, 7, 'never'));
    t.same((await client.pending()).map(brief), [`unsuback 7 [${version === 5 ? '0x11' : ''}]`]);
  },
);

each(
  [3, 4, 5],
  'an UNSUBSCRIBE without a Topic Filter, or with half of one, ends the connection [MQTT-3.10.3-2] [3.1.1: MQTT-3.10.3-2]',
  async (t, version) => {
    const bench = new Bench(t);
    for (const [filters, reasonCode] of [
      [[], 0x82],
      [[Buffer.from([0, 5, 0x74])], 0x81],
      [['t', 0], 0x81],
      [['t', 'u', Buffer.from([0])], 0x81],
    ] as [Part[], number][]) {
      const client = await bench.connect(version, 'a');
      await client.subscribe('t', 0);
      client.raw(unsubscribe(version, 1, ...filters));
      await refused(t, client, reasonCode);
    }
  },
);

each(
  [3, 4, 5],
  'a filter is deleted when it is the same, character by character; what it matches is of no interest [MQTT-3.10.4-1] [3.1.1: MQTT-3.10.4-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 'a');
    const filters = ['a/b', 'a/+', '+/b', 'a/#', '#', 'A/b', 'a/b/', '/a/b', 'a//b', 'e\u{301}', '\u{e9}'];
    for (const filter of filters) await client.subscribe(filter, 0);
    for (const [index, filter] of filters.entries()) {
      client.raw(unsubscribe(version, 1, filter));
      t.equal(brief(await client.next('unsuback')), `unsuback 1 [${version === 5 ? '0x0' : ''}]`);
      t.equal(bench.broker.clients()[0]?.subscriptions, filters.length - index - 1, filter);
    }
    // Only that one of two that match the same.
    await client.subscribe('a/+', 0);
    await client.subscribe('a/b', 0);
    client.raw(unsubscribe(version, 1, 'a/b'));
    await client.next('unsuback');
    bench.route({ topic: 'a/b', payload: 'x' });
    t.same((await client.pending()).map(brief), ['publish a/b x q0']);
  },
);

each(
  [3, 4, 5],
  'after UNSUBACK nothing new is added, but what was begun is finished [MQTT-3.10.4-2, MQTT-3.10.4-3] [3.1.1: MQTT-3.10.4-2, MQTT-3.10.4-3]',
  async (t, version) => {
    const bench = new Bench(t);
    const options = { clean: false, ...(version === 5 && { properties: { sessionExpiryInterval: 100 } }) };
    const client = await bench.connect(version, 'a', options);
    await client.subscribe('t', 2);
    bench.route({ topic: 't', payload: 'one', qos: 1 });
    bench.route({ topic: 't', payload: 'two', qos: 2 });
    const one = await client.next('publish');
    const two = await client.next('publish');
    client.raw(unsubscribe(version, 1, 't'));
    await client.next('unsuback');
    for (const qos of [0, 1, 2] as const) bench.route({ topic: 't', payload: 'later', qos });
    t.same(await client.pending(), []);
    // Also over the next connection.
    await client.cut();
    const again = await bench.connect(version, 'a', options);
    t.same((await settled(again)).map(brief), ['publish t one q1 dup', 'publish t two q2 dup']);
    again.raw(packet(0x40, u16(one.messageId!)));
    again.raw(packet(0x50, u16(two.messageId!)));
    t.same((await settled(again)).map(brief), [`pubrel ${two.messageId} 0x0`]);
    again.raw(packet(0x70, u16(two.messageId!)));
    await settled(again);
    t.equal(bench.broker.clients()[0]?.inflight, 0);
  },
);

each([3, 4, 5], 'unsubscribing a Shared Subscription needs its full name', async (t, version) => {
  const bench = new Bench(t);
  const client = await bench.connect(version, 'a');
  await client.subscribe('$share/g/t', 0);
  for (const [filter, code] of [
    ['t', 0x11],
    ['$share/h/t', 0x11],
    ['$share/g/t', 0x00],
  ] as const) {
    client.raw(unsubscribe(version, 1, filter));
    t.equal(brief(await client.next('unsuback')), `unsuback 1 [${version === 5 ? `0x${code.toString(16)}` : ''}]`);
  }
  bench.route({ topic: 't', payload: 'x' });
  t.same(await client.pending(), []);
});

t.test(
  'Reason String and User Properties are left out of UNSUBACK where they would be too large [MQTT-3.11.2-1, MQTT-3.11.2-2]',
  async (t) => {
    const bench = new Bench(t);
    const sizes: number[] = [];
    for (let maximumPacketSize = 30; maximumPacketSize < 100; maximumPacketSize++) {
      const client = await bench.connect(5, 'a', { properties: { maximumPacketSize } });
      const seen = recorded(client);
      client.raw(unsubscribe(5, 1, 'not there', 'bad/#/x'));
      const answer = await client.next('unsuback');
      t.equal(answer.properties?.userProperties, undefined);
      if (seen.bytes().length > maximumPacketSize)
        t.fail(`${seen.bytes().length} bytes, ${maximumPacketSize} are allowed`);
      sizes.push(seen.bytes().length);
      await client.cut();
    }
    t.ok(sizes[0]! < sizes.at(-1)!, 'with room there is a Reason String');
  },
);
