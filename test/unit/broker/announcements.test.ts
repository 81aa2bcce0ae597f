import t from 'tap';
import { Bench } from './harness.js';

t.test('5.0 clients are told a shorter Keep Alive, and held to it [MQTT-3.1.2-21] [MQTT-3.2.2-21]', async (t) => {
  const bench = new Bench(t, { keepAlive: 60_000 });
  const eager = await bench.connect(5, 'eager', { keepalive: 30 });
  t.equal(eager.connack?.properties?.serverKeepAlive, undefined);
  const exact = await bench.connect(5, 'exact', { keepalive: 60 });
  t.equal(exact.connack?.properties?.serverKeepAlive, undefined);
  const long = await bench.connect(5, 'long', { keepalive: 600 });
  t.equal(long.connack?.properties?.serverKeepAlive, 60);
  const none = await bench.connect(5, 'none', { keepalive: 0 });
  t.equal(none.connack?.properties?.serverKeepAlive, 60, 'no Keep Alive is longer than any');
  const old = await bench.connect(4, 'old', { keepalive: 600 });
  t.equal(old.connack?.returnCode, 0, '3.1.1 cannot be told: as it asks');
  const oldest = await bench.connect(3, 'oldest', { keepalive: 0 });
  await bench.clock.advance(90_500);
  for (const client of [long, none]) {
    t.equal((await client.next('disconnect')).reasonCode, 0x8d);
    await client.closed();
  }
  t.notOk(old.isClosed);
  await bench.clock.advance(850_000);
  t.ok(old.isClosed);
  t.notOk(oldest.isClosed);
});

t.test('by default every Keep Alive is granted, 0 and 65,535 included', async (t) => {
  const bench = new Bench(t);
  for (const keepalive of [0, 65_535]) {
    const client = await bench.connect(5, 'a', { keepalive });
    t.equal(client.connack?.properties?.serverKeepAlive, undefined);
  }
});

t.test('Response Information: for who asks, where it is configured [MQTT-3.1.2-28]', async (t) => {
  const asked = { properties: { requestResponseInformation: true } };
  const silent = await new Bench(t).connect(5, 'a', asked);
  t.equal(silent.connack?.properties?.responseInformation, undefined);
  const bench = new Bench(t, {}, { responseInformation: 'answers/%c' });
  const client = await bench.connect(5, 'a', asked);
  t.equal(client.connack?.properties?.responseInformation, 'answers/a');
  const other = await bench.connect(5, 'b');
  t.equal(other.connack?.properties?.responseInformation, undefined);
  const strange = await bench.connect(5, 'a+b', asked);
  t.equal(strange.connack?.properties?.responseInformation, undefined, 'would be no Topic Name');
  const dollars = await bench.connect(5, '$&', asked);
  t.equal(dollars.connack?.properties?.responseInformation, 'answers/$&', 'a name, not a pattern');
});

t.test(
  'CONNACK keeps to the Maximum Packet Size of the client; what it need not say goes first [MQTT-3.1.2-24]',
  async (t) => {
    const bench = new Bench(t);
    const small = await bench.connect(5, 'a', { properties: { maximumPacketSize: 30 } });
    t.equal(small.connack?.reasonCode, 0);
    t.equal(small.connack?.properties?.sharedSubscriptionAvailable, undefined, 'absent: available');
    const tiny = bench.open(5);
    t.equal((await tiny.connect('b', { properties: { maximumPacketSize: 10 } })).reasonCode, 0x95);
    await tiny.closed();
    const none = bench.open(5);
    none.send({
      cmd: 'connect',
      protocolVersion: 5,
      clientId: 'c',
      clean: true,
      keepalive: 0,
      properties: { maximumPacketSize: 4 },
    });
    await none.closed();
    t.same(await none.pending(), [], 'no CONNACK is that small');
  },
);

t.test('at the limit of connections a client is sent to the Server Reference (§4.11)', async (t) => {
  const bench = new Bench(t, { connections: 1 }, { serverReference: 'other.example:1883' });
  const first = await bench.connect(5, 'a');
  const second = bench.open(5);
  t.match(await second.connect('b'), { reasonCode: 0x9c, properties: { serverReference: 'other.example:1883' } });
  await second.closed();
  const old = bench.open(4);
  t.equal((await old.connect('c')).returnCode, 3);
  await old.closed();
  const closing = bench.broker[Symbol.asyncDispose]();
  t.match(await first.next('disconnect'), { reasonCode: 0x9c, properties: { serverReference: 'other.example:1883' } });
  await closing;
});

t.test('a broker that has moved sends everybody away (§4.11)', async (t) => {
  const bench = new Bench(t, {}, { serverReference: 'new.example', moved: true });
  const client = bench.open(5);
  t.match(await client.connect('a'), { reasonCode: 0x9d, properties: { serverReference: 'new.example' } });
  await client.closed();
  const old = bench.open(4);
  t.equal((await old.connect('b')).returnCode, 3);
  await old.closed();
});

t.test('a broker that stops says so [MQTT-3.14.4-1]', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a');
  const closing = bench.broker[Symbol.asyncDispose]();
  t.equal((await client.next('disconnect')).reasonCode, 0x8b);
  await closing;
  // Transports other than TCP tell a turn late that the system took the last packet.
  await client.closed();
});
