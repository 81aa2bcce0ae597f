import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import t from 'tap';
import { createBroker } from '../../../src/broker/broker.js';
import { brokerErrors } from '../../../src/broker/errors.js';
import { GatewayError } from '../../../src/core/errors.js';
import { silentLog } from '../../../src/core/log.js';
import { createMessage } from '../../../src/core/message.js';
import { brokerConfig } from '../../support/broker-config.js';
import { ManualClock } from '../../support/manual-clock.js';
import { eventually, needs } from '../../support/peers.js';
import { Bench, TestClient } from './harness.js';

const never = new AbortController().signal;

t.test('the router works before start()', async (t) => {
  const bench = new Bench(t);
  bench.route({ topic: 'early', payload: 'x', retain: true });
  t.same(bench.broker.addresses(), []);
  t.equal(bench.broker.status().state, 'starting');
  await bench.broker.start(never);
  t.match(bench.broker.addresses(), [/^127\.0\.0\.1:[1-9]\d*$/]);
  t.equal(bench.broker.status().state, 'up');
  t.equal([...bench.broker.router.retained('early')].length, 1);
});

t.test('an address in use: start() names it, and nothing stays open', async (t) => {
  const first = new Bench(t);
  await first.broker.start(never);
  const address = first.broker.addresses()[0]!;
  const free = brokerConfig().listeners[0]!;
  const taken = { ...free, port: Number(address.split(':')[1]) };
  const second = new Bench(t, {}, { listeners: [free, taken] });
  const error = await second.broker.start(never).catch((error: unknown) => error);
  if (!(error instanceof GatewayError)) throw error;
  t.equal(error.code, 'BROKER_ADDRESS_IN_USE');
  t.equal(error.fault, 'config');
  t.match(error.message, address);
  t.same(second.broker.addresses(), []);
  t.equal(second.broker.status().state, 'down');
  t.equal(second.clock.pending, 0);
});

t.test('an address of another machine: start() says so', async (t) => {
  const bench = new Bench(t, {}, { listeners: [{ ...brokerConfig().listeners[0]!, host: '192.0.2.1', port: 1883 }] });
  const error = await bench.broker.start(never).catch((error: unknown) => error);
  t.match(error, { code: 'BROKER_ADDRESS_NOT_AVAILABLE', message: /192\.0\.2\.1:1883/ });
});

t.test('every error of the broker has a fault and a hint', async (t) => {
  for (const [code, { fault, hint }] of Object.entries(brokerErrors)) {
    t.match(code, /^BROKER_/);
    t.equal(fault, 'config');
    t.ok(hint.length > 10);
  }
});

t.test('an aborted start() leaves nothing open', async (t) => {
  const bench = new Bench(t);
  await t.rejects(bench.broker.start(AbortSignal.abort(new Error('stop'))), { message: 'stop' });
  t.same(bench.broker.addresses(), []);
});

t.test(
  'the end: 5.0 clients get DISCONNECT 0x8B, everything is closed, no timer is left, no Will is sent',
  async (t) => {
    const clock = new ManualClock();
    const broker = createBroker({ config: brokerConfig(), gatewayId: 'g', log: silentLog, clock });
    await broker.start(never);
    const port = Number(broker.addresses()[0]!.split(':')[1]);
    const sockets = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    const modern = new TestClient(sockets[0]!, 5);
    const old = new TestClient(sockets[1]!, 4);
    const silent = new TestClient(sockets[2]!, 4);
    for (const client of [modern, old]) {
      client.send({
        cmd: 'connect',
        protocolVersion: client.version === 5 ? 5 : 4,
        clientId: `c${client.version}`,
        clean: false,
        keepalive: 30,
        will: { topic: 'will', payload: Buffer.from('x'), qos: 1, retain: true },
      });
    }
    await eventually(() => broker.clients().length === 2 && broker.connections() === 3);
    await broker[Symbol.asyncDispose]();
    t.equal(broker.status().state, 'down');
    t.equal(broker.connections(), 0);
    t.equal(clock.pending, 0, 'timers');
    t.same([...broker.router.retained('will')], []);
    await eventually(() => modern.isClosed && old.isClosed && silent.isClosed);
    await modern.next('connack');
    t.equal((await modern.next('disconnect')).reasonCode, 0x8b);
    await old.next('connack');
    t.same(await old.pending(), []);
    await t.rejects(new Promise((_resolve, reject) => connect(port, '127.0.0.1').on('error', reject)), {
      code: 'ECONNREFUSED',
    });
    await broker[Symbol.asyncDispose]();
  },
);

