/** The outgoing half of a link against a far side whose every packet the test takes itself; the store is a real one. */
import t, { type Test } from 'tap';
import type { LinkConfig, RouteConfig } from '../../../../src/core/config.js';
import { linkError } from '../../../../src/links/errors.js';
import type { Outgoing } from '../../../../src/links/far-side.js';
import { FarSession } from '../../../support/fake-far-side.js';
import { FakeTransform, upper } from '../../../support/fake-transform.js';
import { lossesAt, OutgoingBench } from '../../../support/link-outbox.js';
import { linkConfig, outboxConfig } from '../../../support/links.js';
import { ManualClock } from '../../../support/manual-clock.js';

const OUT: RouteConfig = { direction: 'out', filter: 'out/#', to: '{topic:1}', qos: 2 };

async function bench(
  t: Test,
  more: Partial<LinkConfig> = {},
  clock = new ManualClock(),
): Promise<OutgoingBench & { clock: ManualClock }> {
  const made = new OutgoingBench(linkConfig('mqtt://127.0.0.1:1', [OUT], more), clock);
  t.teardown(async () => {
    await made.stop().catch(() => {});
    made.removeFolders();
  });
  await made.start();
  return Object.assign(made, { clock });
}

const topics = (messages: readonly Outgoing[]) => messages.map(({ topic }) => topic);
const payloads = (messages: readonly Outgoing[]) => messages.map(({ payload }) => payload.toString());
const refusedWith = (reasonCode: number) =>
  linkError('LINK_PUBLISH_REFUSED', 'refused', { details: { reasonCode, topic: 'x' } });

t.test(
  'after SIGKILL what is not settled comes again under its identifier, with DUP, and PUBREL for what is released [MQTT-4.4.0-1]',
  async (t) => {
    const link = await bench(t);
    const session = new FarSession();
    link.connect(session);
    for (const qos of [2, 1, 2, 1] as const) await link.publish(`out/${qos}`, `q${qos}`, { qos });
    await link.settle();
    const first = link.far!.publishes.map(({ packetId, dup, qos }) => ({ packetId, dup, qos }));
    t.strictSame(first, [
      { packetId: 1, dup: false, qos: 2 },
      { packetId: 2, dup: false, qos: 1 },
      { packetId: 3, dup: false, qos: 2 },
      { packetId: 4, dup: false, qos: 1 },
    ]);
    // The first is released; of the others the far side has one whose PUBREC is lost.
    link.far!.take(1);
    await link.settle();
    link.far!.take(2, false);
    await link.kill();
    const far = link.connect(session);
    await link.settle();
    t.strictSame(far.sent[0], { release: 1 }, 'PUBREL first, in the order of PUBREC');
    t.match(far.publishes, [
      { packetId: 2, dup: true, qos: 1 },
      { packetId: 3, dup: true, qos: 2 },
      { packetId: 4, dup: true, qos: 1 },
    ]);
    await link.drain();
    t.strictSame(
      payloads(session.delivered).toSorted(),
      ['q1', 'q1', 'q1', 'q2', 'q2'],
      'QoS 2 once, QoS 1 at least once',
    );
    t.match(link.outgoing.view(), { queued: 0, books: { found: 4, delivered: 4, difference: 0 } });
  },
);

t.test('a far side that has forgotten the session gets everything anew, also what it had released', async (t) => {
  const link = await bench(t);
  const session = new FarSession();
  link.connect(session);
  await link.publish('out/a', 'a', { qos: 2 });
  link.far!.take(1);
  await link.settle();
  session.forget();
  session.delivered.length = 0;
  for (const start of ['a lost connection', 'SIGKILL']) {
    if (start === 'SIGKILL') await link.kill();
    const far = link.connect(session);
    await link.settle();
    t.match(far.publishes, [{ topic: 'a', qos: 2, dup: false }], start);
    session.forget();
  }
  link.connect(session);
  await link.drain();
  t.equal(link.outgoing.view().queued, 0);
  t.strictSame(topics(session.delivered), ['a']);
});

