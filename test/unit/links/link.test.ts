/** A link against far sides that misbehave; time is the test's. */
import t from 'tap';
import type { RouteConfig } from '../../../src/core/config.js';
import { Mesh } from '../../../src/core/mesh.js';
import { createMessage } from '../../../src/core/message.js';
import { linkConfig, outboxConfig, startLink } from '../../support/links.js';
import { ManualClock } from '../../support/manual-clock.js';
import { eventually, freePort } from '../../support/peers.js';
import { connack, friendly, scriptedBroker } from '../../support/scripted-broker.js';

const OUT: RouteConfig = { direction: 'out', filter: 'out/#', to: '{topic:1}', qos: 2 };
const IN: RouteConfig = { direction: 'in', filter: 'in/#', to: '{topic:1}', qos: 2 };

t.test('attempts never end; with the least jitter they come every 250 ms', async (t) => {
  const clock = new ManualClock();
  const config = linkConfig(`mqtt://127.0.0.1:${await freePort()}`, [OUT]);
  const { links } = await startLink(t, config, { clock });
  t.match(links.links()[0], { state: 'connecting', nextTryAt: undefined });
  t.match(links.services(), [{ state: 'starting' }]);
  const waits: number[] = [];
  let since: number | undefined;
  for (let i = 0; i < 9; i++) {
    const view = await eventually(() => links.links().find(({ nextTryAt }) => (nextTryAt ?? 0) > clock.now()));
    t.equal(view.state, 'down');
    since ??= view.since;
    t.equal(view.since, since, 'down since the first failure');
    waits.push(view.nextTryAt! - clock.now());
    await clock.advance(waits.at(-1)!);
  }
  t.strictSame(waits, new Array(9).fill(250));
  t.match(links.links()[0]!.history, [{ endpoint: null, code: 'LINK_UNREACHABLE', endedAt: null }], 'one outage');
  t.ok(links.links()[0]!.history[0]!.failures >= 9);
});

t.test('a far side that accepts and says nothing is given up after 10 s', async (t) => {
  for (const script of ['nothing', 'connack only'] as const) {
    const clock = new ManualClock();
    const far = await scriptedBroker(t, (packet, connection) => {
      if (script === 'connack only' && packet.cmd === 'connect') connection.send(connack());
    });
    const { links, is } = await startLink(t, linkConfig(far.url, [IN]), { clock });
    const expected = script === 'nothing' ? 'connect' : 'subscribe';
    await eventually(() => far.connections[0]?.packets.some(({ cmd }) => cmd === expected));
    await clock.advance(9_999);
    t.match(links.links()[0], { state: 'connecting' });
    await clock.advance(1);
    await is('down');
    const message = script === 'nothing' ? /did not answer CONNECT within 10000 ms/ : /did not answer SUBSCRIBE/;
    t.match(links.links()[0], { error: { code: 'LINK_PROTOCOL', message } });
    await eventually(() => far.open() === 0);
  }
});

t.test('only as many in flight as the Receive Maximum [MQTT 5.0 §3.3.4]; the rest in order', async (t) => {
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'connect') connection.send(connack({ receiveMaximum: 3 }));
  });
  const { router, links, is } = await startLink(t, linkConfig(far.url, [OUT]));
  await is('up');
  const { publishes, send } = far.connections[0]!;
  for (let i = 0; i < 10; i++) router.put(`out/${i}`, '', { qos: 1 });
  await eventually(() => publishes.length >= 3);
  for (let taken = 1; taken <= 7; taken++) {
    send({ cmd: 'puback', messageId: publishes[taken - 1]!.messageId ?? 0 });
    await eventually(() => publishes.length >= 3 + taken);
    t.match(links.links()[0], { out: taken, queued: 10 - taken });
    t.equal(publishes.length, 3 + taken, 'one more for each acknowledged');
  }
  t.strictSame(
    publishes.map(({ topic }) => topic),
    Array.from({ length: 10 }, (_, i) => String(i)),
  );
  for (const { messageId } of publishes.slice(7)) send({ cmd: 'puback', messageId: messageId ?? 0 });
  await eventually(() => links.links()[0]!.queued === 0);
});

t.test('messages never acknowledged: the connection is given up and they are sent again, in order', async (t) => {
  const clock = new ManualClock();
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd !== 'publish' || far.connections.length > 1) friendly(packet, connection);
  });
  const { router, links, is } = await startLink(t, linkConfig(far.url, [OUT], { keepAlive: 0 }), { clock });
  await is('up');
  for (let i = 0; i < 3; i++) router.put(`out/${i}`, '', { qos: 1, receivedAt: clock.now() });
  await eventually(() => far.connections[0]!.publishes.length === 3);
  await clock.advance(59_999);
  t.match(links.links()[0], { state: 'up', oldestMs: 59_999 });
  await clock.advance(1);
  await is('down');
  t.match(links.links()[0], { queued: 3, error: { code: 'LINK_STALLED', message: /3 messages .* 60000 ms/ } });
  await clock.advance(250);
  await is('up');
  await eventually(() => links.links()[0]!.queued === 0);
  t.strictSame(
    far.connections[1]!.publishes.map(({ topic }) => topic),
    ['0', '1', '2'],
  );
  t.match(links.links()[0], { out: 3, dropped: 0, oldestMs: null });
});

