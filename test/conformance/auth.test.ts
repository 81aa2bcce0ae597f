/** AUTH and enhanced authentication: §3.15, §4.12. */
import t from 'tap';
import { type Access, type Step, unrestricted } from '../../src/broker/access/access.js';
import { ReasonCode, Refusal } from '../../src/broker/reason-codes.js';
import { Bench, type TestClient } from '../unit/broker/harness.js';
import {
  brief,
  bytes,
  closedSilently,
  connect,
  connectRefused,
  each,
  type Part,
  packet,
  properties,
  publish,
  recorded,
  refused,
  sized,
  subscribe,
  u32,
  unharmed,
} from './harness.js';

const METHOD = 'riddle';

/** Asks twice: `one` and `two` are right. The identity is the same for everybody. */
const riddle: Access = {
  authenticate: () => ({ user: undefined, permissions: unrestricted }),
  exchange(method) {
    if (method !== METHOD) return new Refusal(ReasonCode.badAuthenticationMethod, 'there is no such method');
    let asked = 0;
    const step = (data: Buffer | undefined): Step => {
      const answer = data?.toString();
      if (asked > 0 && answer !== ['one', 'two'][asked - 1]) return new Refusal(ReasonCode.notAuthorized, 'wrong');
      asked++;
      if (asked <= 2) return { result: 'continue', data: Buffer.from(`question ${asked}`) };
      return {
        result: 'success',
        identity: { user: undefined, permissions: unrestricted },
        data: Buffer.from('right'),
      };
    };
    return { step };
  },
};

function method(data?: string, name = METHOD): Buffer {
  return properties(0x15, name, ...(data === undefined ? [] : [0x16, data]));
}

function auth(reasonCode: number, data?: string, name = METHOD): Buffer {
  return packet(0xf0, reasonCode, method(data, name));
}

/** As far as the first question. */
async function begun(bench: Bench, payload: Part[] = ['c']): Promise<TestClient> {
  const client = bench.open(5);
  client.raw(connect(5, { properties: method(), payload }));
  await client.next('auth');
  return client;
}

async function connected(bench: Bench, clientId = 'c'): Promise<TestClient> {
  const client = await begun(bench, [clientId]);
  client.raw(auth(0x18, 'one'));
  await client.next('auth');
  client.raw(auth(0x18, 'two'));
  t.equal((await client.next('connack')).reasonCode, 0);
  return client;
}

t.test(
  'the exchange, byte for byte: AUTH 0x18 with the method until CONNACK 0x00 with the method [MQTT-4.12.0-2, MQTT-4.12.0-3, MQTT-4.12.0-5, MQTT-3.15.2-1, MQTT-3.2.0-1]',
  async (t) => {
    const bench = new Bench(t, {}, {}, riddle);
    const client = bench.open(5);
    const seen = recorded(client);
    client.raw(connect(5, { properties: method() }));
    await client.next('auth');
    client.raw(auth(0x18, 'one'));
    await client.next('auth');
    t.same(seen.bytes(), Buffer.concat([auth(0x18, 'question 1'), auth(0x18, 'question 2')]), 'nothing but AUTH');
    t.same(bench.broker.clients(), [], 'nobody is connected yet');
    client.raw(auth(0x18, 'two'));
    const connack = await client.next('connack');
    t.equal(connack.reasonCode, 0);
    t.equal(connack.properties?.authenticationMethod, METHOD);
    t.same(connack.properties?.authenticationData, Buffer.from('right'));
    await unharmed(t, client);
  },
);

t.test('a method that is not supported ends the connection: 0x8C [MQTT-4.12.0-1]', async (t) => {
  for (const access of [riddle, undefined]) {
    const bench = new Bench(t, {}, {}, access);
    for (const name of ['', 'RIDDLE', 'riddle ', 'GS2-KRB5']) {
      const client = bench.open(5);
      client.raw(connect(5, { properties: method('data', name) }));
      await connectRefused(t, client, 0x8c);
    }
    t.same(bench.broker.clients(), []);
  }
});

