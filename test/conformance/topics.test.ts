/** Topic Names and Topic Filters: §4.7. */
import t from 'tap';
import { Bench } from '../unit/broker/harness.js';
import {
  brief,
  each,
  packet,
  properties,
  publish,
  refused,
  sized,
  subscribe,
  u16,
  unharmed,
  type Version,
} from './harness.js';

/** Which of the topics reach a subscriber of the filter. */
async function reached(bench: Bench, version: Version, filter: string, topics: readonly string[]): Promise<string[]> {
  const client = await bench.connect(version, 'reached');
  const { granted } = await client.subscribe(filter, 0);
  if (granted[0] !== 0) throw new Error(`${filter} was not granted`);
  for (const topic of topics) bench.route({ topic, payload: '' });
  const found = (await client.pending()).map((packet) => (packet.cmd === 'publish' ? packet.topic : packet.cmd));
  await client.cut();
  return found;
}

each(
  [3, 4, 5],
  'a Topic Name has no wildcards: a PUBLISH to one ends the connection [MQTT-4.7.0-1, MQTT-3.3.2-2] [3.1.1: MQTT-4.7.1-1, MQTT-3.3.2-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const watcher = await bench.connect(version, 'w');
    await watcher.subscribe('#', 0);
    for (const topic of ['#', '+', 'a/#', 'a/+', '+/a', 'a#', 'a+b', 'a/b#c/d']) {
      const client = await bench.connect(version, 'a');
      client.raw(publish(version, topic, 'x'));
      await refused(t, client, 0x90);
    }
    await unharmed(t, watcher);
  },
);

const badMultiLevel = ['a#', '#a', 'a/#b', '#/a', 'a/#/b', '##', '#/', 'a/b#'];
const badSingleLevel = ['a+', '+a', 'a/+b', 'a/b+', '++', '+#', 'a/++/b', '#+'];

each(
  [3, 4, 5],
  'the multi-level wildcard: alone or after a separator, and last [MQTT-4.7.1-1] [3.1.1: MQTT-4.7.1-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 'a');
    for (const filter of badMultiLevel)
      t.same((await client.subscribe(filter, 0)).granted, [version === 5 ? 0x8f : 0x80], filter);
    const topics = ['sport', 'sport/', 'sport/tennis', 'sport/tennis/1', 'sports', '/sport', 'other'];
    t.same(await reached(bench, version, 'sport/#', topics), topics.slice(0, 4), 'the parent level too');
    t.same(await reached(bench, version, '#', topics), topics);
    t.same(await reached(bench, version, '/#', topics), ['/sport']);
    t.same(await reached(bench, version, 'sport/tennis/#', topics), ['sport/tennis', 'sport/tennis/1']);
  },
);

each(
  [3, 4, 5],
  'the single-level wildcard: a whole level, anywhere [MQTT-4.7.1-2] [3.1.1: MQTT-4.7.1-3]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 'a');
    for (const filter of badSingleLevel)
      t.same((await client.subscribe(filter, 0)).granted, [version === 5 ? 0x8f : 0x80], filter);
    const topics = ['sport', 'sport/', 'sport/a', 'sport/a/b', '/sport', '/', '//', 'x/a', 'x/a/y', 'x//y'];
    const cases: [filter: string, found: string[]][] = [
      ['+', ['sport']],
      ['sport/+', ['sport/', 'sport/a']],
      ['+/+', ['sport/', 'sport/a', '/sport', '/', 'x/a']],
      ['/+', ['/sport', '/']],
      ['+/', ['sport/', '/']],
      ['x/+/y', ['x/a/y', 'x//y']],
      ['+/a', ['sport/a', 'x/a']],
      ['+/a/#', ['sport/a', 'sport/a/b', 'x/a', 'x/a/y']],
      ['+/+/+', ['sport/a/b', '//', 'x/a/y', 'x//y']],
    ];
    for (const [filter, found] of cases) t.same(await reached(bench, version, filter, topics), found, filter);
  },
);

