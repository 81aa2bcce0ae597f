/** "up" means delivered: heartbeats over far sides that deliver, only acknowledge, stop, or have no room. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Packet } from 'mqtt-packet';
import t from 'tap';
import type { LinkConfig, RouteConfig } from '../../../src/core/config.js';
import { Heartbeat } from '../../../src/links/heartbeat.js';
import type { Links } from '../../../src/links/links.js';
import type { WatchedSide } from '../../../src/links/watched-side.js';
import { linkConfig, startLink } from '../../support/links.js';
import { ManualClock } from '../../support/manual-clock.js';
import { eventually } from '../../support/peers.js';
import { type Connection, connack, friendly, scriptedBroker } from '../../support/scripted-broker.js';

const OUT: RouteConfig = { direction: 'out', filter: 'out/#', to: '{topic:1}', qos: 1 };
const TOPIC = 'hpmq/plant-7/$heartbeat/cloud';
const beating = (url: string, more: Partial<LinkConfig> = {}) =>
  linkConfig(url, [OUT], { heartbeat: { every: 15_000, topic: undefined }, keepAlive: 0, ...more });

/** Moves time slowly enough for sockets, which live in real time, to keep up. */
async function live(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    await clock.advance(1_000);
    await sleep(2);
  }
}

/** Until it is so; time passes only between two connections, so that none is late on a busy machine. */
async function waiting(links: Links, clock: ManualClock, check: () => boolean): Promise<void> {
  await eventually(async () => {
    if (links.links()[0]!.state === 'down') await clock.advance(500);
    return check();
  });
}

/** Delivers heartbeats to who sent them. */
function delivering(packet: Packet, connection: Connection): void {
  friendly(packet, connection);
  if (packet.cmd !== 'publish' || packet.topic !== TOPIC) return;
  connection.send({ cmd: 'publish', topic: TOPIC, payload: packet.payload, qos: 0, dup: false, retain: false });
}

t.test('up when the first heartbeat came back, with no-local off for its topic', async (t) => {
  const clock = new ManualClock();
  let subscriptions: unknown;
  let deliver = false;
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'subscribe') subscriptions = packet.subscriptions;
    if (packet.cmd === 'publish' && !deliver) return;
    delivering(packet, connection);
  });
  const { links } = await startLink(t, beating(far.url), { clock });
  t.match(links.links()[0], { state: 'connecting', heartbeat: 'waiting' }, 'before there is a connection, too');
  const beat = await eventually(() => far.connections[0]?.publishes[0]);
  t.match(subscriptions, [{ topic: TOPIC, nl: false }]);
  t.match(beat, { topic: TOPIC, qos: 1, retain: false, properties: { messageExpiryInterval: 30 } });
  t.match(links.links()[0], { state: 'connecting', heartbeat: 'waiting', provenAt: null });
  deliver = true;
  await clock.advance(7);
  delivering(beat, far.connections[0]!);
  await eventually(() => links.links()[0]!.state === 'up');
  await eventually(() => links.links()[0]!.heartbeat === 'returned');
  t.match(links.links()[0], { provenAt: clock.now(), rttMs: { p50: 7, p99: 7 }, connects: 1 });
  const before = links.links()[0]!.provenAt!;
  await clock.advance(15_000);
  // Its answer comes while time moves, or after that.
  await eventually(() => links.links()[0]!.provenAt! > before);
  t.equal(far.connections[0]!.publishes.length, 2);
});