t.test('a wrong answer, first or later, ends the connection [MQTT-4.12.0-4]', async (t) => {
  const bench = new Bench(t, {}, {}, riddle);
  const first = await begun(bench);
  first.raw(auth(0x18, 'two'));
  await connectRefused(t, first, 0x87);
  const second = await begun(bench);
  second.raw(auth(0x18, 'one'));
  await second.next('auth');
  second.raw(auth(0x18, 'one'));
  await connectRefused(t, second, 0x87);
  const nothing = await begun(bench);
  nothing.raw(packet(0xf0, 0x18, method()));
  await connectRefused(t, nothing, 0x87);
  t.same(bench.broker.clients(), []);
});

t.test('until CONNACK a client sends AUTH and DISCONNECT only [MQTT-3.1.2-30]', async (t) => {
  const bench = new Bench(t, {}, {}, riddle);
  const watcher = await bench.connect(5, 'w');
  await watcher.subscribe('#', 0);
  for (const bytes of [publish(5, 't', 'x'), subscribe(5, 't'), packet(0xc0), packet(0x40, 0, 1), connect(5)]) {
    const client = await begun(bench);
    client.raw(bytes);
    await connectRefused(t, client, 0x82);
  }
  const leaving = await begun(bench);
  leaving.raw(packet(0xe0));
  await closedSilently(t, leaving);
  await unharmed(t, watcher);
});

t.test('every AUTH names the method of CONNECT [MQTT-4.12.0-5, MQTT-4.12.1-1]', async (t) => {
  const bench = new Bench(t, {}, {}, riddle);
  for (const bytes of [
    auth(0x18, 'one', 'other'),
    packet(0xf0, 0x18, properties(0x16, 'one')),
    packet(0xf0, 0x18),
    packet(0xf0),
  ]) {
    const early = await begun(bench);
    early.raw(bytes);
    await connectRefused(t, early, 0x82);
  }
  for (const bytes of [
    auth(0x19, undefined, 'other'),
    packet(0xf0, 0x19, properties()),
    packet(0xf0, 0x19),
    packet(0xf0),
  ]) {
    const later = await connected(bench);
    later.raw(bytes);
    await refused(t, later, 0x82);
  }
});

t.test(
  'without a method in CONNECT there is no AUTH, in neither direction [MQTT-4.12.0-6, MQTT-4.12.0-7]',
  async (t) => {
    const bench = new Bench(t, {}, {}, riddle);
    for (const flags of [0x02, 0xc2]) {
      const client = bench.open(5);
      const seen = recorded(client);
      client.raw(connect(5, { flags, payload: flags === 0x02 ? ['c'] : ['c', 'user', 'pass'] }));
      const connack = await client.next('connack');
      t.equal(connack.reasonCode, 0);
      t.equal(connack.properties?.authenticationMethod, undefined);
      t.equal(connack.properties?.authenticationData, undefined);
      t.notOk(seen.packets().some(({ cmd }) => cmd === 'auth'));
      for (const bytes of [auth(0x19), auth(0x18)]) {
        const other = await bench.connect(5, 'other');
        other.raw(bytes);
        await refused(t, other, 0x82);
      }
      await client.cut();
    }
  },
);

each([3, 4], 'before 5.0 there is no AUTH: the type is reserved [3.1.1: MQTT-2.2.2-2]', async (t, version) => {
  const bench = new Bench(t, {}, {}, riddle);
  for (const bytes of [auth(0x19), packet(0xf0)]) {
    const client = await bench.connect(version, 'a');
    client.raw(bytes);
    await closedSilently(t, client);
  }
});