each(
  [3, 4, 5],
  'a filter that begins with a wildcard does not match a topic that begins with $ [MQTT-4.7.2-1] [3.1.1: MQTT-4.7.2-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const topics = ['$SYS/a', '$x', '$x/a', '$', 'x/$a', 'a$'];
    const cases: [filter: string, found: string[]][] = [
      ['#', ['x/$a', 'a$']],
      ['+', ['a$']],
      ['+/#', ['x/$a', 'a$']],
      ['+/a', []],
      ['+/$a', ['x/$a']],
      ['$SYS/#', ['$SYS/a']],
      ['$x/+', ['$x/a']],
      ['$x/#', ['$x', '$x/a']],
      ['$', ['$']],
    ];
    for (const [filter, found] of cases) t.same(await reached(bench, version, filter, topics), found, filter);
    // Retained messages are no exception.
    for (const topic of topics) bench.route({ topic, payload: 'r', retain: true });
    for (const [filter, found] of cases) {
      const client = await bench.connect(version, 'retained');
      await client.subscribe(filter, 0);
      const got = (await client.pending()).map((packet) => (packet.cmd === 'publish' ? packet.topic : packet.cmd));
      t.same(got.toSorted(), found.toSorted(), `retained for ${filter}`);
    }
  },
);

each(
  [3, 4, 5],
  'Topic Names and Topic Filters have at least one character [MQTT-4.7.3-1] [3.1.1: MQTT-4.7.3-1]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = await bench.connect(version, 'a');
    t.same((await client.subscribe('', 0)).granted, [version === 5 ? 0x8f : 0x80]);
    client.raw(publish(version, '', 'x'));
    await client.closed();
    const told = (await client.pending()).map(brief);
    if (version < 5) t.same(told, []);
    else t.match(told, [/^disconnect 0x(82|90)$/]);
    t.equal(told.length, version < 5 ? 0 : 1);
    // A level may be empty, and a space is a character.
    for (const topic of ['/', '//', ' ', 'a//b'])
      t.same(await reached(bench, version, topic, ['/', '//', ' ', 'a//b']), [topic]);
  },
);

each([3, 4, 5], 'topics of up to 65,535 bytes are topics [MQTT-4.7.3-3] [3.1.1: MQTT-4.7.3-3]', async (t, version) => {
  const bench = new Bench(t, { packetBytes: 200_000 });
  const client = await bench.connect(version, 'a');
  for (const longest of ['x'.repeat(65_535), 'ü'.repeat(32_767), `${'x'.repeat(32_767)}/${'y'.repeat(32_767)}`]) {
    t.same((await client.subscribe(longest, 0)).granted, [0]);
    client.raw(publish(version, longest, 'x'));
    t.equal((await client.next('publish')).topic, longest);
  }
  // One from inside the gateway that no packet could carry goes nowhere.
  await client.subscribe('#', 0);
  bench.route({ topic: 'x'.repeat(65_536), payload: 'x' });
  bench.route({ topic: 'ü'.repeat(32_768), payload: 'x' });
  await unharmed(t, client);
});

each(
  [3, 4, 5],
  'topics are compared as they are: no normalisation, no case, no trimming [MQTT-4.7.3-4] [3.1.1: MQTT-4.7.3-4]',
  async (t, version) => {
    const bench = new Bench(t);
    const topics = [
      'Accounts',
      'accounts',
      'ACCOUNTS',
      '/accounts',
      'accounts/',
      'accounts ',
      ' accounts',
      'e\u{301}',
      '\u{e9}',
      '\u{ff21}',
      'A',
      'a/../b',
      'b',
      'a/./b',
      'a/b',
      '%61',
      'ﬁ',
      'fi',
      '\u{fffd}',
      '\u{212b}',
      '\u{c5}',
    ];
    for (const topic of topics) t.same(await reached(bench, version, topic, topics), [topic], topic);
  },
);

each(
  [3, 4, 5],
  'U+0000 is not part of a topic, whoever sends it [MQTT-4.7.3-2] [3.1.1: MQTT-4.7.3-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const nul = sized(Buffer.from('a\0b'));
    for (const bytes of [
      publish(version, nul),
      subscribe(version, nul),
      packet(0xa2, u16(1), ...(version === 5 ? [properties()] : []), nul),
    ]) {
      const client = await bench.connect(version, 'a');
      client.raw(bytes);
      await refused(t, client, 0x81);
    }
  },
);

t.test('200 separators are served, more are refused as a limit of ours, and nothing breaks', async (t) => {
  const bench = new Bench(t);
  const deep = Array.from({ length: 201 }, (_, i) => `${i}`).join('/');
  t.same(await reached(bench, 5, deep, [deep]), [deep]);
  t.same(await reached(bench, 5, '#', [deep]), [deep]);
  const client = await bench.connect(5, 'a');
  t.same((await client.subscribe(`${deep}/x`, 0)).granted, [0x8f]);
  client.raw(packet(0x32, `${deep}/x`, u16(1), 0));
  t.equal((await client.next('puback')).reasonCode, 0x90);
  await unharmed(t, client);
});
