import t from 'tap';
import { brokerConfig } from '../../support/broker-config.js';
import { Bench, shown } from './harness.js';

t.test('3.1.1: an empty Client Identifier needs a clean session [MQTT-3.1.3-8]', async (t) => {
  const bench = new Bench(t);
  const refused = bench.open(4);
  refused.raw(Buffer.from('100c00044d515454040000000000', 'hex'));
  t.equal((await refused.next('connack')).returnCode, 2);
  await refused.closed();
  const accepted = bench.open(4);
  t.equal((await accepted.connect('')).returnCode, 0);
  t.match(bench.broker.clients()[0]?.clientId, /^hpmq-[0-9a-z]{16}$/);
});

t.test('5.0: an empty Client Identifier gets one, and is told [MQTT-3.2.2-16]', async (t) => {
  const bench = new Bench(t);
  const client = bench.open(5);
  client.raw(Buffer.from('100d00044d51545405000000000000', 'hex'));
  const connack = await client.next('connack');
  const assigned = connack.properties?.assignedClientIdentifier;
  t.match(assigned, /^hpmq-[0-9a-z]{16}$/);
  t.equal(bench.broker.clients()[0]?.clientId, assigned);
});

t.test('CONNACK 5.0 says what the broker keeps to', async (t) => {
  const bench = new Bench(t, { receiveMaximum: 7, packetBytes: 5_000, sessionExpiry: 60_000 });
  const client = await bench.connect(5, 'a', { properties: { sessionExpiryInterval: 3_600 } });
  t.match(client.connack, {
    reasonCode: 0,
    sessionPresent: false,
    properties: {
      receiveMaximum: 7,
      maximumPacketSize: 5_000,
      topicAliasMaximum: 10,
      sharedSubscriptionAvailable: true,
      wildcardSubscriptionAvailable: true,
      subscriptionIdentifiersAvailable: true,
      sessionExpiryInterval: 60,
    },
  });
  t.equal(client.connack?.properties?.serverKeepAlive, undefined, 'the Keep Alive of the client is accepted');
  const modest = await bench.connect(5, 'b', { properties: { sessionExpiryInterval: 5 } });
  t.equal(modest.connack?.properties?.sessionExpiryInterval, undefined, 'as asked: not repeated');
});

t.test('3.1, 3.1.1 and 5.0 are served; other versions are told so', async (t) => {
  const bench = new Bench(t);
  for (const version of [3, 4, 5] as const) {
    const client = await bench.connect(version, `v${version}`);
    t.equal(client.connack?.returnCode ?? client.connack?.reasonCode, 0);
  }
  t.same(
    bench.broker.clients().map(({ protocol }) => protocol),
    ['3.1', '3.1.1', '5.0'],
  );
  const future = bench.open(5);
  future.raw(Buffer.from('100d00044d51545406020000000161', 'hex'));
  t.equal((await future.next('connack')).reasonCode, 0x84);
  await future.closed();
  const past = bench.open(4);
  past.raw(Buffer.from('100d00044d51545403020000000161', 'hex'));
  t.equal((await past.next('connack')).returnCode, 1);
  await past.closed();
});

t.test('without anonymous access everybody is refused', async (t) => {
  const bench = new Bench(t, {}, { listeners: [{ ...brokerConfig().listeners[0]!, auth: { anonymous: false } }] });
  const old = bench.open(4);
  t.equal((await old.connect('a', { username: 'u', password: Buffer.from('p') })).returnCode, 4);
  await old.closed();
  const modern = bench.open(5);
  t.equal((await modern.connect('b')).reasonCode, 0x86);
  await modern.closed();
  t.same(bench.broker.clients(), []);
});

t.test('enhanced authentication is refused as not offered (§4.12)', async (t) => {
  const bench = new Bench(t);
  const client = bench.open(5);
  t.equal((await client.connect('a', { properties: { authenticationMethod: 'SCRAM' } })).reasonCode, 0x8c);
  await client.closed();
});