t.test('PUBREL waits until the release is on disk', async (t) => {
  const link = await bench(t);
  const session = new FarSession();
  const far = link.connect(session);
  await link.publish('out/a', 'a', { qos: 2 });
  await link.settle();
  far.take(1);
  t.equal(far.sent.length, 1, 'PUBREC came in this turn, the disk has not heard of it');
  await link.settle();
  t.strictSame(far.sent[1], { release: 1 });
});

t.test('QoS 2 is not sent before it is on disk, QoS 1 is', async (t) => {
  const link = await bench(t);
  const far = link.connect(new FarSession());
  const one = link.publish('out/one', '1', { qos: 1 });
  t.equal(far.sent.length, 1);
  await one;
  const two = link.publish('out/two', '2', { qos: 2 });
  t.equal(far.sent.length, 1);
  await two;
  await link.settle();
  t.equal(far.sent.length, 2);
});

t.test('a live message passes the backlog, but not a message of its topic; orders', async (t) => {
  for (const order of ['live-first', 'history-first', 'interleaved'] as const) {
    const drain = { order, rate: undefined, bandwidth: undefined };
    const link = await bench(t, { outbox: outboxConfig({ drain }) });
    for (let i = 0; i < 6; i++) await link.publish(`out/old${i % 2}`, `old ${i}`);
    const session = new FarSession();
    link.connect(session, { window: 1 });
    await link.settle();
    // The first of the backlog is in flight.
    for (let i = 0; i < 2; i++) await link.publish('out/new', `new ${i}`);
    await link.publish('out/old0', 'old 6');
    await link.drain();
    const expected = {
      'live-first': ['old 0', 'new 0', 'new 1', 'old 1', 'old 2', 'old 3', 'old 4', 'old 5', 'old 6'],
      'history-first': ['old 0', 'old 1', 'old 2', 'old 3', 'old 4', 'old 5', 'new 0', 'new 1', 'old 6'],
      interleaved: ['old 0', 'new 0', 'old 1', 'new 1', 'old 2', 'old 3', 'old 4', 'old 5', 'old 6'],
    }[order];
    t.strictSame(payloads(session.delivered), expected, order);
  }
});

t.test('what has waited is marked, and says when it was accepted; what is live is not', async (t) => {
  const link = await bench(t);
  await link.publish('out/a', '{"t":5}', { properties: { userProperties: [['line', '3']] } });
  const session = new FarSession();
  await link.clock.advance(60_000);
  link.connect(session);
  await link.drain();
  await link.publish('out/b', '2');
  await link.drain();
  const [old, live] = session.delivered;
  t.strictSame(old!.properties?.userProperties, [
    ['line', '3'],
    ['backfill', '1'],
    ['sampled-at', '2026-01-01T00:00:00.000Z'],
  ]);
  t.equal(old!.payload.toString(), '{"t":5}', 'the payload is as it was');
  t.equal(live!.properties?.userProperties, undefined);

  const plain = await bench(t, { protocolVersion: 4 });
  await plain.publish('out/a', '1');
  const far = new FarSession();
  plain.connect(far);
  await plain.drain();
  t.equal(far.delivered[0]!.properties, undefined, 'MQTT 3.1.1 has no properties');
});

t.test('rate and bandwidth hold the backlog back, not what is live', async (t) => {
  for (const drain of [
    { order: 'live-first', rate: 10, bandwidth: undefined },
    { order: 'live-first', rate: undefined, bandwidth: 1_000 },
  ] as const) {
    const link = await bench(t, { outbox: outboxConfig({ drain }) });
    for (let i = 0; i < 40; i++) await link.publish(`out/t${i}`, 'x'.repeat(98));
    const session = new FarSession();
    link.connect(session, { window: 100 });
    for (let second = 1; second <= 2; second++) {
      for (let i = 0; i < 20; i++) {
        await link.clock.advance(50);
        await link.settle();
        link.far!.take(100);
      }
      const count = session.delivered.length;
      t.ok(Math.abs(count - second * 10) <= 2, `${count} after ${second} s`);
    }
    await link.publish('out/live', 'now');
    link.far!.take(100);
    t.equal(session.delivered.at(-1)?.topic, 'live');
    const { etaMs, perSecond } = link.outgoing.view().drain;
    t.ok(perSecond > 0 && (etaMs === null || etaMs > 0), `${perSecond} a second, ${etaMs} ms`);
  }
});

