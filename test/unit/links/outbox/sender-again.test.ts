/** What was in flight when the connection ended, over the next one; the store is a real one. */
import t, { type Test } from 'tap';
import type { RouteConfig } from '../../../../src/core/config.js';
import { linkError } from '../../../../src/links/errors.js';
import type { Outgoing } from '../../../../src/links/far-side.js';
import { FarSession } from '../../../support/fake-far-side.js';
import { OutgoingBench } from '../../../support/link-outbox.js';
import { linkConfig } from '../../../support/links.js';
import { ManualClock } from '../../../support/manual-clock.js';

const OUT: RouteConfig = { direction: 'out', filter: 'out/#', to: '{topic:1}', qos: 2 };
const batch = { maxMessages: 4, maxBytes: 10_000, maxDelay: 1_000, as: 'array' } as const;
const BATCHES: RouteConfig = { ...OUT, filter: 'many/#', to: 'many', format: { type: 'json' }, batch };

async function bench(t: Test): Promise<OutgoingBench & { clock: ManualClock }> {
  const clock = new ManualClock();
  const made = new OutgoingBench(linkConfig('mqtt://127.0.0.1:1', [OUT, BATCHES]), clock);
  t.teardown(async () => {
    await made.stop();
    made.removeFolders();
  });
  await made.start();
  return Object.assign(made, { clock });
}

const atMost = (bytes: number) => (message: Outgoing) =>
  message.payload.length > bytes && !message.topic.includes('$loss')
    ? linkError('LINK_TOO_LARGE', 'too large')
    : undefined;
const payloads = (session: FarSession) =>
  session.delivered.filter(({ topic }) => !topic.includes('$loss')).map(({ payload }) => payload.toString());

t.test('another far side, that takes less: what was in flight is not forced upon it', async (t) => {
  for (const isSame of [false, true]) {
    const link = await bench(t);
    let session = new FarSession();
    link.connect(session);
    await link.publish('out/a', 'x'.repeat(100));
    await link.publish('out/b', 'y'.repeat(100), { qos: 2 });
    await link.publish('out/a', 'short');
    await link.settle();
    t.equal(link.far!.publishes.length, 3);
    link.far!.take(3, false);
    link.disconnect();
    if (!isSame) session = new FarSession();
    session.delivered.length = 0;
    const far = link.connect(session, { refusal: atMost(50) });
    await link.drain();
    t.strictSame(payloads(session), ['short'], `session present: ${isSame}`);
    const releases = far.sent.filter((sent) => 'release' in sent);
    t.strictSame(releases, isSame ? [{ release: 2 }] : [], 'its identifier is free where it was known');
    t.match(link.outgoing.view(), {
      queued: 0,
      books: { delivered: 1, droppedBy: { 'too-large': 2 }, difference: 0 },
      losses: { by: { 'too-large': 2 } },
    });
  }
});

t.test('a batch that was in flight goes in parts to a far side that takes less, in order', async (t) => {
  for (const isSame of [false, true]) {
    const link = await bench(t);
    let session = new FarSession();
    link.connect(session);
    for (let i = 0; i < 8; i++) await link.publish('many/a', `{"number":${i}}`);
    await link.settle();
    t.equal(link.far!.publishes.length, 2, 'two batches are in flight');
    const size = Math.max(...link.far!.publishes.map(({ payload }) => payload.length));
    link.disconnect();
    if (!isSame) session = new FarSession();
    const far = link.connect(session, { refusal: atMost(size - 1) });
    await link.drain();
    t.notOk(far.publishes.some(atMost(size - 1)), 'nothing that is too large');
    const numbers = payloads(session).flatMap((text) =>
      Array.from(text.matchAll(/\\?"number\\?":(\d)/g), ([, number]) => Number(number)),
    );
    t.strictSame(numbers, [0, 1, 2, 3, 4, 5, 6, 7], `session present: ${isSame}`);
    t.match(link.outgoing.view(), { queued: 0, books: { delivered: 8, dropped: 0, difference: 0 } });
  }
});

t.test('what was refused for later keeps its place when the connection ends then', async (t) => {
  const link = await bench(t);
  const session = new FarSession();
  const later = linkError('LINK_PUBLISH_REFUSED', 'full', { details: { reasonCode: 0x97, topic: 'a' } });
  const first = link.connect(session, { answer: () => later });
  for (let i = 1; i <= 6; i++) await link.publish('out/a', `${i}`);
  await link.settle();
  first.take(2);
  link.disconnect();
  // Refused again: what had its turn by then is in flight.
  await link.clock.advance(1_000);
  const second = link.connect(session, { answer: () => later, window: 4 });
  await link.settle();
  second.take(1);
  link.disconnect();
  await link.clock.advance(60_000);
  link.connect(session);
  await link.drain();
  t.strictSame(payloads(session), ['1', '2', '3', '4', '5', '6']);
  t.match(link.outgoing.view(), { queued: 0, books: { delivered: 6, difference: 0 } });
});

t.test('what an earlier run sent and has no form any more frees its identifier where it is known', async (t) => {
  for (const isSame of [false, true]) {
    const link = await bench(t);
    let session = new FarSession();
    link.connect(session);
    await link.publish('out/a', 'x'.repeat(100), { qos: 2 });
    await link.settle();
    link.far!.take(1, false);
    await link.kill();
    if (!isSame) session = new FarSession();
    session.delivered.length = 0;
    const far = link.connect(session, { refusal: atMost(50) });
    await link.drain();
    const releases = far.sent.filter((sent) => 'release' in sent);
    t.strictSame(releases, isSame ? [{ release: 1 }] : [], `session present: ${isSame}`);
    t.strictSame([...session.incoming], []);
    t.match(link.outgoing.view(), {
      queued: 0,
      books: { delivered: 0, droppedBy: { 'too-large': 1 }, difference: 0 },
      losses: { by: { 'too-large': 1 } },
    });
  }
});

t.test('it is said when nothing is left that was accepted before the connection', async (t) => {
  const link = await bench(t);
  const session = new FarSession();
  link.connect(session);
  t.equal(link.caughtUp, 1, 'nothing was there');
  for (let i = 0; i < 3; i++) await link.publish('out/a', `${i}`, { qos: 2 });
  await link.settle();
  link.far!.take(2, false);
  await link.kill();
  const far = link.connect(session);
  await link.publish('out/a', 'new', { qos: 2 });
  t.equal(link.caughtUp, 1);
  for (let i = 0; i < 20 && link.outgoing.view().queued > 1; i++) {
    t.equal(link.caughtUp, 1);
    await link.settle();
    far.take(1);
  }
  t.equal(link.caughtUp, 2, 'though a new one waits');
  t.equal(link.outgoing.view().queued, 1);
  await link.drain();
  t.strictSame(payloads(session), ['0', '1', '2', 'new']);
  t.equal(link.caughtUp, 2);
});
