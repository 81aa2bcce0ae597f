import t from 'tap';
import { type Access, unrestricted } from '../../../src/broker/access/access.js';
import { Bench, shown } from './harness.js';

const will = (delay = 0) => ({
  topic: 'will',
  payload: Buffer.from('gone'),
  qos: 0 as const,
  retain: false,
  ...(delay > 0 && { properties: { willDelayInterval: delay } }),
});
const kept = { clean: false, properties: { sessionExpiryInterval: 600 } };

/** The user name is the user; no password. */
const byName: Access = {
  authenticate: ({ username }) => ({ user: username, permissions: unrestricted }),
  exchange: () => {
    throw new Error('not asked');
  },
};

t.test('a session belongs to the user who created it: 0x85, return code 2 for others', async (t) => {
  const bench = new Bench(t, {}, {}, byName);
  const owner = await bench.connect(5, 'a', { ...kept, username: 'ann' });
  t.equal((await bench.open(5).connect('a', { username: 'bob' })).reasonCode, 0x85);
  t.equal((await bench.open(5).connect('a', { clean: false })).reasonCode, 0x85, 'nor anonymous');
  t.notOk(owner.isClosed, 'the connection goes on');
  await owner.cut();
  t.equal((await bench.open(4).connect('a', { username: 'bob', clean: true })).returnCode, 2, 'nor while it is away');
  const back = await bench.connect(5, 'a', { ...kept, username: 'ann' });
  t.equal(back.connack?.sessionPresent, true);
  back.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
  await back.closed();
  t.equal((await bench.connect(5, 'a', { username: 'bob' })).connack?.reasonCode, 0, 'the Client Identifier is free');
});

t.test('the Will of the connection that is taken over is sent, if it has no delay [MQTT-3.1.2-8]', async (t) => {
  for (const version of [4, 5] as const) {
    const bench = new Bench(t);
    const watcher = await bench.connect(4, 'w');
    await watcher.subscribe('will', 0);
    await bench.connect(version, 'a', { clean: false, will: will() });
    await bench.connect(version, 'a', { clean: false });
    t.same((await watcher.pending()).map(shown), ['will gone q0 r0']);
  }
});

t.test('a delayed Will is not sent when the new connection goes on with the session [MQTT-3.1.3-9]', async (t) => {
  const bench = new Bench(t);
  const watcher = await bench.connect(5, 'w');
  await watcher.subscribe('will', 0);
  await bench.connect(5, 'a', { ...kept, will: will(5) });
  const second = await bench.connect(5, 'a', kept);
  t.equal(second.connack?.sessionPresent, true);
  await bench.clock.advance(10_000);
  t.same(await watcher.pending(), []);
  second.send({ cmd: 'disconnect', reasonCode: 4 });
  await second.closed();
  t.same(await watcher.pending(), [], 'the new connection has no Will');
});

t.test('Clean Start ends the session, and so sends its delayed Will at once (§3.1.3.2.2)', async (t) => {
  const bench = new Bench(t);
  const watcher = await bench.connect(5, 'w');
  await watcher.subscribe('will', 0);
  await bench.connect(5, 'a', { ...kept, will: will(60) });
  const second = await bench.connect(5, 'a', { clean: true });
  t.equal(second.connack?.sessionPresent, false);
  t.same((await watcher.pending()).map(shown), ['will gone q0 r0']);
});

t.test('a session without expiry ends when it is taken over: its delayed Will is sent (§3.1.3.2.2)', async (t) => {
  const bench = new Bench(t);
  const watcher = await bench.connect(5, 'w');
  await watcher.subscribe('will', 0);
  await bench.connect(5, 'a', { clean: false, will: will(60) });
  const second = await bench.connect(5, 'a', { clean: false });
  t.equal(second.connack?.sessionPresent, false);
  t.same((await watcher.pending()).map(shown), ['will gone q0 r0']);
});

t.test('Session Present for a stored session without subscriptions [MQTT-3.2.2-3]', async (t) => {
  const bench = new Bench(t);
  await (await bench.connect(5, 'a', kept)).cut();
  t.equal((await bench.connect(5, 'a', kept)).connack?.sessionPresent, true);
  const old = await bench.connect(4, 'b', { clean: false });
  t.equal(old.connack?.sessionPresent, false);
  old.send({ cmd: 'disconnect' });
  await old.closed();
  t.equal((await bench.connect(4, 'b', { clean: false })).connack?.sessionPresent, true);
});

t.test('DISCONNECT can shorten and lengthen the Session Expiry Interval (§3.14.2.2.2)', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a', { clean: false, properties: { sessionExpiryInterval: 10 } });
  client.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 100 } });
  await client.closed();
  await bench.clock.advance(99_000);
  t.equal(bench.broker.clients().length, 1);
  await bench.clock.advance(1_000);
  t.equal(bench.broker.clients().length, 0);
});

t.test('a refused CONNECT leaves the session and its connection as they are', async (t) => {
  const bench = new Bench(t, { connections: 1 }, {}, byName);
  const client = await bench.connect(5, 'a', { ...kept, username: 'ann', will: will() });
  const refused = bench.open(5);
  t.equal((await refused.connect('a', { username: 'ann', properties: { maximumPacketSize: 10 } })).reasonCode, 0x95);
  await client.publish('t', 'x', 1);
  t.notOk(client.isClosed);
});