t.test('a paused drain lets what is live pass; the pause survives a start', async (t) => {
  const link = await bench(t);
  await link.publish('out/old', 'old');
  link.outgoing.pauseDrain(true);
  await link.settle();
  await link.kill();
  t.match(link.outgoing.view().drain, { paused: true });
  const session = new FarSession();
  link.connect(session);
  await link.drain();
  await link.publish('out/live', 'live');
  await link.drain();
  t.strictSame(topics(session.delivered), ['live']);
  link.outgoing.pauseDrain(false);
  await link.drain();
  t.strictSame(topics(session.delivered), ['live', 'old']);
});

t.test('a message refused for good is counted, recorded and set aside; others go on', async (t) => {
  const link = await bench(t, { outbox: outboxConfig({ deadLetter: 'dead/cloud' }) });
  const session = new FarSession();
  link.connect(session, { answer: ({ topic }) => (topic === 'bad' ? refusedWith(0x87) : undefined) });
  await link.publish('out/bad', '1');
  await link.publish('out/good', '2');
  await link.publish('out/bad', '3', { qos: 2 });
  await link.drain();
  t.match(link.outgoing.view(), {
    queued: 0,
    books: { delivered: 1, droppedBy: { 'refused-0x87': 2 }, difference: 0 },
    losses: { total: 2, by: { 'refused-0x87': 2 }, unreported: 0 },
  });
  const sum = lossesAt(session).reduce((total, { count }) => total + count, 0);
  t.equal(sum, 2);
  t.match(lossesAt(session)[0], { reason: 'refused-0x87', topics: ['out/bad'], from: '2026-01-01T00:00:00.000Z' });
  const dead = link.router.published.filter(({ topic }) => topic === 'dead/cloud/out/bad');
  t.equal(dead.length, 2);
  t.strictSame(dead[0]!.properties?.userProperties, [
    ['link', 'cloud'],
    ['reason', 'refused-0x87'],
  ]);
});

t.test('Quota exceeded (0x97) is a matter of time: all of it comes again, later and later, in order', async (t) => {
  const link = await bench(t);
  const session = new FarSession();
  let isFull = true;
  link.connect(session, { answer: () => (isFull ? refusedWith(0x97) : undefined) });
  for (let i = 0; i < 5; i++) await link.publish('out/a', `${i}`);
  await link.settle();
  link.far!.take(100);
  const sent = () => link.far!.publishes.length;
  t.equal(sent(), 5);
  await link.clock.advance(999);
  t.equal(sent(), 5);
  await link.clock.advance(1);
  t.equal(sent(), 10, 'after one second');
  link.far!.take(100);
  await link.clock.advance(1_999);
  t.equal(sent(), 10);
  isFull = false;
  await link.clock.advance(1);
  await link.drain();
  t.strictSame(payloads(session.delivered), ['0', '1', '2', '3', '4']);
  t.match(link.outgoing.view(), { queued: 0, books: { dropped: 0, difference: 0 }, losses: { total: 0 } });
});

t.test('too large, expired, too old, without a topic: each is counted by its reason', async (t) => {
  const link = await bench(t, { outbox: outboxConfig({ maxAge: 60_000 }) });
  await link.publish('out/old', '1');
  await link.clock.advance(50_000);
  await link.publish('out/short', '2', { expiresAt: link.clock.now() + 1_000 });
  await link.publish('out/large', 'x'.repeat(100));
  await link.publish('out/fine', '3');
  await link.publish('out/nothing', '0', { qos: 0 });
  await link.clock.advance(20_000);
  await link.settle();
  const session = new FarSession();
  link.connect(session, {
    refusal: ({ payload }) => (payload.length > 50 ? linkError('LINK_PUBLISH_REFUSED', 'too large') : undefined),
  });
  await link.drain();
  t.strictSame(
    topics(session.delivered).filter((topic) => !topic.includes('$loss')),
    ['fine'],
  );
  t.match(link.outgoing.view(), {
    queued: 0,
    books: { delivered: 1, expired: 1, droppedBy: { 'too-old': 1, 'too-large': 1, offline: 1 }, difference: 0 },
    losses: { total: 3, by: { 'too-old': 1, 'too-large': 1, expired: 1 } },
  });
});

