/** What must not harm the gateway: key material that cannot be read, far sides that fill its memory, bad times to leave. */
import t from 'tap';
import type { RouteConfig } from '../../../src/core/config.js';
import { linkConfig, startLink } from '../../support/links.js';
import { ManualClock } from '../../support/manual-clock.js';
import { eventually } from '../../support/peers.js';
import { friendly, scriptedBroker } from '../../support/scripted-broker.js';

const OUT: RouteConfig = { direction: 'out', filter: 'out/#', to: '{topic:1}', qos: 2 };
const IN: RouteConfig = { direction: 'in', filter: 'in/#', to: '{topic:1}', qos: 2 };

t.test('a certificate or key that cannot be read is said, tried again, and does not hold up the end', async (t) => {
  const clock = new ManualClock();
  const noPem = Buffer.from('no PEM');
  for (const tls of [
    { ca: undefined, cert: noPem, key: noPem },
    { ca: undefined, cert: undefined, key: noPem },
  ]) {
    const { links, is } = await startLink(t, linkConfig('mqtts://127.0.0.1:1', [OUT], { tls }), { clock });
    await is('down');
    t.match(links.links()[0], { error: { code: 'LINK_TLS', hint: /PEM/ }, nextTryAt: clock.now() + 250 });
    await clock.advance(250);
    await eventually(() => links.links()[0]!.nextTryAt === clock.now() + 500);
    await links[Symbol.asyncDispose]();
    t.equal(clock.pending, 0);
  }
});

t.test(
  'a far side that sends more than our Receive Maximum, as Mosquitto does when it resumes a session, is not turned away',
  async (t) => {
    let receiveMaximum = 0;
    const far = await scriptedBroker(t, (packet, connection) => {
      friendly(packet, connection);
      if (packet.cmd === 'connect') receiveMaximum = packet.properties?.receiveMaximum ?? 0;
      if (packet.cmd !== 'subscribe' || far.connections.length > 1) return;
      for (let messageId = 1; messageId <= 4 * receiveMaximum; messageId++) {
        connection.send({ cmd: 'publish', topic: 'in/x', payload: 'x', qos: 2, messageId, dup: false, retain: false });
      }
    });
    const { router, links, is } = await startLink(t, linkConfig(far.url, [IN]));
    await is('up');
    await eventually(
      () => far.connections[0]!.packets.filter(({ cmd }) => cmd === 'pubrec').length === 4 * receiveMaximum,
    );
    t.equal(router.published.length, 4 * receiveMaximum);
    t.equal(links.links()[0]!.error, undefined);
    t.equal(far.connections.length, 1);
  },
);

t.test('a connection that lasted was a good one, also when it ends while a subscription is asked for', async (t) => {
  const clock = new ManualClock();
  let asked = 0;
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'connect' && far.connections.length <= 3) connection.socket.destroy();
    else if (packet.cmd !== 'subscribe') friendly(packet, connection);
    else if (++asked === 4) connection.socket.destroy();
    else connection.send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: [0x87] });
  });
  const { links, is } = await startLink(t, linkConfig(far.url, [IN], { keepAlive: 0 }), { clock });
  for (const wait of [250, 500, 1_000]) {
    await eventually(() => links.links()[0]!.nextTryAt === clock.now() + wait);
    await clock.advance(wait);
  }
  await is('degraded');
  // 2.5 s, 5 s and 10 s after it was up.
  await eventually(async () => {
    await clock.advance(500);
    return asked === 4;
  });
  await is('down');
  t.equal(links.links()[0]!.nextTryAt, clock.now() + 250);
});

t.test('the backlog has a limit in bytes, too', async (t) => {
  const far = await scriptedBroker(t, () => {});
  const { router, links } = await startLink(t, linkConfig(far.url, [OUT]));
  const payload = Buffer.alloc(1_000_000).toString();
  for (let i = 0; i < 70; i++) router.put(`out/${i}`, payload, { qos: 1 });
  const view = await eventually(() => links.links().find(({ queuedBytes }) => queuedBytes <= 68_000_000));
  t.ok(
    view.queued + view.dropped === 70 && view.queuedBytes <= 68_000_000,
    `${view.queued} wait, ${view.dropped} dropped`,
  );
  t.match(links.alarms(), [{ error: { code: 'LINK_QUEUE_FULL' } }]);
});
