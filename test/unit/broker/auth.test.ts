import t from 'tap';
import { type Access, type Identity, type Step, unrestricted } from '../../../src/broker/access/access.js';
import { ReasonCode, Refusal } from '../../../src/broker/reason-codes.js';
import { Mesh } from '../../../src/core/mesh.js';
import { Bench, shown } from './harness.js';

const identity = (user: string): Identity => ({ user, permissions: unrestricted });

/** Method `ask`: hello → who? → a name → in, or out for `bad`. Later authentications answer by promise. */
function scriptedAccess(permissionsOf: (user: string) => Identity = identity): Access {
  let exchanges = 0;
  return {
    authenticate: () => identity('plain'),
    exchange(method) {
      if (method !== 'ask') return new Refusal(ReasonCode.badAuthenticationMethod, 'not offered');
      const isLate = exchanges++ > 0;
      let steps = 0;
      const step = (data: Buffer | undefined): Step => {
        if (steps++ === 0) return { result: 'continue', data: Buffer.from(`who, ${data}?`) };
        if (String(data) === 'bad') return new Refusal(ReasonCode.badUserNameOrPassword, 'not known');
        return { result: 'success', identity: permissionsOf(String(data)), data: Buffer.from('welcome') };
      };
      return { step: (data) => (isLate ? Promise.resolve(step(data && Buffer.from(data))) : step(data)) };
    },
  };
}

const connect = { properties: { authenticationMethod: 'ask', authenticationData: Buffer.from('hello') } };

function auth(reasonCode: number, data: string, method = 'ask') {
  return {
    cmd: 'auth',
    reasonCode,
    properties: { authenticationMethod: method, authenticationData: Buffer.from(data) },
  } as const;
}

async function begin(bench: Bench, clientId: string, userProperties?: Record<string, string>) {
  const client = bench.open(5);
  const properties = { ...connect.properties, ...(userProperties && { userProperties }) };
  client.send({ cmd: 'connect', protocolVersion: 5, clientId, clean: true, keepalive: 0, properties });
  t.match(await client.next('auth'), auth(0x18, 'who, hello?'));
  return client;
}

async function authenticated(bench: Bench, clientId: string, name = 'ann') {
  const client = await begin(bench, clientId);
  client.send(auth(0x18, name));
  t.match(await client.next('connack'), {
    reasonCode: 0,
    properties: { authenticationMethod: 'ask', authenticationData: Buffer.from('welcome') },
  });
  return client;
}

t.test('AUTH goes to and fro until CONNACK, which repeats the method [MQTT-4.12.0-2] [MQTT-4.12.0-5]', async (t) => {
  const bench = new Bench(t, {}, {}, scriptedAccess());
  const client = await authenticated(bench, 'a');
  await client.subscribe('t', 0);
  await client.publish('t', 'x');
  t.same((await client.pending()).map(shown), ['t x q0 r0']);
});

t.test(
  'a failed exchange ends with CONNACK, an unknown method with 0x8C [MQTT-4.12.0-1] [MQTT-4.12.0-4]',
  async (t) => {
    const bench = new Bench(t, {}, {}, scriptedAccess());
    const bad = await begin(bench, 'a');
    bad.send(auth(0x18, 'bad'));
    t.equal((await bad.next('connack')).reasonCode, 0x86);
    await bad.closed();
    const other = bench.open(5);
    t.equal((await other.connect('b', { properties: { authenticationMethod: 'SCRAM' } })).reasonCode, 0x8c);
    await other.closed();
    t.same(bench.broker.clients(), []);
  },
);

t.test('until CONNACK only AUTH and DISCONNECT are taken [MQTT-3.1.2-30]', async (t) => {
  const bench = new Bench(t, {}, {}, scriptedAccess());
  const hasty = await begin(bench, 'a');
  hasty.send({ cmd: 'publish', topic: 't', payload: 'x', qos: 0, retain: false, dup: false });
  t.equal((await hasty.next('connack')).reasonCode, 0x82);
  await hasty.closed();
  const leaving = await begin(bench, 'b');
  leaving.send({ cmd: 'disconnect', reasonCode: 0 });
  await leaving.closed();
  t.same(await leaving.pending(), []);
  const mistaken = await begin(bench, 'c');
  mistaken.send(auth(0x19, 'ann'));
  t.equal((await mistaken.next('connack')).reasonCode, 0x82, 're-authentication is not yet possible');
  await mistaken.closed();
});