t.test('nothing acknowledged any more: degraded after two intervals, given up after four', async (t) => {
  const clock = new ManualClock();
  let frozen = false;
  const far = await scriptedBroker(t, (packet, connection) => {
    if (!frozen || far.connections.length > 1) delivering(packet, connection);
  });
  const { router, links, is } = await startLink(t, beating(far.url), { clock });
  await eventually(() => links.links()[0]!.heartbeat === 'returned');
  frozen = true;
  router.put('out/1', 'x', { qos: 1, receivedAt: clock.now() });
  await clock.advance(29_999);
  t.match(links.links()[0], { state: 'up' });
  await clock.advance(1);
  t.match(links.links()[0], { state: 'degraded', error: { code: 'LINK_NOT_DELIVERING' }, queued: 1, oldestMs: 30_000 });
  t.match(links.services(), [{ state: 'degraded', reason: /30000 ms/ }]);
  await clock.advance(30_000);
  await is('down');
  t.match(links.links()[0]!.history, [{ endpoint: far.url, code: /LINK_(NOT_DELIVERING|STALLED)/, endedAt: null }]);
  await clock.advance(250);
  await is('up');
  t.match(links.links()[0]!.history[0], { endedAt: Number });
  await eventually(() => links.links()[0]!.queued === 0);
  t.equal(far.connections[1]!.publishes.filter(({ topic }) => topic === '1').length, 1, 'nothing is lost');
});

t.test(
  'a topic that the far side refuses, or keeps to itself: the acknowledgement counts, and that is said',
  async (t) => {
    for (const how of ['refuses', 'keeps'] as const) {
      const clock = new ManualClock();
      const far = await scriptedBroker(t, (packet, connection) => {
        if (how === 'keeps' || packet.cmd !== 'subscribe') return friendly(packet, connection);
        return connection.send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: [0x87] });
      });
      const { links, is } = await startLink(t, beating(far.url), { clock });
      await is('up');
      t.match(links.links()[0], { heartbeat: 'acknowledged', error: undefined });
      await live(clock, 600_000);
      t.match(links.links()[0], { state: 'up', connects: 1, heartbeat: 'acknowledged' });
    }
  },
);

t.test('a far side that closes the connection for a heartbeat: the link goes on without, and says so', async (t) => {
  const clock = new ManualClock();
  let isAllowed = false;
  const far = await scriptedBroker(t, (packet, connection) => {
    if (isAllowed || packet.cmd !== 'publish' || packet.topic !== TOPIC) return delivering(packet, connection);
    return connection.socket.end();
  });
  const { router, links } = await startLink(t, beating(far.url), { clock });
  await waiting(links, clock, () => links.links()[0]!.heartbeat === 'refused');
  await eventually(() => links.links()[0]!.state === 'up');
  const { length } = far.connections;
  t.ok(length <= 4, `${length} connections`);
  t.match(links.alarms(), [{ severity: 'warn', error: { code: 'LINK_HEARTBEAT_REFUSED', message: /heartbeat/ } }]);
  router.put('out/1', 'x', { qos: 1, receivedAt: clock.now() });
  await eventually(() => far.connections.at(-1)!.publishes.length === 1);
  await live(clock, 60_000);
  t.match(links.links()[0], { state: 'up', connects: length, heartbeat: 'refused', queued: 0 });

  isAllowed = true;
  await clock.advance(3_600_000);
  far.connections.at(-1)!.socket.destroy();
  await waiting(links, clock, () => links.links()[0]!.heartbeat === 'returned');
  t.strictSame(links.alarms(), [], 'tried again after an hour');
});

t.test('a connection that is lost now and then is not taken for a refusal', async (t) => {
  const clock = new ManualClock();
  const far = await scriptedBroker(t, delivering);
  const { links } = await startLink(t, beating(far.url), { clock });
  for (let lost = 1; lost <= 5; lost++) {
    await waiting(
      links,
      clock,
      () => links.links()[0]!.heartbeat === 'returned' && links.links()[0]!.connects === lost,
    );
    far.connections.at(-1)!.socket.destroy();
    await eventually(() => links.links()[0]!.state !== 'up');
  }
  t.not(links.links()[0]!.heartbeat, 'refused');
});

t.test('what came back before and no longer does is degraded, though it is acknowledged', async (t) => {
  const clock = new ManualClock();
  let isBroken = false;
  const far = await scriptedBroker(t, (packet, connection) => (isBroken ? friendly : delivering)(packet, connection));
  const { links, is } = await startLink(t, beating(far.url), { clock });
  await eventually(() => links.links()[0]!.heartbeat === 'returned');
  isBroken = true;
  await clock.advance(30_000);
  await is('degraded');
  await clock.advance(30_000);
  await is('down');
  await clock.advance(250);
  await eventually(() => far.connections[1]?.publishes.length);
  await clock.advance(61_000);
  await eventually(async () => {
    await clock.advance(300);
    return links.links()[0]!.state === 'up';
  });
  t.match(links.links()[0], { heartbeat: 'acknowledged' }, 'after one more connection without, it is how things are');
});