t.test('$SYS/broker: the names of Mosquitto, refreshed every ten seconds', async (t) => {
  const bench = new Bench(t);
  await bench.broker.start(never);
  const client = await bench.connect(5, 'a');
  await client.subscribe('$SYS/#', 0);
  const values = async () => {
    const packets = await client.pending();
    return Object.fromEntries(packets.map((p) => (p.cmd === 'publish' ? [p.topic, String(p.payload)] : ['', p.cmd])));
  };
  t.match(await values(), {
    '$SYS/broker/version': /^hpmq/,
    '$SYS/broker/uptime': '0 seconds',
    '$SYS/broker/clients/connected': '0',
    '$SYS/broker/messages/received': '0',
    '$SYS/broker/retained messages/count': '0',
    '$SYS/broker/load/messages/received/1min': '0.00',
  });
  bench.route({ topic: 'r', payload: 'x', retain: true });
  await bench.clock.advance(10_000);
  const later = await values();
  t.match(later, {
    '$SYS/broker/uptime': '10 seconds',
    '$SYS/broker/clients/connected': '1',
    '$SYS/broker/clients/maximum': '1',
    '$SYS/broker/messages/received': '2',
    '$SYS/broker/connections/socket/count': '1',
  });
  t.equal(later['$SYS/broker/version'], undefined, 'what has not changed is not said again');
  const plain = await bench.connect(4, 'plain');
  await plain.subscribe('#', 0);
  t.equal((await plain.pending()).length, 1, '# does not match $SYS [MQTT-4.7.2-1]');
});

t.test('$SYS/broker: payload bytes, what is kept, the highest number of clients, sessions that expired', async (t) => {
  const bench = new Bench(t);
  await bench.broker.start(never);
  const figure = (name: string) => String([...bench.broker.router.retained(`$SYS/broker/${name}`)][0]?.payload);
  const own = Number(figure('store/messages/count'));
  const sleeper = await bench.connect(5, 'sleeper', { clean: false, properties: { sessionExpiryInterval: 30 } });
  await sleeper.subscribe('t', 1);
  await bench.connect(5, 'b');
  await sleeper.cut();
  const client = await bench.connect(5, 'c');
  await client.publish('t', 'four', 1);
  await client.publish('r', 'kept', 0, true);
  await bench.clock.advance(10_000);
  t.equal(figure('publish/bytes/received'), '8');
  t.equal(figure('publish/bytes/sent'), '0');
  t.equal(figure('clients/maximum'), '2');
  t.equal(figure('clients/disconnected'), '1');
  t.equal(figure('clients/expired'), '0');
  const retained = Number(figure('retained messages/count'));
  t.equal(Number(figure('messages/stored')), retained + 1, 'retained, and one queued');
  t.ok(retained > own);
  // 3 CONNECT in 10 s are 18 per minute, of which one minute remembers 1 − e^(−10/60).
  t.equal(figure('load/connections/1min'), (18 * (1 - Math.exp(-1 / 6))).toFixed(2));
  await bench.clock.advance(30_000);
  t.equal(figure('clients/expired'), '1');
  t.equal(figure('clients/total'), '2');
});

t.test('sysInterval 0: no $SYS', async (t) => {
  const bench = new Bench(t, {}, { sysInterval: 0 });
  await bench.broker.start(never);
  t.same([...bench.broker.router.retained('$SYS/#')], []);
});

t.test('a client says who it is, and what became of its messages', async (t) => {
  const bench = new Bench(t, { queuedMessages: 2 });
  const client = await bench.connect(5, 'a', {
    clean: false,
    keepalive: 30,
    properties: { sessionExpiryInterval: 60, maximumPacketSize: 100 },
    will: { topic: 'gone', payload: Buffer.from('secret'), qos: 1, retain: true, properties: { willDelayInterval: 5 } },
  });
  client.send({
    cmd: 'subscribe',
    messageId: 1,
    properties: { subscriptionIdentifier: 7 },
    subscriptions: [{ topic: 't/#', qos: 1, nl: true, rap: true, rh: 2 }],
  });
  await client.next('suback');
  await client.publish('u', 'abc', 2);
  client.send({ cmd: 'publish', topic: '$SYS/x', payload: 'x', qos: 0, retain: false, dup: false });
  bench.route({ topic: 't/0', payload: '12' });
  bench.route({ topic: 't/1', payload: '123', qos: 2 });
  bench.route({ topic: 't/1', payload: 'x'.repeat(200) });
  await bench.clock.advance(1_500);
  const detail = bench.broker.client('a')!;
  t.match(detail, {
    user: null,
    listener: 'test',
    transport: 'tcp',
    lastPacketAt: bench.clock.now() - 1_500,
    sessionExpiry: 60_000,
    expiresAt: null,
    inflightIn: 0,
    in: { messages: [1, 0, 1], bytes: [1, 0, 3] },
    out: { messages: [1, 1, 0], bytes: [2, 3, 0] },
    refused: 1,
    filters: [{ filter: 't/#', qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2, identifier: 7 }],
    will: { topic: 'gone', qos: 1, retain: true, bytes: 6, delay: 5_000 },
  });
  t.notMatch(JSON.stringify(detail), 'secret');
  t.strictSame(detail.droppedBy, { tooLarge: 1 });
  await client.cut();
  bench.route({ topic: 't/0', payload: 'x' });
  bench.route({ topic: 't/1', payload: 'ab', qos: 1, expiresAt: bench.clock.now() + 500 });
  for (let i = 0; i < 2; i++) bench.route({ topic: 't/1', payload: 'abcd', qos: 1 });
  const away = bench.broker.client('a')!;
  t.match(away, { connected: false, queued: 2, queuedBytes: 14, expiresAt: bench.clock.now() + 60_000, dropped: 3 });
  t.strictSame(away.droppedBy, { queueFull: 1, offline: 1, tooLarge: 1 });
});

