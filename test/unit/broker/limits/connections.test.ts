/** Who is let in: counts and rates per listener, address and user. */
import { connect } from 'node:net';
import t from 'tap';
import { Admission } from '../../../../src/broker/limits/admission.js';
import { Statistics } from '../../../../src/broker/statistics.js';
import type { ListenerConfig } from '../../../../src/core/config.js';
import { defaultLimits } from '../../../support/broker-config.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { eventually } from '../../../support/peers.js';
import { Bench } from '../harness.js';

const listener = (name: string, limits: ListenerConfig['limits']): ListenerConfig => ({
  name,
  type: 'tcp',
  host: '127.0.0.1',
  port: 0,
  auth: { anonymous: true },
  limits,
});

t.test('connections beyond the rate of an address are told so [MQTT5 §3.2.2.2 0x9F]', async (t) => {
  const bench = new Bench(t, { connectRatePerAddress: 2 });
  const answer = async (host: string, version: 4 | 5) => {
    const client = bench.open(version, { host: host });
    const { reasonCode, returnCode } = await client.connect('');
    return version === 5 ? reasonCode : returnCode;
  };
  for (let i = 0; i < 4; i++) t.equal(await answer('10.0.0.7', 4), 0, 'twice the rate at once');
  t.equal(await answer('10.0.0.7', 5), 0x9f);
  t.equal(await answer('10.0.0.7', 4), 3, '3.1.1: Server unavailable');
  t.equal(await answer('10.0.0.8', 5), 0, 'another address');
  t.equal(bench.broker.statistics.refusedBy.connectRatePerAddress, 2);
  t.equal(bench.broker.statistics.connectionsFailed, 0, 'no fault of the client');
  await bench.clock.advance(1_000);
  t.equal(await answer('10.0.0.7', 5), 0);
  t.equal(await answer('10.0.0.7', 5), 0);
  t.equal(await answer('10.0.0.7', 5), 0x9f);
});

t.test('a flood of connections beyond the rate is closed without a word', async (t) => {
  const bench = new Bench(t, { connectRatePerAddress: 1, connections: 1_000 });
  const clients = Array.from({ length: 200 }, () => bench.open(5, { host: '10.0.0.7' }));
  await bench.settle();
  const open = clients.filter(({ isClosed }) => !isClosed).length;
  t.equal(open, 2 + 64);
  t.equal(bench.broker.connections(), open);
  t.equal(bench.broker.statistics.refusedBy.connectRatePerAddress, 198);
  for (const client of clients) await client.cut();
  await bench.settle();
  t.equal(bench.broker.connections(), 0);
});

t.test('the rate of a listener holds for all addresses together, not for other listeners', async (t) => {
  const [one, two] = [listener('one', { connectRate: 1 }), listener('two', undefined)];
  const bench = new Bench(t, {}, { listeners: [one, two] });
  const answer = async (host: string, at: ListenerConfig) =>
    (await bench.open(5, { host: host, listener: at }).connect('')).reasonCode;
  t.same([await answer('10.0.0.1', one), await answer('10.0.0.2', one)], [0, 0]);
  t.equal(await answer('10.0.0.3', one), 0x9f);
  t.equal(await answer('10.0.0.3', two), 0);
  t.equal(bench.broker.statistics.refusedBy.connectRate, 1);
});

t.test('clients per address and per listener: who is too many is told so, who goes makes room', async (t) => {
  const small = listener('small', { connections: 3, connectionsPerAddress: 2 });
  const bench = new Bench(t, {}, { listeners: [small, listener('large', undefined)] });
  const connect = async (host: string, id = '') => {
    const client = bench.open(5, { host: host });
    await client.connect(id);
    return client;
  };
  const [a, b] = [await connect('2001:db8::1', 'a'), await connect('2001:db8::2', 'b')];
  t.same([a.connack?.reasonCode, b.connack?.reasonCode], [0, 0]);
  t.equal((await connect('2001:db8::ffff')).connack?.reasonCode, 0x97, 'the same /64 network');
  t.equal((await connect('2001:db8::3', 'b')).connack?.reasonCode, 0, 'a client that comes again is not one more');
  await b.closed();
  t.equal((await connect('10.0.0.1', 'c')).connack?.reasonCode, 0);
  t.equal((await connect('10.0.0.2', 'd')).connack?.reasonCode, 0x97, 'the listener is full');
  t.match(bench.broker.statistics.refusedBy, { connectionsPerAddress: 1, connections: 1 });
  await a.cut();
  t.equal((await connect('10.0.0.2', 'd')).connack?.reasonCode, 0);
});