t.test('an exchange that takes too long ends with the time to connect', async (t) => {
  const bench = new Bench(t, { connectTimeout: 5_000 }, {}, scriptedAccess());
  const client = await begin(bench, 'a');
  await bench.clock.advance(5_000);
  await client.closed();
  t.equal(bench.broker.connections(), 0);
});

t.test(
  'AUTH without a method in CONNECT, or with another one, is an error [MQTT-4.12.0-6] [MQTT-4.12.0-7]',
  async (t) => {
    const bench = new Bench(t, {}, {}, scriptedAccess());
    const plain = await bench.connect(5, 'plain');
    plain.send(auth(0x19, 'hello'));
    t.equal((await plain.next('disconnect')).reasonCode, 0x82);
    await plain.closed();
    const client = await begin(bench, 'a');
    client.send(auth(0x18, 'ann', 'other'));
    t.equal((await client.next('connack')).reasonCode, 0x82);
    await client.closed();
    const connected = await authenticated(bench, 'b');
    connected.send(auth(0x18, 'ann'));
    t.equal((await connected.next('disconnect')).reasonCode, 0x82, 'nothing to continue');
    const old = await bench.connect(4, 'old');
    old.raw(Buffer.from('f000', 'hex'));
    await old.closed();
  },
);

t.test('authentication anew: others packets go on meanwhile, then AUTH 0x00 [MQTT-4.12.1-1]', async (t) => {
  let mayPublish = true;
  const permissionsOf = (user: string): Identity => {
    const allowed = mayPublish;
    return { user, permissions: { ...unrestricted, mayPublish: () => allowed } };
  };
  const bench = new Bench(t, {}, {}, scriptedAccess(permissionsOf));
  const client = await authenticated(bench, 'a');
  await client.subscribe('t', 0);
  mayPublish = false;
  client.send(auth(0x19, 'again'));
  t.match(await client.next('auth'), auth(0x18, 'who, again?'));
  await client.publish('t', 'with the old permissions');
  t.equal(shown(await client.next('publish')), 't with the old permissions q0 r0');
  client.send(auth(0x18, 'ann'));
  t.match(await client.next('auth'), auth(0x00, 'welcome'));
  client.send({ cmd: 'publish', topic: 't', payload: 'x', qos: 1, messageId: 1, retain: false, dup: false });
  t.equal((await client.next('puback')).reasonCode, 0x87, 'the new permissions are in force');
});

t.test('a peer that authenticates anew without the role may stay no longer', async (t) => {
  let mayPeer = true;
  const permissionsOf = (user: string): Identity => ({ user, permissions: { ...unrestricted, mayPeer } });
  const mesh = new Mesh({ gatewayId: 'g1' });
  const access = scriptedAccess(permissionsOf);
  const bench = new Bench(t, {}, {}, access, undefined, undefined, true, undefined, mesh);
  const client = await begin(bench, 'a', { 'hpmq-peer': 'g2' });
  client.send(auth(0x18, 'ann'));
  t.equal((await client.next('connack')).reasonCode, 0);
  for (const reason of [undefined, 0x87]) {
    mayPeer = reason === undefined;
    client.send(auth(0x19, 'again'));
    await client.next('auth');
    client.send(auth(0x18, 'ann'));
    if (mayPeer) t.match(await client.next('auth'), auth(0x00, 'welcome'));
    else t.equal((await client.next('disconnect')).reasonCode, reason);
  }
  await client.closed();
});

t.test('a failed authentication anew, or one as somebody else, ends the connection [MQTT-4.12.1-2]', async (t) => {
  const bench = new Bench(t, {}, {}, scriptedAccess());
  for (const name of ['bad', 'bob']) {
    const client = await authenticated(bench, 'a');
    client.send(auth(0x19, 'again'));
    await client.next('auth');
    client.send(auth(0x18, name));
    t.equal((await client.next('disconnect')).reasonCode, 0x87, name);
    await client.closed();
  }
});

t.test('who is not let in yet may not make the broker keep a large packet', async (t) => {
  const bench = new Bench(t, { packetBytes: 1024 * 1024 }, {}, scriptedAccess());
  const client = await begin(bench, 'a');
  // AUTH of 200,000 bytes; the header alone is enough to be refused.
  client.raw(Buffer.from('f0c09a0c', 'hex'));
  t.equal((await client.next('connack')).reasonCode, 0x95);
  await client.closed();
  const connected = await authenticated(bench, 'b');
  await connected.subscribe('t', 0);
  await connected.publish('t', 'x'.repeat(200_000));
  t.equal((await connected.next('publish')).payload.length, 200_000);
});