t.test('disconnect: Administrative action; the session stays unless it is to be forgotten', async (t) => {
  const bench = new Bench(t);
  const properties = { sessionExpiryInterval: 60 };
  const client = await bench.connect(5, 'a', { clean: false, properties });
  t.strictSame(bench.broker.disconnect('a', false), { clientId: 'a', wasConnected: true, isForgotten: false });
  t.match(await client.next('disconnect'), { reasonCode: 0x98 });
  await client.closed();
  t.equal((await bench.connect(5, 'a', { clean: false, properties })).connack?.sessionPresent, true);
  t.strictSame(bench.broker.disconnect('a', true), { clientId: 'a', wasConnected: true, isForgotten: true });
  t.same(bench.broker.clients(), []);
  const short = await bench.connect(4, 'b');
  t.strictSame(bench.broker.disconnect('b', false), { clientId: 'b', wasConnected: true, isForgotten: true });
  await short.closed();
  t.equal(bench.broker.disconnect('b', false), undefined);
});

t.test('clients() shows what a session does', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a', {
    keepalive: 30,
    clean: false,
    properties: { sessionExpiryInterval: 60 },
  });
  await client.subscribe('t/#', 1);
  client.send({ cmd: 'publish', topic: 't/1', payload: 'x', qos: 1, retain: false, dup: false, messageId: 1 });
  bench.route({ topic: 't/2', payload: 'x', qos: 1 });
  await bench.settle();
  t.match(bench.broker.clients(), [
    {
      clientId: 'a',
      protocol: '5.0',
      connected: true,
      address: 'memory',
      since: bench.clock.now(),
      keepAlive: 30_000,
      subscriptions: 1,
      inflight: 2,
      queued: 0,
      received: 1,
      sent: 2,
      dropped: 0,
    },
  ]);
  await bench.clock.advance(1_000);
  await client.cut();
  t.match(bench.broker.clients(), [{ connected: false, since: bench.clock.now(), inflight: 2 }]);
});

t.test('sockets beyond the limit are closed at once, counted by nobody else', async (t) => {
  const bench = new Bench(t, { connections: 1 });
  const clients = Array.from({ length: 20 }, () => bench.open(4));
  await bench.settle();
  t.equal(bench.broker.connections(), 17, 'one, and those let in to be told why not');
  t.equal(clients.filter(({ isClosed }) => isClosed).length, 3);
});

t.test('all clients may come back at once while their old connections still seem open', async (t) => {
  const bench = new Bench(t, { connections: 40 });
  const ids = Array.from({ length: 40 }, (_, i) => `c${i}`);
  for (const id of ids) await bench.connect(4, id, { clean: false });
  const back = ids.map(() => bench.open(4));
  const answers = await Promise.all(back.map((client, i) => client.connect(ids[i]!, { clean: false })));
  t.ok(answers.every(({ returnCode, sessionPresent }) => returnCode === 0 && sessionPresent));
});

t.test('a peer that is gone without a word is noticed even without Keep Alive', needs('ss'), async (t) => {
  const bench = new Bench(t);
  await bench.broker.start(never);
  const port = bench.broker.addresses()[0]!.split(':')[1]!;
  const socket = connect(Number(port), '127.0.0.1');
  t.teardown(() => socket.destroy());
  await eventually(() => bench.broker.connections() === 1);
  const shown = execFileSync('ss', ['-tnoH', `sport = :${port}`], { encoding: 'utf8' });
  t.match(shown, /timer:\(keepalive,/, 'the system asks the peer');
});

t.test('one message object serves all receivers', async (t) => {
  const bench = new Bench(t);
  const message = createMessage({ topic: 't', payload: 'x', origin: 'device:d', receivedAt: 0, qos: 1, retain: true });
  void bench.broker.router.publish(message);
  t.equal([...bench.broker.router.retained('t')][0], message);
});
