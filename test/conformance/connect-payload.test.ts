/** The payload of CONNECT, above all the Client Identifier: §3.1.3. */
import t from 'tap';
import { type Access, unrestricted } from '../../src/broker/access/access.js';
import { ReasonCode, Refusal } from '../../src/broker/reason-codes.js';
import { Bench } from '../unit/broker/harness.js';
import {
  brief,
  closedSilently,
  connect,
  connectRefused,
  each,
  type Part,
  properties,
  publish,
  type Version,
} from './harness.js';

function ids(bench: Bench): string[] {
  return bench.broker.clients().map(({ clientId }) => clientId);
}

/** Lets everybody in and remembers with what. */
function recordingAccess() {
  const seen: [clientId: string, username: string | undefined, password: string | undefined][] = [];
  const access: Access = {
    authenticate: ({ clientId, username, password }) => {
      seen.push([clientId, username, password?.toString()]);
      return { user: username, permissions: unrestricted };
    },
    exchange: () => new Refusal(ReasonCode.badAuthenticationMethod, 'none'),
  };
  return { access, seen };
}

each(
  [3, 4, 5],
  'the fields are read in their order: Client Identifier, Will, User Name, Password [MQTT-3.1.3-1, MQTT-3.1.3-3] [3.1.1: MQTT-3.1.3-1, MQTT-3.1.3-3]',
  async (t, version) => {
    const { access, seen } = recordingAccess();
    const bench = new Bench(t, {}, {}, access);
    const watcher = await bench.connect(version, 'watcher');
    await watcher.subscribe('#', 1);
    const client = bench.open(version);
    const will: Part[] = version === 5 ? [properties(0x03, 'type'), 'topic', 'payload'] : ['topic', 'payload'];
    client.raw(connect(version, { flags: 0xce, payload: ['id', ...will, 'name', 'word'] }));
    await client.next('connack');
    t.same(seen.at(-1), ['id', 'name', 'word']);
    await client.cut();
    const published = await watcher.next('publish');
    t.equal(brief(published), 'publish topic payload q1');
    if (version === 5) t.equal(published.properties?.contentType, 'type', 'Will Properties come before the Will Topic');
  },
);

each(
  [3, 4, 5],
  'a CONNECT without Client Identifier is malformed [MQTT-3.1.3-3] [3.1.1: MQTT-3.1.3-3]',
  async (t, version) => {
    const client = new Bench(t).open(version);
    client.raw(connect(version, { payload: [] }));
    if (version === 5) await connectRefused(t, client, 0x81);
    else await closedSilently(t, client);
  },
);

each(
  [3, 4, 5],
  'Client Identifiers of 1 to 23 letters and digits are accepted, longer and other ones too [MQTT-3.1.3-5] [3.1.1: MQTT-3.1.3-5]',
  async (t, version) => {
    const bench = new Bench(t);
    const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
    const good = [
      ...alphabet,
      alphabet.slice(0, 23),
      alphabet.slice(-23),
      alphabet,
      'x'.repeat(60_000),
      '$',
      '/',
      '+',
      '#',
      ' ',
      'grüß',
    ];
    for (const clientId of good) {
      const client = await bench.connect(version, clientId);
      t.equal(brief(client.connack!), 'connack 0x0');
      t.same(ids(bench), [clientId]);
      await client.cut();
    }
  },
);

t.test(
  '5.0 and 3.1.1: an empty Client Identifier is replaced by a unique one, and that is the one of the session [MQTT-3.1.3-6, MQTT-3.1.3-7, MQTT-3.2.2-16] [3.1.1: MQTT-3.1.3-6]',
  async (t) => {
    const bench = new Bench(t);
    const assigned = new Set<string>();
    for (const version of [5, 5, 5, 4, 4, 4] as const) {
      const client = bench.open(version);
      client.raw(connect(version, { payload: [''] }));
      const { properties, ...connack } = await client.next('connack');
      t.equal(brief({ ...connack } as typeof connack), 'connack 0x0');
      const last = ids(bench).at(-1)!;
      t.ok(last.length > 0 && !assigned.has(last));
      if (version === 5) t.equal(properties?.assignedClientIdentifier, last, 'the client is told');
      assigned.add(last);
    }
    t.equal(assigned.size, 6);
    t.same(ids(bench).toSorted(), [...assigned].toSorted(), 'all at once');
  },
);

t.test('5.0: the session of an assigned Client Identifier can be resumed by it [MQTT-3.1.3-7]', async (t) => {
  const bench = new Bench(t);
  const first = bench.open(5);
  first.raw(connect(5, { flags: 0x00, properties: properties(0x11, Buffer.from([0, 0, 1, 0])), payload: [''] }));
  const { properties: granted, sessionPresent } = await first.next('connack');
  t.equal(sessionPresent, false);
  await first.subscribe('t', 1);
  await first.cut();
  bench.route({ topic: 't', payload: 'waited', qos: 1 });
  const second = await bench.connect(5, granted?.assignedClientIdentifier ?? '?', { clean: false });
  t.equal(second.connack?.sessionPresent, true);
  t.equal(second.connack?.properties?.assignedClientIdentifier, undefined, 'it was not assigned this time');
  t.same((await second.pending()).map(brief), ['publish t waited q1']);
});

t.test(
  'an assigned Client Identifier is not one that a session has [MQTT-3.2.2-16] [3.1.1: MQTT-3.1.3-6]',
  async (t) => {
    // The same number again and again, until it must have been noticed.
    let draws = 0;
    const random = () => (draws++ < 40 ? 0.5 : 0.25);
    for (const version of [4, 5] as const) {
      draws = 0;
      const bench = new Bench(t, {}, {}, undefined, random);
      for (let i = 0; i < 2; i++) {
        const client = bench.open(version);
        client.raw(connect(version, { payload: [''] }));
        t.equal(brief(await client.next('connack')), 'connack 0x0');
      }
      t.equal(ids(bench).length, 2);
      t.equal(new Set(ids(bench)).size, 2);
    }
  },
);

t.test(
  '3.1.1: an empty Client Identifier with CleanSession 0 is refused with 0x02 [3.1.1: MQTT-3.1.3-7, MQTT-3.1.3-8, MQTT-3.1.3-9]',
  async (t) => {
    const bench = new Bench(t);
    const client = bench.open(4);
    client.raw(connect(4, { flags: 0x00, payload: [''] }));
    await connectRefused(t, client, 0x02);
    // 3.1 knows no empty identifier at all.
    for (const flags of [0x00, 0x02]) {
      const old = bench.open(3);
      old.raw(connect(3, { flags, payload: [''] }));
      await connectRefused(t, old, 0x02);
    }
    t.same(ids(bench), []);
  },
);

t.test(
  'a Client Identifier that is refused is told so: 0x85, before 5.0 0x02 [MQTT-3.1.3-8] [3.1.1: MQTT-3.1.3-9]',
  async (t) => {
    const { access } = recordingAccess();
    const bench = new Bench(t, {}, {}, access);
    // The session of another user.
    await bench.connect(5, 'taken', { username: 'ann' });
    const refusedFor: readonly [Version, number][] = [
      [3, 0x02],
      [4, 0x02],
      [5, 0x85],
    ];
    for (const [version, code] of refusedFor) {
      const client = bench.open(version);
      client.raw(Buffer.concat([connect(version, { flags: 0x82, payload: ['taken', 'bob'] }), publish(version, 't')]));
      await connectRefused(t, client, code);
    }
    t.same(ids(bench), ['taken']);
    t.equal(bench.broker.clients()[0]?.connected, true, 'the other one is not disturbed');
  },
);