t.test(
  're-authentication: AUTH 0x19, questions, AUTH 0x00; meanwhile everything goes on [MQTT-4.12.1-1, MQTT-4.12.0-5, MQTT-3.15.2-1]',
  async (t) => {
    const bench = new Bench(t, {}, {}, riddle);
    const client = await connected(bench);
    await client.subscribe('t', 0);
    const seen = recorded(client);
    client.raw(auth(0x19));
    await client.next('auth');
    await client.publish('t', 'meanwhile');
    t.equal(brief(await client.next('publish')), 'publish t meanwhile q0');
    client.raw(auth(0x18, 'one'));
    await client.next('auth');
    client.raw(auth(0x18, 'two'));
    await client.next('auth');
    const want = [
      auth(0x18, 'question 1'),
      publish(5, 't', 'meanwhile'),
      auth(0x18, 'question 2'),
      auth(0x00, 'right'),
    ];
    t.same(seen.bytes(), Buffer.concat(want));
    await unharmed(t, client);
  },
);

t.test('re-authentication that fails ends the connection [MQTT-4.12.1-2]', async (t) => {
  const bench = new Bench(t, {}, {}, riddle);
  const watcher = await bench.connect(5, 'w');
  await watcher.subscribe('t', 0);
  const client = await connected(bench);
  client.raw(auth(0x19));
  await client.next('auth');
  client.raw(Buffer.concat([auth(0x18, 'wrong'), publish(5, 't', 'x')]));
  await refused(t, client, 0x87);
  await unharmed(t, watcher);
});

t.test('AUTH out of turn is a Protocol Error [MQTT-4.12.1-1, MQTT-4.12.0-3]', async (t) => {
  const bench = new Bench(t, {}, {}, riddle);
  const again = await begun(bench);
  again.raw(auth(0x19));
  await connectRefused(t, again, 0x82);
  const idle = await connected(bench);
  idle.raw(auth(0x18, 'one'));
  await refused(t, idle, 0x82);
  const twice = await connected(bench);
  twice.raw(auth(0x19));
  await twice.next('auth');
  twice.raw(auth(0x19));
  await refused(t, twice, 0x82);
  const first = bench.open(5);
  first.raw(auth(0x18, 'one'));
  await closedSilently(t, first);
});

t.test('the Reason Code of a client is 0x18 or 0x19 [MQTT-3.15.2-1, MQTT-4.12.0-3]', async (t) => {
  const bench = new Bench(t, {}, {}, riddle);
  for (const reasonCode of [0x00, 0x01, 0x17, 0x1a, 0x80, 0x87, 0xff]) {
    const early = await begun(bench);
    early.raw(auth(reasonCode, 'one'));
    await connectRefused(t, early, 0x82);
    const later = await connected(bench);
    later.raw(auth(reasonCode, 'one'));
    await refused(t, later, 0x82);
  }
});

t.test(
  'AUTH has neither Reason String nor User Properties, and never exceeds the Maximum Packet Size [MQTT-3.15.2-2, MQTT-3.15.2-3]',
  async (t) => {
    const bench = new Bench(t, {}, {}, riddle);
    const question = auth(0x18, 'question 1').length;
    for (let size = 10; size < 120; size++) {
      const client = bench.open(5);
      const seen = recorded(client);
      client.raw(connect(5, { properties: sizedProperties(method(), bytes(0x27, u32(size))) }));
      await bench.settle();
      if (size >= question) {
        t.same(seen.bytes(), auth(0x18, 'question 1'));
        await client.cut();
      } else {
        await client.closed();
        if (seen.bytes().length > size) t.fail(`${seen.bytes().length} bytes, ${size} are allowed`);
        t.notOk(seen.packets().some(({ cmd }) => cmd === 'auth'));
      }
    }
  },
);

/** One set of properties out of a set and more. */
function sizedProperties(set: Buffer, more: Buffer): Buffer {
  return properties(set.subarray(1), more);
}

t.test('AUTH cut short or too long is malformed [MQTT-3.15.1-1]', async (t) => {
  const bench = new Bench(t, {}, {}, riddle);
  for (const bad of [
    packet(0xf0, 0x19, method().subarray(0, 5)),
    packet(0xf0, 0x19, method(), 0),
    packet(0xf1, 0x19, method()),
    packet(0xf0, 0x19, properties(0x15, sized(Buffer.from([0xff])))),
  ]) {
    const client = await connected(bench);
    client.raw(bad);
    await refused(t, client, 0x81);
  }
});
