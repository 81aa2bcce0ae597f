/** The loss record and a far side that does not want it; the store is a real one. */
import t, { type Test } from 'tap';
import type { RouteConfig } from '../../../../src/core/config.js';
import { linkError } from '../../../../src/links/errors.js';
import { type FakeFarSide, FarSession } from '../../../support/fake-far-side.js';
import { lossesAt, OutgoingBench } from '../../../support/link-outbox.js';
import { linkConfig, outboxConfig } from '../../../support/links.js';
import { ManualClock } from '../../../support/manual-clock.js';

const OUT: RouteConfig = { direction: 'out', filter: 'out/#', to: '{topic:1}', qos: 1 };

/** Three messages are lost, two wait. */
async function bench(t: Test): Promise<OutgoingBench & { clock: ManualClock }> {
  const clock = new ManualClock();
  const outbox = outboxConfig({ maxMessages: 2, full: 'drop-new' });
  const made = new OutgoingBench(linkConfig('mqtt://127.0.0.1:1', [OUT], { outbox }), clock);
  t.teardown(async () => {
    await made.stop();
    made.removeFolders();
  });
  await made.start();
  for (let i = 0; i < 5; i++) await made.publish('out/a', `${i}`);
  return Object.assign(made, { clock });
}

const isReport = ({ topic }: { readonly topic: string }) => topic.includes('$loss');
const sent = (far: FakeFarSide) => far.publishes.map((one) => (isReport(one) ? 'report' : one.payload.toString()));

t.test('a far side that closes the connection when it gets the record gets the messages nonetheless', async (t) => {
  const link = await bench(t);
  const session = new FarSession();
  let far = link.connect(session);
  await link.settle();
  t.equal(sent(far)[0], 'report');

  far = link.connect(session);
  await link.settle();
  t.strictSame(sent(far), ['0', '1']);
  far.take(1);
  await link.settle();
  t.strictSame(sent(far), ['0', '1'], 'not while something is in flight');
  far.take(1);
  await link.settle();
  t.strictSame(sent(far), ['0', '1', 'report'], 'last');

  far = link.connect(session);
  await link.publish('out/a', 'later');
  await link.drain();
  t.strictSame(sent(far), ['later']);
  await link.clock.advance(29_000);
  await link.settle();
  t.strictSame(sent(far), ['later'], 'it ended two connections');
  await link.clock.advance(1_000);
  await link.settle();
  t.strictSame(sent(far), ['later', 'report'], 'after half a minute');

  await link.drain();
  t.match(lossesAt(session), [{ number: 1, count: 3 }]);
  t.match(link.outgoing.view(), { queued: 0, losses: { total: 3, unreported: 0 } });
});

t.test('a record that the far side would find too large is not sent', async (t) => {
  const link = await bench(t);
  const session = new FarSession();
  const refusal = (message: { readonly topic: string }) =>
    isReport(message) ? linkError('LINK_TOO_LARGE', 'too large') : undefined;
  let far = link.connect(session, { refusal });
  await link.drain();
  t.strictSame(sent(far), ['0', '1']);
  t.match(link.outgoing.view(), { queued: 0, losses: { unreported: 3 } });
  far = link.connect(session);
  await link.drain();
  t.strictSame(sent(far), ['report'], 'one that takes more gets it');
});

t.test(
  'a far side that never takes the record is asked every few minutes, and then the operator is told',
  async (t) => {
    for (const how of ['closes', 'refuses'] as const) {
      const link = await bench(t);
      const session = new FarSession();
      const refused = linkError('LINK_PUBLISH_REFUSED', 'no', { details: { reasonCode: 0x87 } });
      let reports = 0;
      const unreported = () => link.outgoing.view().losses?.unreported;
      for (let connection = 0; connection < 30 && unreported() === 3; connection++) {
        const far = link.connect(
          session,
          how === 'refuses' ? { answer: (one) => (isReport(one) ? refused : undefined) } : {},
        );
        await link.settle();
        while (far.waiting > 0) far.take(1, how === 'refuses' || !isReport(far.publishes.at(-far.waiting)!));
        await link.settle();
        if (far.publishes.some(isReport)) reports++;
        link.disconnect();
        await link.clock.advance(300_000);
      }
      t.equal(unreported(), 0, how);
      t.ok(reports >= 10 && reports <= 11, `${reports} times`);
      t.match(link.outgoing.view(), { losses: { total: 3 } });
      const code = 'LINK_LOSS_UNTOLD';
      t.match(link.told, [{ code, details: { reason: 'drop-new', count: 3, topics: 'out/a' } }]);
    }
  },
);
