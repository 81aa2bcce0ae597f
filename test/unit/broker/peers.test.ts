/** Gateways as clients of the broker: what they get has stamps, what others get has none, and who may be one. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { IConnectPacket, IPublishPacket } from 'mqtt-packet';
import t, { type Test } from 'tap';
import type { AccessConfig } from '../../../src/core/config.js';
import { Mesh } from '../../../src/core/mesh.js';
import { accessConfig, user } from './access/fixtures.js';
import { Bench, type TestClient } from './harness.js';

const PEER: Partial<IConnectPacket> = { properties: { userProperties: { 'hpmq-peer': 'g2' } } };

function bench(t: Test, access?: AccessConfig, hasFastPath = true): Bench {
  const mesh = new Mesh({ gatewayId: 'g1', epoch: 'e' });
  const rest = access === undefined ? {} : { access };
  return new Bench(t, {}, rest, undefined, undefined, undefined, hasFastPath, undefined, mesh);
}

const userProperties = (packet: IPublishPacket) => ({ ...packet.properties?.userProperties });

function stamped(topic: string, seq: number, hops: string, more: Record<string, string> = {}): IPublishPacket {
  const properties = { userProperties: { 'hpmq-origin': 'g3/x', 'hpmq-seq': `${seq}`, 'hpmq-hops': hops, ...more } };
  return { cmd: 'publish', topic, payload: 'p', qos: 1, retain: false, dup: false, messageId: 5, properties };
}

async function sent(client: TestClient, packet: IPublishPacket): Promise<number> {
  client.send(packet);
  return (await client.next('puback')).reasonCode ?? 0;
}

for (const hasFastPath of [true, false]) {
  t.test(`one stamp for all peers, none for others (fast path: ${hasFastPath})`, async (t) => {
    const b = bench(t, undefined, hasFastPath);
    const peers = [await b.connect(5, 'peer-1', PEER), await b.connect(5, 'peer-2', PEER)];
    t.strictSame(
      { ...peers[0]!.connack?.properties?.userProperties },
      { 'hpmq-peer': 'g1' },
      'CONNACK says who answers',
    );
    const plain = [await b.connect(5, 'plain-5'), await b.connect(4, 'plain-4')];
    for (const client of [...peers, ...plain]) await client.subscribe('t/#', 1);
    const publisher = await b.connect(4, 'publisher');
    for (const qos of [0, 1] as const) {
      await publisher.publish('t/x', 'p', qos);
      const stamps = [];
      for (const peer of peers) stamps.push(userProperties(await peer.next('publish')));
      const stamp = { 'hpmq-origin': 'g1/e', 'hpmq-seq': `${qos + 1}`, 'hpmq-hops': 'g1' };
      t.strictSame(stamps[0], qos === 0 ? stamp : { ...stamp, 'hpmq-qos': `${qos}` });
      t.strictSame(stamps[1], stamps[0]);
      for (const client of plain) t.strictSame(userProperties(await client.next('publish')), {});
    }
  });
}

t.test('from a peer: once, by whatever way, and on with one hop more', async (t) => {
  const b = bench(t);
  const peer = await b.connect(5, 'from', PEER);
  const other = await b.connect(5, 'on', { properties: { userProperties: { 'hpmq-peer': 'g9' } } });
  const plain = await b.connect(5, 'plain');
  for (const client of [other, plain]) await client.subscribe('t/#', 1);
  t.equal(await sent(peer, stamped('t/x', 1, 'g3')), 0);
  t.strictSame(userProperties(await plain.next('publish')), {});
  t.match(userProperties(await other.next('publish')), { 'hpmq-origin': 'g3/x', 'hpmq-hops': 'g3,g1' });
  t.equal(await sent(peer, stamped('t/x', 1, 'g3,g8')), 0, 'the same by another way is acknowledged');
  await sent(peer, stamped('t/x', 2, 'g3,g1,g2'));
  await sent(peer, stamped('t/x', 3, Array.from({ length: 33 }, (_, i) => `h${i}`).join()));
  t.strictSame(await plain.pending(), [], 'nor is what was here, or has gone too far');
  await sent(peer, stamped('t/x', 4, 'g3,g9'));
  await plain.next('publish');
  t.strictSame(await other.pending(), [], 'nobody gets what he has passed on');
  t.match(b.broker.figures().ledger.messages, { duplicates: 3, difference: 0 });
});

t.test('a copy that came at QoS 0 is the message that entered with QoS 1', async (t) => {
  const b = bench(t);
  const peer = await b.connect(5, 'from', PEER);
  const [other, away] = [await b.connect(5, 'forger'), await b.connect(5, 'away')];
  await away.subscribe('t/#', 2);
  const copy = { ...stamped('t/x', 1, 'g3', { 'hpmq-qos': '1' }), qos: 0 } as const;
  peer.send(copy);
  t.match(await away.next('publish'), { qos: 1 });
  t.equal(await sent(peer, stamped('t/x', 1, 'g3', { 'hpmq-qos': '1' })), 0, 'the one at QoS 1 is acknowledged');
  other.send(copy);
  t.match(await away.next('publish'), { qos: 0 }, 'of others the packet counts');
  t.strictSame(await away.pending(), []);
});

for (const hasFastPath of [true, false]) {
  t.test(
    `a peer that asks for it gets QoS 0 at QoS 1, and after it was away (fast path: ${hasFastPath})`,
    async (t) => {
      const b = bench(t, undefined, hasFastPath);
      const publisher = await b.connect(4, 'publisher');
      const stay = { userProperties: { 'hpmq-peer': 'g2' }, sessionExpiryInterval: 600 };
      const wish = { 'hpmq-min-qos': '1' };
      const subscriptions = [{ topic: 't/#', qos: 1 as const }];
      const peer = await b.connect(5, 'peer', { clean: false, properties: stay });
      const plain = await b.connect(5, 'plain', { clean: false, properties: { sessionExpiryInterval: 600 } });
      for (const client of [peer, plain]) {
        client.send({ cmd: 'subscribe', messageId: 1, subscriptions, properties: { userProperties: wish } });
        await client.next('suback');
      }
      await publisher.publish('t/x', 'p', 0);
      const got = await peer.next('publish');
      t.equal(got.qos, 1);
      t.equal(userProperties(got)['hpmq-qos'], undefined, 'it says that it entered at QoS 0');
      peer.send({ cmd: 'puback', messageId: got.messageId! });
      t.equal((await plain.next('publish')).qos, 0, 'nobody else is heard');

      peer.stream.destroy();
      plain.stream.destroy();
      await publisher.publish('t/x', 'while it is away', 0);
      const again = await b.connect(5, 'peer', { clean: false, properties: stay });
      t.match(await again.next('publish'), { payload: Buffer.from('while it is away'), qos: 1 });
      const plainAgain = await b.connect(5, 'plain', { clean: false, properties: { sessionExpiryInterval: 600 } });
      t.strictSame(await plainAgain.pending(), []);
    },
  );
}

t.test('what a peer brings at QoS 1 has the QoS 0 again that it entered with', async (t) => {
  const b = bench(t);
  const peer = await b.connect(5, 'from', PEER);
  const plain = await b.connect(5, 'plain');
  await plain.subscribe('t/#', 2);
  t.equal(await sent(peer, stamped('t/x', 1, 'g3')), 0);
  t.equal((await plain.next('publish')).qos, 0);
  t.equal(await sent(peer, stamped('t/x', 1, 'g3')), 0, 'a second copy is acknowledged');
  t.strictSame(await plain.pending(), []);
});

t.test('a client that is no peer can neither forge a stamp nor use up a number', async (t) => {
  const b = bench(t);
  const [peer, forger, plain] = [await b.connect(5, 'p', PEER), await b.connect(5, 'forger'), await b.connect(5, 's')];
  await peer.subscribe('t/#', 1, { nl: true });
  await plain.subscribe('t/#', 1);
  for (let n = 0; n < 2; n++) {
    await sent(forger, stamped('t/x', 1, 'g3', { other: 'stays' }));
    t.strictSame(userProperties(await plain.next('publish')), { other: 'stays' });
    t.match(userProperties(await peer.next('publish')), { 'hpmq-origin': 'g1/e', 'hpmq-hops': 'g1', other: 'stays' });
  }
  await sent(peer, stamped('t/x', 1, 'g3'));
  t.match(await plain.next('publish'), { topic: 't/x' });
});

/** Of CONNACK: a key is derived in real threads. */
async function code(bench: Bench, clientId: string, options: Partial<IConnectPacket>): Promise<number | undefined> {
  const client = bench.open(5);
  client.send({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 5,
    clean: true,
    keepalive: 0,
    clientId,
    ...options,
  });
  for (;;) {
    const [packet] = await client.pending();
    if (packet?.cmd === 'connack') return packet.reasonCode;
    await sleep(2);
  }
}