t.test('a window of one is shared with the messages', async (t) => {
  const clock = new ManualClock();
  let unacknowledged = 0;
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'connect') return connection.send(connack({ receiveMaximum: 1 }));
    if (packet.cmd !== 'publish' || packet.qos === 0) return delivering(packet, connection);
    unacknowledged++;
    t.equal(unacknowledged, 1, 'never more than one unacknowledged [MQTT-3.3.4-9]');
    setImmediate(() => {
      unacknowledged--;
      delivering(packet, connection);
    });
    return undefined;
  });
  const { router, links } = await startLink(t, beating(far.url, { heartbeat: { every: 1_000, topic: undefined } }), {
    clock,
  });
  for (let i = 0; i < 50; i++) router.put(`out/${i}`, '', { qos: 1 });
  await eventually(() => links.links()[0]!.queued === 0);
  await live(clock, 3_000);
  await eventually(() => links.links()[0]!.heartbeat === 'returned');
  t.match(links.links()[0], { state: 'up', out: 50, connects: 1, heartbeat: 'returned' });
  const topics = far.connections[0]!.publishes.map(({ topic }) => topic).filter((topic) => topic !== TOPIC);
  t.strictSame(
    topics,
    Array.from({ length: 50 }, (_, i) => `${i}`),
  );
});

t.test('heartbeats of others are not messages', async (t) => {
  const far = await scriptedBroker(t, (packet, connection) => {
    delivering(packet, connection);
    if (packet.cmd !== 'subscribe') return;
    const more = { qos: 0, dup: false, retain: false, payload: 'x' } as const;
    connection.send({ cmd: 'publish', topic: 'hpmq/other/$heartbeat/cloud', ...more });
    connection.send({ cmd: 'publish', topic: 'hpmq/other/value', ...more });
  });
  const all: RouteConfig = { direction: 'in', filter: '#', to: '{topic}', qos: 1 };
  const { router } = await startLink(t, { ...beating(far.url), routes: [all] });
  await eventually(() => router.published.length >= 1);
  t.ok(router.published.every(({ topic }) => topic === 'hpmq/other/value'));
});

t.test('an endpoint that delivers nothing is left for the next within three intervals; nothing is lost', async (t) => {
  const clock = new ManualClock();
  const wedged = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd === 'connect') connection.send(connack());
    else if (packet.cmd === 'subscribe') friendly(packet, connection);
  });
  const good = await scriptedBroker(t, delivering);
  const config = beating(wedged.url);
  const { router, links, is } = await startLink(
    t,
    { ...config, reach: { ...config.reach, urls: [wedged.url, good.url] } },
    { clock },
  );
  await eventually(() => wedged.connections[0]?.publishes.length);
  for (let i = 0; i < 20; i++) router.put(`out/${i}`, '', { qos: 1 });
  await clock.advance(30_000);
  t.match(links.links()[0], { state: 'degraded', endpoint: wedged.url });
  await clock.advance(15_000);
  await is('up');
  t.match(links.links()[0], {
    endpoint: good.url,
    endpoints: [{ state: 'failed', isHeld: true }, { isCurrent: true }],
  });
  await eventually(() => links.links()[0]!.queued === 0);
  const topics = good.connections
    .at(-1)!
    .publishes.map(({ topic }) => topic)
    .filter((topic) => topic !== TOPIC);
  t.strictSame(
    topics,
    Array.from({ length: 20 }, (_, i) => `${i}`),
  );

  await t.test('it is probed as another client, and not gone back to while it delivers nothing', async (t) => {
    await live(clock, 300_000);
    const probes = wedged.connections.flatMap(({ packets }) => packets.filter(({ cmd }) => cmd === 'connect'));
    t.ok(probes.length > 2);
    t.equal((probes.at(-1) as { clientId?: string }).clientId, 'hpmq-plant-7-cloud-probe');
    t.match(links.links()[0], { state: 'up', endpoint: good.url });
  });
});

