/** UTF-8 Encoded Strings and String Pairs, in every field that is one: §1.5.4, §1.5.7 (3.1.1: §1.5.3). */
import t, { type Test } from 'tap';
import { Bench } from '../unit/broker/harness.js';
import {
  closedSilently,
  connect,
  connectRefused,
  each,
  type Part,
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

const illFormed: Readonly<Record<string, Buffer>> = {
  'a lone high surrogate': Buffer.from('61eda08062', 'hex'),
  'a lone low surrogate': Buffer.from('edbfbf', 'hex'),
  'a surrogate pair': Buffer.from('eda081edb080', 'hex'),
  'an overlong encoding': Buffer.from('c0af', 'hex'),
  'an overlong U+0000': Buffer.from('61c080', 'hex'),
  'a truncated character': Buffer.from('61e282', 'hex'),
  'a lone continuation byte': Buffer.from('80', 'hex'),
  'beyond U+10FFFF': Buffer.from('f4908080', 'hex'),
  'Latin-1': Buffer.from('6772f65f', 'hex'),
};
const nul: Readonly<Record<string, Buffer>> = {
  'U+0000 alone': Buffer.from([0]),
  'U+0000 inside': Buffer.from('a\0b'),
  'U+0000 at the end': Buffer.from('ab\0'),
};

type Field = (version: Version, text: Part) => Buffer;

/** Strings of CONNECT. */
const atConnect: Readonly<Record<string, Field>> = {
  'Client Identifier': (version, text) => connect(version, { payload: [text] }),
  'Will Topic': (version, text) =>
    connect(version, { flags: 0x06, payload: ['c', ...(version === 5 ? [properties()] : []), text, 'w'] }),
  'User Name': (version, text) => connect(version, { flags: 0x82, payload: ['c', text] }),
};
/** Strings after CONNECT. */
const later: Readonly<Record<string, Field>> = {
  'Topic Name': (version, text) => publish(version, text),
  'Topic Filter of SUBSCRIBE': (version, text) => subscribe(version, text),
  'Topic Filter of UNSUBSCRIBE': (version, text) =>
    packet(0xa2, u16(1), ...(version === 5 ? [properties()] : []), text),
};
/** Strings in properties: 5.0. */
const inProperties: Readonly<Record<string, Field>> = {
  'Content Type': (version, text) => publish(version, 't', '', properties(0x03, text)),
  'Response Topic': (version, text) => publish(version, 't', '', properties(0x08, text)),
  'name of a User Property': (version, text) => publish(version, 't', '', properties(0x26, text, 'v')),
  'value of a User Property': (version, text) => publish(version, 't', '', properties(0x26, 'n', text)),
  'User Property of SUBSCRIBE': (version, text) => subscribe(version, 't', 0, properties(0x26, text, text)),
  'Reason String of PUBACK': (_, text) => packet(0x40, u16(1), 0x00, properties(0x1f, text)),
  'Reason String of DISCONNECT': (_, text) => packet(0xe0, 0x00, properties(0x1f, text)),
};
const inConnectProperties: Readonly<Record<string, Field>> = {
  'Authentication Method': (version, text) => connect(version, { properties: properties(0x15, text) }),
  'User Property of CONNECT': (version, text) => connect(version, { properties: properties(0x26, 'n', text) }),
  'User Property of the Will': (version, text) =>
    connect(version, { flags: 0x06, payload: ['c', properties(0x26, text, 'v'), 'w', 'w'] }),
};

async function allRefused(t: Test, version: Version, bad: Readonly<Record<string, Buffer>>): Promise<void> {
  const bench = new Bench(t);
  const listener = await bench.connect(version, 'listener');
  await listener.subscribe('#', 0);
  for (const [what, text] of Object.entries(bad)) {
    for (const [field, bytes] of Object.entries({ ...atConnect, ...(version === 5 && inConnectProperties) })) {
      await t.test(`${field}: ${what}`, async (t) => {
        const client = bench.open(version);
        client.raw(bytes(version, sized(text)));
        // 3.1.1 §3.1.4: a CONNECT that does not conform is not answered at all.
        if (version === 5) await connectRefused(t, client, 0x81);
        else await closedSilently(t, client);
      });
    }
    for (const [field, bytes] of Object.entries({ ...later, ...(version === 5 && inProperties) })) {
      await t.test(`${field}: ${what}`, async (t) => {
        const client = await bench.connect(version, 'bad');
        client.raw(bytes(version, sized(text)));
        await refused(t, client, 0x81);
      });
    }
  }
  // Nothing of all that was published, and no session is left.
  await unharmed(t, listener);
  t.same(
    bench.broker.clients().map(({ clientId }) => clientId),
    ['listener'],
  );
}

each(
  [3, 4, 5],
  'a string that is not well-formed UTF-8 ends the connection, in every field [MQTT-1.5.4-1, MQTT-3.1.3-4, MQTT-3.1.3-11, MQTT-3.1.3-12, MQTT-3.3.2-1, MQTT-3.3.2-13, MQTT-3.3.2-19, MQTT-3.8.3-1, MQTT-3.10.3-1] [3.1.1: MQTT-1.5.3-1, MQTT-3.3.2-1, MQTT-3.1.3-4, MQTT-3.1.3-10, MQTT-3.1.3-11, MQTT-3.8.3-1, MQTT-3.10.3-1]',
  (t, version) => allRefused(t, version, illFormed),
);

each(
  [3, 4, 5],
  'a string with U+0000 ends the connection, in every field [MQTT-1.5.4-2, MQTT-4.7.3-2] [3.1.1: MQTT-1.5.3-2, MQTT-4.7.3-2]',
  (t, version) => allRefused(t, version, nul),
);

t.test('either string of a User Property may be the bad one, first or later [MQTT-1.5.7-1]', async (t) => {
  const bench = new Bench(t);
  const good = ['n', 'v'] as const;
  for (const text of [...Object.values(illFormed), ...Object.values(nul)].map(sized)) {
    for (const pairs of [
      [text, 'v'],
      ['n', text],
      [...good, text, 'v'],
      [...good, 'n', text],
    ] as Part[][]) {
      const client = await bench.connect(5, 'bad');
      const parts = [0x26, ...pairs.slice(0, 2), ...(pairs.length > 2 ? [0x26, ...pairs.slice(2)] : [])];
      client.raw(publish(5, 't', '', properties(...parts)));
      await refused(t, client, 0x81);
    }
  }
});

const BOM = '\u{feff}';

each(
  [3, 4, 5],
  'U+FEFF is a character like any other: neither skipped nor stripped [MQTT-1.5.4-3] [3.1.1: MQTT-1.5.3-3]',
  async (t, version) => {
    const bench = new Bench(t);
    const plain = await bench.connect(version, 'plain');
    await plain.subscribe('t/x', 0);
    const marked = await bench.connect(version, 'marked');
    await marked.subscribe(`${BOM}t/${BOM}x${BOM}`, 0);
    const publisher = await bench.connect(version, `${BOM}p`);
    t.same(
      bench.broker
        .clients()
        .map(({ clientId }) => clientId)
        .includes(`${BOM}p`),
      true,
      'in the Client Identifier',
    );
    const topic = Buffer.from('efbbbf742fefbbbf78efbbbf', 'hex');
    publisher.raw(publish(version, sized(topic), '1'));
    const got = await marked.next('publish');
    t.equal(Buffer.from(got.topic).toString('hex'), topic.toString('hex'), 'in the Topic Name, byte for byte');
    t.same(await plain.pending(), [], 'and it makes another topic');
    const twin = await bench.connect(version, 'p');
    await unharmed(t, publisher);
    await unharmed(t, twin);
  },
);

t.test('well-formed UTF-8 of every length goes through unchanged [MQTT-1.5.4-1]', async (t) => {
  const bench = new Bench(t);
  const text = 'grüß/東京/🌡/\u{fffd}/\u{10fffd}/e\u{301}';
  const client = await bench.connect(5, text);
  await client.subscribe(text, 0);
  client.send({
    cmd: 'publish',
    topic: text,
    payload: text,
    qos: 0,
    dup: false,
    retain: false,
    properties: { contentType: text, userProperties: { [text]: text } },
  });
  const got = await client.next('publish');
  t.equal(got.topic, text);
  t.match(got.properties, { contentType: text, userProperties: { [text]: text } });
});