t.test('a far side that is gone without a word is noticed within 1.5 keep-alive intervals', async (t) => {
  const clock = new ManualClock();
  const far = await scriptedBroker(t, friendly);
  const { links, is } = await startLink(t, linkConfig(far.url, [OUT], { keepAlive: 10_000 }), { clock });
  await is('up');
  const pings = () => far.connections[0]!.packets.filter(({ cmd }) => cmd === 'pingreq').length;
  await clock.advance(10_000);
  await eventually(() => pings() === 1);
  far.connections[0]!.send({ cmd: 'pingresp' });
  const answered = clock.monotonic();
  while (clock.monotonic() < answered + 14_000) {
    t.equal(links.links()[0]!.state, 'up');
    await clock.advance(1_000);
  }
  await clock.advance(1_000);
  await is('down');
  t.match(links.links()[0], { error: { code: 'LINK_LOST', message: /did not answer a ping/ } });
});

t.test('limits of the far side: packet size, QoS and retain [MQTT 5.0 §3.2.2.3]', async (t) => {
  const limits = { maximumPacketSize: 100, maximumQoS: 1, retainAvailable: false };
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'connect') connection.send(connack(limits));
    else friendly(packet, connection);
  });
  const { router, links, is } = await startLink(t, linkConfig(far.url, [OUT]));
  await is('up');
  router.put('out/large', 'x'.repeat(100), { qos: 1 });
  router.put('out/a', '1', { qos: 2, retain: true });
  await eventually(() => links.links()[0]!.queued === 0);
  const { publishes } = far.connections[0]!;
  t.match(publishes, [{ topic: 'a', qos: 1, retain: false }]);
  t.match(links.links()[0], { out: 1, dropped: 1 });
  t.match(links.alarms(), [{ error: { code: 'LINK_PUBLISH_REFUSED', details: { maximumPacketSize: 100 } } }]);
});

t.test('a refused subscription is asked for again until it is granted', async (t) => {
  const clock = new ManualClock();
  let refusals = 2;
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'subscribe' && packet.subscriptions[0]!.topic === 'in/#' && refusals-- > 0) {
      connection.send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: [0x87] });
    } else friendly(packet, connection);
  });
  const routes = [IN, { ...IN, filter: 'fine/#' }];
  const { links, is } = await startLink(t, linkConfig(far.url, routes), { clock });
  await is('degraded');
  await clock.advance(2_500);
  await eventually(() => refusals === 0);
  t.match(links.links()[0], { state: 'degraded', error: { code: 'LINK_SUBSCRIPTION_REFUSED' } });
  await eventually(() => clock.pending > 0);
  await clock.advance(5_000);
  await is('up');
  t.match(links.links()[0], { error: undefined });
  t.strictSame(links.alarms(), []);
  const asked = far.connections[0]!.packets.flatMap((packet) =>
    packet.cmd === 'subscribe' ? packet.subscriptions.map(({ topic, nl, rap }) => ({ topic, nl, rap })) : [],
  );
  t.strictSame(
    asked.map(({ topic }) => topic),
    ['in/#', 'fine/#', 'in/#', 'in/#'],
  );
  t.ok(
    asked.every(({ nl, rap }) => nl === true && rap === true),
    'No Local and Retain As Published',
  );
});

t.test('a far side that does not read: the queue is bounded, the oldest go, counted', async (t) => {
  const far = await scriptedBroker(t, friendly);
  const { router, links, is } = await startLink(
    t,
    linkConfig(far.url, [OUT], { outbox: outboxConfig({ maxMessages: 50 }) }),
  );
  await is('up');
  const { socket, publishes } = far.connections[0]!;
  socket.pause();
  const payload = 'x'.repeat(1_000_000);
  for (let i = 0; i < 100; i++) router.put(`out/${i}`, payload, { qos: i % 3 === 0 ? 0 : 1 });
  const view = await eventually(() => links.links().find(({ books }) => (books.droppedBy['drop-oldest'] ?? 0) > 0));
  t.ok(view.queued <= 100 - view.dropped, `${view.dropped} dropped, ${view.queued} queued`);
  t.match(links.alarms(), [{ severity: 'warn', error: { code: 'LINK_QUEUE_FULL', fault: 'limit' } }]);
  socket.resume();
  await eventually(() => links.links()[0]!.queued === 0);
  const { out, dropped, books, losses } = links.links()[0]!;
  t.equal(out + dropped, 100, 'the books balance');
  t.match(books, { received: 100, delivered: out, queued: 0, difference: 0 });
  t.equal(losses.total, books.droppedBy['drop-oldest'], 'what had no promise is not in the loss record');
  // The last of QoS 0 is done when written, so it may still be on its way; and the loss record goes the same way.
  await eventually(() => publishes.filter(({ topic }) => !topic.startsWith('hpmq/')).length === out);
});