t.test('clients per user, over all listeners', async (t) => {
  const statistics = new Statistics();
  const limits = { ...defaultLimits, connectionsPerUser: 2 };
  const refused: string[] = [];
  const admission = new Admission({
    clock: new ManualClock(),
    limits,
    statistics,
    onRefused: (reason, host) => refused.push(`${reason} ${host}`),
  });
  const listeners = [listener('one', undefined), listener('two', undefined)];
  const open = (i: number) => admission.open(listeners[i % 2]!, `10.0.0.${i}`)!;
  const [a, b, c, d] = [open(1), open(2), open(3), open(4)];
  t.equal(a.connect('ann', false), undefined);
  t.equal(b.connect('ann', false), undefined);
  t.equal(c.connect('ann', false)?.reasonCode, 0x97);
  t.same(refused, ['connectionsPerUser 10.0.0.3']);
  t.equal(c.connect('ann', true), undefined, 'in place of another');
  t.equal(d.connect('bob', false), undefined);
  a.over();
  a.close();
  c.close();
  t.equal(open(5).connect('ann', false), undefined);
  t.equal(open(6).connect('ann', false)?.reasonCode, 0x97);
  t.equal(open(7).connect(undefined, false), undefined, 'nobody in particular');
});

t.test('one address cannot use up the sockets by saying nothing', async (t) => {
  const bench = new Bench(t, { connections: 40 });
  const silent = Array.from({ length: 80 }, () => bench.open(5, { host: '10.0.0.66' }));
  await bench.settle();
  t.equal(silent.filter(({ isClosed }) => isClosed).length, 80 - 40 - 16);
  t.equal(bench.broker.statistics.refusedBy.pendingConnections, 24);
  t.equal((await bench.open(5, { host: '10.0.0.7' }).connect('c')).reasonCode, 0);
  await bench.clock.advance(10_000 + 1_000);
  t.equal(bench.broker.statistics.endedBy.connectTimeout, 56);
  t.equal(bench.broker.connections(), 1);
});

t.test('who comes too fast is closed before any handshake', async (t) => {
  const web: ListenerConfig = {
    ...listener('web', { connectRatePerAddress: 1 }),
    type: 'ws',
    webSocket: { path: '/mqtt', origins: undefined },
  };
  const bench = new Bench(t, {}, { listeners: [web] });
  await bench.broker.start(AbortSignal.timeout(60_000));
  const port = Number(new URL(bench.broker.addresses()[0]!).port);
  const sockets = Array.from({ length: 3 }, () => connect(port, '127.0.0.1'));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  let closed = 0;
  for (const socket of sockets)
    socket
      .on('error', () => {})
      .on('close', () => closed++)
      .resume();
  await eventually(() => closed === 1);
  t.equal(bench.broker.statistics.refusedBy.connectRatePerAddress, 1);
  t.equal(bench.broker.statistics.handshakesFailed, 0);
});

t.test('addresses that are gone are forgotten; a Unix socket has none', async (t) => {
  const clock = new ManualClock();
  const limits = { ...defaultLimits, connections: 10_000, connectRatePerAddress: 10 };
  const admission = new Admission({ clock, limits, statistics: new Statistics(), onRefused: () => {} });
  const one = listener('one', undefined);
  for (let i = 0; i < 5_000; i++) {
    admission.open(one, `10.1.${i >> 8}.${i & 255}`)!.close();
    if (i % 100 === 0) await clock.advance(500);
  }
  t.ok(admission.addresses < 1_500, `${admission.addresses} of 5,000`);
  const before = admission.addresses;
  t.equal(admission.open(one, '')?.connect(undefined, false), undefined);
  t.equal(admission.addresses, before);
});

t.test('connections that do nothing cost nothing from time to time', async (t) => {
  const bench = new Bench(t, { connections: 200 });
  const before = bench.clock.pending;
  for (let i = 0; i < 100; i++) await bench.connect(5, `idle${i}`);
  await bench.clock.advance(31_000);
  t.equal(bench.clock.pending, before, 'no timer without Keep Alive');
  for (let i = 0; i < 100; i++) await bench.connect(5, `alive${i}`, { keepalive: 60 });
  await bench.clock.advance(31_000);
  t.equal(bench.clock.pending, before + 100, 'one each with it');
});