t.test('a second connection takes the session over [MQTT-3.1.4-3]', async (t) => {
  const bench = new Bench(t);
  const first = await bench.connect(5, 'a', { clean: false, properties: { sessionExpiryInterval: 100 } });
  await first.subscribe('t', 1);
  const second = await bench.connect(5, 'a', { clean: false, properties: { sessionExpiryInterval: 100 } });
  t.equal((await first.next('disconnect')).reasonCode, 0x8e);
  await first.closed();
  t.equal(second.connack?.sessionPresent, true);
  t.equal(bench.broker.clients().length, 1);
  const old = await bench.connect(4, 'a', { clean: false });
  t.equal((await second.next('disconnect')).reasonCode, 0x8e);
  t.equal(old.connack?.sessionPresent, true);
  await bench.connect(4, 'a', { clean: false });
  await old.closed();
  t.same(await old.pending(), [], '3.1.1 has no DISCONNECT from the server');
});

t.test('Clean Start ends the session before', async (t) => {
  const bench = new Bench(t);
  const first = await bench.connect(4, 'a', { clean: false });
  await first.subscribe('t', 1);
  first.send({ cmd: 'disconnect' });
  await first.closed();
  t.equal(bench.broker.router.counters().subscriptions, 1);
  const second = await bench.connect(4, 'a', { clean: true });
  t.equal(second.connack?.sessionPresent, false);
  t.equal(bench.broker.router.counters().subscriptions, 0);
  second.send({ cmd: 'disconnect' });
  await second.closed();
  const third = await bench.connect(4, 'a', { clean: false });
  t.equal(third.connack?.sessionPresent, false, 'a clean session is not kept');
});

t.test('a session ends after its Session Expiry Interval, no sooner [MQTT-3.1.2-23]', async (t) => {
  const bench = new Bench(t);
  const open = { clean: false, properties: { sessionExpiryInterval: 60 } };
  await (await bench.connect(5, 'a', open)).cut();
  await bench.clock.advance(59_000);
  const again = await bench.connect(5, 'a', open);
  t.equal(again.connack?.sessionPresent, true);
  await bench.clock.advance(120_000);
  t.equal(bench.broker.clients().length, 1, 'the interval runs only while it is away');
  await again.cut();
  await bench.clock.advance(60_000);
  t.same(bench.broker.clients(), []);
  t.equal((await bench.connect(5, 'a', open)).connack?.sessionPresent, false);
});

t.test('an interval longer than timers can hold does not end at once', async (t) => {
  const year = 365 * 86_400;
  const bench = new Bench(t, { sessionExpiry: year * 1_000 });
  const client = await bench.connect(5, 'a', { clean: false, properties: { sessionExpiryInterval: year } });
  await client.cut();
  await bench.clock.advance((year - 1) * 1_000);
  t.equal(bench.broker.clients().length, 1);
  await bench.clock.advance(1_000);
  t.equal(bench.broker.clients().length, 0);
});

t.test('DISCONNECT may change the Session Expiry Interval, but not from zero (§3.14.2.2.2)', async (t) => {
  const bench = new Bench(t);
  const keeper = await bench.connect(5, 'keeper', { properties: { sessionExpiryInterval: 100 } });
  keeper.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
  await keeper.closed();
  t.same(bench.broker.clients(), []);
  const cheat = await bench.connect(5, 'cheat');
  cheat.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 10 } });
  t.equal((await cheat.next('disconnect')).reasonCode, 0x82);
  await cheat.closed();
});

t.test('sessions that wait without a connection are limited, the longest absent goes first', async (t) => {
  const bench = new Bench(t, { connections: 2 });
  for (const id of ['a', 'b', 'c']) await (await bench.connect(4, id, { clean: false })).cut();
  t.same(
    bench.broker.clients().map(({ clientId }) => clientId),
    ['b', 'c'],
  );
});