t.test('a connection that breaks soon does not start the schedule again; one that lasted does', async (t) => {
  const clock = new ManualClock();
  const far = await scriptedBroker(t, friendly);
  const { links, is } = await startLink(t, linkConfig(far.url, [OUT]), { clock, random: () => 0.5 });
  const waitAfter = async (ms: number) => {
    await is('up');
    await clock.advance(ms);
    far.connections.at(-1)!.socket.destroy();
    await is('down');
    const wait = (await eventually(() => links.links()[0]!.nextTryAt)) - clock.now();
    await clock.advance(wait);
    return wait;
  };
  t.equal(await waitAfter(1_000), 500);
  t.equal(await waitAfter(9_000), 875);
  t.equal(await waitAfter(10_000), 500);
});

t.test('the end: what is queued goes out, then everything is closed', async (t) => {
  const clock = new ManualClock();
  const far = await scriptedBroker(t, friendly);
  const { router, links, is } = await startLink(t, linkConfig(far.url, [OUT, IN]), { clock });
  await is('up');
  for (let i = 0; i < 50; i++) router.put(`out/${i}`, '', { qos: 2 });
  await links[Symbol.asyncDispose]();
  t.equal(far.connections[0]!.publishes.length, 50);
  t.equal(far.connections[0]!.packets.at(-1)?.cmd, 'disconnect');
  t.match(links.links()[0], { state: 'down', out: 50, queued: 0, error: undefined });
  await eventually(() => far.open() === 0);
  t.equal(clock.pending, 0, 'no timer is left');
  t.equal(router.counters().subscriptions, 0);

  const nowhere = await startLink(t, linkConfig(`mqtt://127.0.0.1:${await freePort()}`, [OUT]), { clock });
  nowhere.router.put('out/x', '', { qos: 1 });
  await nowhere.links[Symbol.asyncDispose]();
  t.equal(clock.pending, 0, 'nor while it connects');
  t.match(nowhere.links.links()[0], { queued: 1 });
});

t.test('the end: what comes until the last link is closed is in the outbox', async (t) => {
  const clock = new ManualClock();
  const deaf = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd !== 'publish') friendly(packet, connection);
  });
  const { router, links, is } = await startLink(t, linkConfig(deaf.url, [OUT]), { clock });
  await is('up');
  router.put('out/1', '', { qos: 1 });
  const closed = links[Symbol.asyncDispose]();
  await eventually(() => clock.pending > 0);
  router.put('out/2', '', { qos: 1 });
  await clock.advance(2_000);
  await closed;
  t.match(links.links()[0], { state: 'down', queued: 2 });
  t.equal(router.counters().subscriptions, 0);
});

for (const granted of [[0x87], [1, 0x87], [1], []]) {
  t.test(
    `a hub that answers ${granted.join(' and ') || 'no subscription'} is heard as far as it has granted all`,
    async (t) => {
      const far = await scriptedBroker(t, (packet, connection) => {
        if (packet.cmd !== 'subscribe') return friendly(packet, connection);
        const at = Number(packet.subscriptions[0]!.topic.split('/')[1] ?? 0);
        connection.send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: [granted[at]!] });
      });
      const mesh = new Mesh({ gatewayId: 'g2', epoch: 'e' });
      const hub = { name: 'm', gateways: ['g1', 'g2'] };
      const routes = [OUT, ...granted.map((_, i) => ({ ...IN, filter: `in/${i}/#`, to: `x/${i}/{topic}` }))];
      const { is } = await startLink(t, { ...linkConfig(far.url, routes), hub }, { mesh });
      await is(granted.includes(0x87) ? 'degraded' : 'up');
      const stamp = { gateway: 'g1', epoch: 'e', sequence: 1, hops: ['@m', 'g1'], at: 5, isSync: false };
      const brought = createMessage({ topic: 'x', payload: '', origin: 'link:g1', receivedAt: 0, stamp });
      const isHeard = granted.length > 0 && !granted.includes(0x87);
      t.equal(mesh.judge(brought, undefined), isHeard ? 'drop' : 'all');
    },
  );
}

t.test('what came in over a link goes out over another, but not back', async (t) => {
  const far = await scriptedBroker(t, friendly);
  const both: RouteConfig = { direction: 'both', filter: 'shared/#', to: '{topic}', qos: 1 };
  const { router, is } = await startLink(t, linkConfig(far.url, [both]));
  await is('up');
  const message = { payload: '', qos: 1, receivedAt: 0 } as const;
  router.publish(createMessage({ ...message, topic: 'shared/own', origin: 'link:cloud' }));
  router.publish(createMessage({ ...message, topic: 'shared/other', origin: 'link:sister' }));
  await eventually(() => far.connections[0]!.publishes.length > 0);
  t.match(far.connections[0]!.publishes, [{ topic: 'shared/other' }]);
});

t.test('a route that was not checked is our mistake, told at once', async (t) => {
  const start = startLink(t, linkConfig('mqtt://127.0.0.1:1', [{ ...OUT, to: '{nothing}' }]));
  await t.rejects(start, { code: 'LINK_ROUTE_INVALID', fault: 'config', message: /link cloud, route 0/ });
});
