/** What a link does with what comes from its far side, sound or broken. */
import t from 'tap';
import type { RouteConfig } from '../../../src/core/config.js';
import { FakeRouter } from '../../support/fake-router.js';
import { linkConfig, startLink } from '../../support/links.js';
import { eventually } from '../../support/peers.js';
import { connack, friendly, scriptedBroker } from '../../support/scripted-broker.js';

const IN: RouteConfig = { direction: 'in', filter: 'in/#', to: '{topic:1}', qos: 2 };

t.test('a far side that breaks the protocol loses the connection, not the gateway', async (t) => {
  const header = (length: number) =>
    Buffer.from([
      0x30,
      0x80 | (length & 0x7f),
      0x80 | ((length >> 7) & 0x7f),
      0x80 | ((length >> 14) & 0x7f),
      length >> 21,
    ]);
  const cases: readonly [what: string, bytes: Buffer][] = [
    ['a packet of 17 MB', header(17_000_000)],
    ['a wildcard in a topic', Buffer.from([0x30, 0x07, 0x00, 0x04, 0x69, 0x6e, 0x2f, 0x2b, 0x00])],
    ['a second CONNACK', Buffer.from([0x20, 0x03, 0x00, 0x00, 0x00])],
    ['an unknown packet type', Buffer.from([0x00, 0x00])],
    ['a property that does not exist', Buffer.from([0x30, 0x06, 0x00, 0x01, 0x61, 0x02, 0x7f, 0x00])],
  ];
  for (const [what, bytes] of cases) {
    const far = await scriptedBroker(t, (packet, connection) => {
      friendly(packet, connection);
      if (packet.cmd === 'subscribe' && far.connections.length === 1) connection.socket.write(bytes);
    });
    const { router, links, is } = await startLink(t, linkConfig(far.url, [IN]));
    const error = await eventually(() => links.links()[0]!.error);
    t.match(error, { code: 'LINK_PROTOCOL', fault: 'peer' }, what);
    await is('up');
    t.strictSame(router.published, []);
  }
});

t.test('minQos: asked of the far side with the subscription', async (t) => {
  const far = await scriptedBroker(t, friendly);
  const { is } = await startLink(t, linkConfig(far.url, [IN, { ...IN, filter: 'low/#', minQos: 1 }]));
  await is('up');
  const asked = far.connections[0]!.packets.flatMap((packet) =>
    packet.cmd === 'subscribe' ? [[packet.subscriptions[0]!.topic, { ...packet.properties?.userProperties }]] : [],
  );
  t.has(Object.fromEntries(asked), { 'in/#': {}, 'low/#': { 'hpmq-min-qos': '1' } });
});

t.test('incoming: acknowledged only when the router has taken it', async (t) => {
  let commit = () => {};
  class SlowRouter extends FakeRouter {
    override publish(message: Parameters<FakeRouter['publish']>[0]): Promise<void> {
      super.publish(message);
      return new Promise((resolve) => {
        commit = resolve;
      });
    }
  }
  const far = await scriptedBroker(t, friendly);
  const router = new SlowRouter();
  const { links, is } = await startLink(t, linkConfig(far.url, [IN]), { router });
  await is('up');
  const { packets, send } = far.connections[0]!;
  send({ cmd: 'publish', topic: 'in/a', payload: 'x', qos: 1, messageId: 1, dup: false, retain: false });
  await eventually(() => router.published.length === 1);
  t.notOk(packets.some(({ cmd }) => cmd === 'puback'));
  commit();
  await eventually(() => packets.some(({ cmd }) => cmd === 'puback'));
  t.match(links.links()[0], { in: 1 });
});

t.test('incoming QoS 2: once, also over several connections of one session [MQTT 5.0 §4.3.3]', async (t) => {
  const sessions = [false, true, false];
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'connect') {
      connection.send({ ...connack(), sessionPresent: sessions[far.connections.length - 1] ?? false });
    } else if (packet.cmd !== 'pubrec') friendly(packet, connection);
  });
  const { router, is } = await startLink(t, linkConfig(far.url, [IN]));
  await is('up');
  const publish = { cmd: 'publish', topic: 'in/a', payload: 'x', qos: 2, messageId: 1, retain: false } as const;
  const answers = (cmd: string) => far.connections.at(-1)!.packets.filter((packet) => packet.cmd === cmd).length;
  far.connections[0]!.send({ ...publish, dup: false });
  far.connections[0]!.send({ ...publish, dup: true });
  await eventually(() => answers('pubrec') === 2);
  t.match(router.published, [{ topic: 'a', qos: 2 }]);
  t.match(
    far.connections[0]!.packets[0],
    { cmd: 'connect', clean: true },
    'a session nobody knows of is not continued',
  );

  far.connections[0]!.socket.destroy();
  await eventually(() => far.connections.length === 2 && answers('subscribe') > 0);
  t.match(far.connections[1]!.packets[0], { cmd: 'connect', clean: false });
  far.connections[1]!.send({ ...publish, dup: true });
  await eventually(() => answers('pubrec') === 1);
  t.equal(router.published.length, 1, 'it was here before');
  for (const expected of [0, 0x92]) {
    far.connections[1]!.send({ cmd: 'pubrel', messageId: 1 });
    await eventually(() => answers('pubcomp') === (expected === 0 ? 1 : 2));
    const pubcomp = far.connections[1]!.packets.findLast(({ cmd }) => cmd === 'pubcomp');
    t.match(pubcomp, { messageId: 1, reasonCode: expected });
  }
  far.connections[1]!.send({ ...publish, dup: false });
  await eventually(() => router.published.length === 2);

  far.connections[1]!.socket.destroy();
  await eventually(() => far.connections.length === 3 && answers('subscribe') > 0);
  far.connections[2]!.send({ ...publish, dup: false });
  await eventually(() => router.published.length === 3);
  t.pass('the session is lost, and with it what the identifier meant');
});

t.test('incoming without a legal local topic or without a route is dropped and counted', async (t) => {
  const far = await scriptedBroker(t, friendly);
  const { router, links, is } = await startLink(t, linkConfig(far.url, [{ ...IN, to: '{topic:2}' }]));
  await is('up');
  for (const topic of ['in/a', 'in/a/$SYS/x', 'never/asked', 'in/a/good']) {
    far.connections[0]!.send({ cmd: 'publish', topic, payload: 'x', qos: 0, dup: false, retain: false });
  }
  await eventually(() => router.published.length > 0);
  t.match(router.published, [{ topic: 'good' }]);
  t.match(links.links()[0], { in: 4, dropped: 3 });
});
