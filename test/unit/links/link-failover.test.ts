/** A link with two far sides that share nothing, in the middle of QoS 2. */
import t from 'tap';
import type { RouteConfig } from '../../../src/core/config.js';
import { SessionMemories, SessionMemory } from '../../../src/links/session-memory.js';
import { linkConfig, startLink } from '../../support/links.js';
import { eventually } from '../../support/peers.js';
import { connack, friendly, scriptedBroker } from '../../support/scripted-broker.js';

const OUT: RouteConfig = { direction: 'out', filter: 'out/#', to: '{topic:1}', qos: 2 };
const IN: RouteConfig = { direction: 'in', filter: 'in/#', to: '{topic:1}', qos: 1 };

t.test('a message released at one far side is published at the other, though that has a session of ours', async (t) => {
  let isFirstUp = false;
  let cuts = 0;
  const first = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'pubrel') {
      isFirstUp = false;
      cuts = 1;
    }
    if (isFirstUp) friendly(packet, connection);
    else connection.socket.destroy();
  });
  const second = await scriptedBroker(t, (packet, connection) => {
    // A connection that ends before the sender has it changes nothing.
    if (packet.cmd === 'subscribe' && cuts-- > 0) return void connection.socket.destroy();
    if (packet.cmd !== 'connect') return friendly(packet, connection);
    connection.send({ ...connack(), sessionPresent: packet.clean !== true });
  });
  const base = linkConfig(first.url, [OUT, IN]);
  const reach = { ...base.reach, urls: [first.url, second.url] };
  const { router, links, is } = await startLink(t, { ...base, reach });
  await is('up');
  t.equal(links.links()[0]!.endpoint, second.url);
  isFirstUp = true;
  // Until it is the turn of the first.
  await eventually(() => {
    if (links.links()[0]!.endpoint === second.url) second.connections.at(-1)!.socket.destroy();
    return links.links()[0]!.state === 'up' && links.links()[0]!.endpoint === first.url;
  }, 20_000);
  router.put('out/valuable', 'x', { qos: 2 });
  await eventually(() => links.links()[0]!.queued === 0, 20_000);
  t.match(second.connections.at(-1)!.packets[0], { cmd: 'connect', clean: false });
  t.match(second.connections.at(-1)!.publishes, [{ topic: 'valuable', qos: 2, dup: false }]);
});

t.test('a disk that takes nothing does not keep the link from working, and leaves no connection open', async (t) => {
  const { of } = SessionMemories.prototype;
  t.teardown(() => {
    SessionMemories.prototype.of = of;
  });
  SessionMemories.prototype.of = () =>
    new SessionMemory(undefined, () => Promise.reject(new Error('the disk is full')));
  const far = await scriptedBroker(t, friendly);
  const { router, links, is } = await startLink(t, linkConfig(far.url, [OUT]));
  await is('up');
  router.put('out/a', 'x', { qos: 2 });
  await eventually(() => links.links()[0]!.out === 1);
  t.equal(far.connections.length, 1);
});

t.test('a connection that cannot be used is closed', async (t) => {
  const { connected } = SessionMemory.prototype;
  t.teardown(() => {
    SessionMemory.prototype.connected = connected;
  });
  SessionMemory.prototype.connected = () => {
    SessionMemory.prototype.connected = connected;
    throw new Error('a bug');
  };
  const far = await scriptedBroker(t, friendly);
  const { is } = await startLink(t, linkConfig(far.url, [OUT]));
  await is('up');
  t.equal(far.connections.length, 2);
  await eventually(() => far.open() === 1);
});