t.test('one client too many is told so', async (t) => {
  const bench = new Bench(t, { connections: 1 });
  await bench.connect(5, 'a');
  const modern = bench.open(5);
  t.equal((await modern.connect('b')).reasonCode, 0x97);
  const old = bench.open(4);
  t.equal((await old.connect('c')).returnCode, 3);
  const again = await bench.connect(5, 'a');
  t.equal(again.connack?.reasonCode, 0, 'taking over needs no room');
  await bench.broker.start(new AbortController().signal);
  const reader = await bench.connect(5, 'a');
  await reader.subscribe('$SYS/broker/connections/+', 0);
  const counts = (await reader.pending()).map(shown);
  t.same(counts, ['$SYS/broker/connections/failed 0 q0 r1', '$SYS/broker/connections/refused 2 q0 r1']);
});

t.test('no CONNECT within connectTimeout: closed', async (t) => {
  const bench = new Bench(t, { connectTimeout: 5_000 });
  const silent = bench.open(4);
  const slow = bench.open(4);
  await bench.clock.advance(4_000);
  slow.raw(Buffer.from('10', 'hex'));
  t.equal(bench.broker.connections(), 2);
  await bench.clock.advance(1_000);
  await silent.closed();
  await slow.closed();
  t.equal(bench.broker.connections(), 0);
});

t.test('keep-alive: one and a half times without a packet, then closed with 0x8D [MQTT-3.1.2-22]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a', { keepalive: 10 });
  await bench.clock.advance(14_000);
  client.send({ cmd: 'pingreq' });
  await client.next('pingresp');
  await bench.clock.advance(14_900);
  t.equal(client.isClosed, false);
  await bench.clock.advance(200);
  t.equal((await client.next('disconnect')).reasonCode, 0x8d);
  await client.closed();
  const forever = await bench.connect(5, 'b', { keepalive: 0 });
  await bench.clock.advance(86_400_000);
  t.equal(forever.isClosed, false, '0 turns it off');
});

t.test('bytes of a packet that never completes do not keep a connection alive', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(4, 'a', { keepalive: 10 });
  client.raw(Buffer.from('30ff7f', 'hex'));
  for (let i = 0; i < 16; i++) {
    if (!client.isClosed) client.raw(Buffer.from('00', 'hex'));
    await bench.clock.advance(1_000);
  }
  await client.closed();
});

t.test('what a client sends against the protocol ends the connection with the reason', async (t) => {
  const bench = new Bench(t);
  const cases: readonly (readonly [name: string, hex: string, reasonCode: number])[] = [
    ['a second CONNECT', '100e00044d5154540502000000000161', 0x82],
    ['PUBLISH to a wildcard', '300400012300', 0x90],
    ['AUTH', 'f000', 0x82],
    ['a Topic Alias never set', '3006000003230005', 0x82],
    ['Topic Alias 0', '300700017403230000', 0x94],
    ['Topic Alias beyond the maximum', '30070001740323000b', 0x94],
    ['a packet too large', '30ffff7f', 0x95],
  ];
  for (const [name, hex, reasonCode] of cases) {
    const client = await bench.connect(5, 'a');
    client.raw(Buffer.from(hex, 'hex'));
    t.equal((await client.next('disconnect')).reasonCode, reasonCode, name);
    await client.closed();
  }
  const old = await bench.connect(4, 'old');
  old.raw(Buffer.from('3003000123', 'hex'));
  await old.closed();
  t.same((await old.pending()).map(shown), []);
});

t.test('taking over a session evicts nobody else', async (t) => {
  const bench = new Bench(t, { connections: 2 });
  for (const id of ['a', 'b']) await (await bench.connect(4, id, { clean: false })).cut();
  await bench.connect(4, 'c', { clean: false });
  await bench.connect(4, 'c', { clean: false });
  t.same(
    bench.broker.clients().map(({ clientId }) => clientId),
    ['a', 'b', 'c'],
  );
});

t.test('while its answers wait for it to read, a client is not timed out for what we did not read', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(4, 'a', { keepalive: 10 });
  client.stopReading();
  client.raw(Buffer.alloc(2 * 1024 * 1024, Buffer.from('c000', 'hex')));
  await bench.settle();
  await bench.clock.advance(14_999);
  client.readAgain();
  await bench.clock.advance(14_999);
  t.equal(client.isClosed, false);
});