t.test('who may be a peer: a user with the role, or anybody where nobody could prove anything', async (t) => {
  const access = accessConfig({ users: [user('gw', { roles: ['peer'] }), user('anna', { roles: ['operator'] })] });
  const b = bench(t, access);
  const login = (username: string) => ({ username, password: Buffer.from('geheim') });
  t.equal(await code(b, 'c-gw', { ...PEER, ...login('gw') }), 0);
  t.equal(await code(b, 'c-anna', { ...PEER, ...login('anna') }), 0x87);
  t.equal(await code(b, 'c', PEER), 0x87, 'anonymous, where there are users');
  t.equal(await code(b, 'd', login('anna')), 0, 'as a client like any other');
  const gateway = b.broker.clients().find(({ peer }) => peer === 'g2');
  t.match(gateway, { clientId: 'c-gw', connected: true });
  b.broker.replaceAccess({ ...access, users: [user('gw')] });
  t.not(b.broker.client('c-gw')?.connected, true, 'the role was taken away');
});

t.test('two gateways of one name, and names that are none, are refused', async (t) => {
  const b = bench(t);
  const refused = async (name: string) => {
    const properties = { userProperties: { 'hpmq-peer': name } };
    return (await b.open(5).connect(`c-${name.length}`, { properties })).reasonCode;
  };
  t.equal(await refused('g1'), 0x85);
  t.equal(await refused('a/b'), 0x82);
});

t.test('a peer is told of what is retained and of what was cleared, as of the past', async (t) => {
  const b = bench(t);
  const first = await b.connect(5, 'first', PEER);
  await first.subscribe('t/#', 1);
  const publisher = await b.connect(5, 'publisher');
  await publisher.publish('t/kept', 'v', 1, true);
  await publisher.publish('t/gone', 'v', 1, true);
  await publisher.publish('t/gone', '', 1, true);
  const second = await b.connect(5, 'second', PEER);
  await second.subscribe('t/#', 1, { rap: true, rh: 0 });
  const told = (await second.pending()) as IPublishPacket[];
  t.strictSame(
    told.map((packet) => [
      packet.topic,
      String(packet.payload),
      packet.retain,
      (userProperties(packet) as Record<string, string>)['hpmq-sync'],
    ]),
    [
      ['t/kept', 'v', true, '1'],
      ['t/gone', '', true, '1'],
    ],
  );
});