t.test('fail-back: when the preferred one was good for a time, with nothing in flight', async (t) => {
  const clock = new ManualClock();
  let isDown = true;
  const first = await scriptedBroker(t, (packet, connection) => {
    if (isDown) connection.socket.destroy();
    else delivering(packet, connection);
  });
  const second = await scriptedBroker(t, delivering);
  const config = beating(first.url);
  const reach = { ...config.reach, urls: [first.url, second.url] };
  const { router, links, is } = await startLink(t, { ...config, reach }, { clock });
  await eventually(() => links.links()[0]!.heartbeat === 'returned');
  t.match(links.links()[0], { endpoint: second.url });
  isDown = false;
  let sent = 0;
  await eventually(async () => {
    router.put(`out/${sent}`, '', { qos: 1 });
    sent++;
    await clock.advance(1_000);
    return links.links()[0]!.endpoint === first.url;
  });
  await is('up');
  await eventually(() => links.links()[0]!.queued === 0);
  t.match(links.links()[0]!.history.at(-1), { code: 'LINK_MOVED', endpoint: second.url, endedAt: Number });
  t.equal(second.connections[0]!.packets.at(-1)?.cmd, 'disconnect', 'it says goodbye');
  const all = [...second.connections, ...first.connections].flatMap(({ publishes }) => publishes);
  const topics = all.map(({ topic }) => topic).filter((topic) => topic !== TOPIC);
  t.strictSame(
    topics,
    Array.from({ length: sent }, (_, i) => `${i}`),
    'each once, in order',
  );
});

t.test('nearest: the one that answers soonest', async (t) => {
  const near = await scriptedBroker(t, delivering);
  const far = await scriptedBroker(
    t,
    (packet, connection) => void setTimeout(() => delivering(packet, connection), 60),
  );
  const config = beating(far.url);
  const reach = { ...config.reach, urls: [far.url, near.url], choose: 'nearest' as const };
  const { links, is } = await startLink(t, { ...config, reach });
  await is('up');
  t.match(links.links()[0], { endpoint: near.url });
});

t.test('what a link says about itself is retained', async (t) => {
  const clock = new ManualClock();
  const far = await scriptedBroker(t, delivering);
  const { router, links, is } = await startLink(t, beating(far.url), { clock, isAnnounced: true });
  const said = () => {
    const [message] = router.retained('hpmq/plant-7/$link/cloud');
    return JSON.parse(message!.payload.toString());
  };
  t.match(said(), { state: 'connecting', endpoint: null });
  await is('up');
  await eventually(async () => {
    await clock.advance(250);
    return said().heartbeat === 'returned';
  });
  t.match(said(), { state: 'up', endpoint: far.url, queued: 0, heartbeat: 'returned', connects: 1 });
  far.connections[0]!.socket.destroy();
  await is('down');
  await clock.advance(250);
  t.match(said(), { lost: { code: 'LINK_LOST' } });
  await links[Symbol.asyncDispose]();
  t.match(said(), { state: 'down' });
  t.equal(clock.pending, 0);
});

t.test('one that waits for its turn is not blamed for the end of the connection', async (t) => {
  let send = () => {};
  const side = {
    subscribe: async () => undefined,
    beat: (_topic: string, _payload: string, _expiry: number, sent: () => void) => {
      send = sent;
      return true;
    },
  };
  using heartbeat = new Heartbeat({
    every: 15_000,
    topic: TOPIC,
    clock: new ManualClock(),
    side: side as unknown as WatchedSide,
    nonce: 'x',
    shouldReturn: false,
    hasOthers: () => false,
    onProof: () => {},
    onMissed: () => {},
  });
  const started = heartbeat.start();
  t.ok(heartbeat.isUnanswered, 'its subscription is');
  await started;
  t.notOk(heartbeat.isUnanswered);
  send();
  t.ok(heartbeat.isUnanswered);
});