t.test(
  'the configuration changes: what waits goes where the routes lead now, or where it was meant to go',
  async (t) => {
    const link = await bench(t);
    await link.publish('out/a', '1');
    await link.settle();
    await link.kill({ ...link.config, routes: [{ ...OUT, to: 'renamed/{topic:1}' }] });
    let session = new FarSession();
    link.connect(session);
    await link.drain();
    t.strictSame(topics(session.delivered), ['renamed/a']);
    await link.publish('out/b', '2');
    await link.settle();
    link.disconnect();
    await link.publish('out/c', '3');
    await link.kill({ ...link.config, routes: [] });
    session = new FarSession();
    link.connect(session);
    await link.drain();
    t.ok(topics(session.delivered).includes('renamed/c'), 'its route is gone: the name it was accepted for');
    t.equal(link.outgoing.view().queued, 0);
  },
);

t.test('higher priorities go first and stay longest', async (t) => {
  const routes: RouteConfig[] = [
    { ...OUT, filter: 'out/alarm/#', priority: 9 },
    { ...OUT, filter: 'out/value/#', priority: 2 },
  ];
  const link = await bench(t, { routes, outbox: outboxConfig({ maxMessages: 10 }) });
  for (let i = 0; i < 8; i++) await link.publish('out/value/a', `value ${i}`);
  for (let i = 0; i < 6; i++) await link.publish('out/alarm/a', `alarm ${i}`);
  await link.settle();
  await link.settle();
  const session = new FarSession();
  link.connect(session, { window: 5 });
  await link.drain();
  const arrived = session.delivered.filter(({ topic }) => !topic.includes('$loss'));
  t.strictSame(payloads(arrived), [
    ...Array.from({ length: 6 }, (_, i) => `alarm ${i}`),
    ...Array.from({ length: 4 }, (_, i) => `value ${i + 4}`),
  ]);
  t.match(link.outgoing.view().losses, { total: 4, by: { 'drop-oldest': 4 } });
});

t.test('a record of what is lost is numbered, and the same when it is sent again', async (t) => {
  const link = await bench(t, { outbox: outboxConfig({ maxMessages: 2, full: 'drop-new' }) });
  for (let i = 0; i < 5; i++) await link.publish('out/a', `${i}`);
  const session = new FarSession();
  link.connect(session);
  await link.settle();
  t.ok(
    link.far!.publishes.some(({ topic }) => topic.includes('$loss')),
    'it is on its way',
  );
  link.far!.take(100, false);
  await link.kill();
  for (let i = 5; i < 8; i++) await link.publish('out/a', `${i}`);
  link.connect(session);
  await link.drain();
  const copies = session.delivered
    .filter(({ topic }) => topic.includes('$loss'))
    .map(({ payload }) => payload.toString());
  t.ok(copies.filter((copy) => copy === copies[0]).length >= 2, 'sent twice, the same');
  const records = lossesAt(session);
  const { total } = link.outgoing.view().losses;
  t.equal(
    records.reduce((sum, { count }) => sum + count, 0),
    total,
  );
  t.equal(new Set(records.map(({ number }) => number)).size, records.length);
});

t.test('the replay of retained messages waits for the functions at the door', async (t) => {
  const link = await bench(t);
  const transform = new FakeTransform('#', upper);
  transform.isLate = true;
  link.transform = transform;
  await link.kill();
  for (let i = 0; i < 1_500; i++) link.router.put(`out/${i}`, `v${i}`, { retain: true });
  const session = new FarSession();
  link.connect(session);
  await link.settle();
  t.ok(transform.calls.length <= 64, `${transform.calls.length} at a time`);
  for (let idle = 0; idle < 4; ) {
    const calls = transform.calls.splice(0);
    for (const { answer } of calls) answer();
    await link.settle();
    link.far!.take(Number.POSITIVE_INFINITY);
    idle = calls.length > 0 ? 0 : idle + 1;
  }
  await link.drain();
  t.equal(session.delivered.length, 1_500);
  t.match(link.outgoing.view(), { books: { dropped: 0, difference: 0 } });
});
