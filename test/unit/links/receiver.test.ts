/** The incoming half of a link while the router cannot keep what arrives. */
import t, { type Test } from 'tap';
import type { RouteConfig } from '../../../src/core/config.js';
import { silentLog } from '../../../src/core/log.js';
import type { Message, QoS } from '../../../src/core/message.js';
import { linkError } from '../../../src/links/errors.js';
import { LoopGuard } from '../../../src/links/loops.js';
import { Receiver } from '../../../src/links/receiver.js';
import { Replies } from '../../../src/links/replies.js';
import { RouteFigures } from '../../../src/links/route-figures.js';
import { compileRoutes } from '../../../src/links/rules.js';
import { FakeRouter } from '../../support/fake-router.js';
import { GATEWAY, linkConfig } from '../../support/links.js';
import { ManualClock, settle } from '../../support/manual-clock.js';

const IN: RouteConfig = { direction: 'in', filter: 'in/#', to: '{topic:1}', qos: 2 };

/** Keeps nothing while it is full; says so at once, or when the disk would have been written. */
class FullRouter extends FakeRouter {
  full: 'no' | 'at once' | 'later' = 'no';

  override publish(message: Message): Promise<void> | undefined {
    const refusal = linkError('LINK_LOST', 'nothing can be kept');
    if (this.full === 'at once') throw refusal;
    if (this.full === 'later') return Promise.reject(refusal);
    super.publish(message);
    return undefined;
  }
}

function receiver(t: Test) {
  const clock = new ManualClock();
  const router = new FullRouter();
  const config = linkConfig('mqtt://127.0.0.1:1', [IN]);
  const origin = 'link:cloud';
  const made = new Receiver({
    rules: compileRoutes(config.routes, GATEWAY),
    origin,
    router,
    clock,
    log: silentLog,
    replies: new Replies('cloud', clock),
    figures: new RouteFigures(config.routes),
    loops: new LoopGuard({ config, mesh: undefined, origin, clock }),
    onRefused: (error) => t.fail(error.message),
  });
  const outcomes: string[] = [];
  const take = (payload: string, qos: QoS = 1) => {
    const incoming = { topic: 'in/a', payload: Buffer.from(payload), qos, retain: false } as const;
    made.take({ ...incoming, properties: undefined, expirySeconds: undefined }).then(
      () => outcomes.push(`${payload} taken`),
      () => outcomes.push(`${payload} lost`),
    );
  };
  const published = () => router.published.map(({ payload }) => payload.toString());
  return { clock, router, made, take, outcomes, published };
}

t.test('what came later does not overtake what is being published again', async (t) => {
  for (const full of ['at once', 'later'] as const) {
    const { clock, router, take, outcomes, published } = receiver(t);
    router.full = full;
    take('1');
    take('2');
    await settle();
    take('3', 2);
    await clock.advance(300);
    router.full = 'no';
    take('4');
    take('0', 0);
    await settle();
    t.strictSame(published(), ['0'], `${full}: QoS 0 has an order of its own`);
    await clock.advance(5_000);
    t.strictSame(published(), ['0', '1', '2', '3', '4'], full);
    t.equal(outcomes.length, 5);
    take('5');
    t.equal(published().at(-1), '5', 'and then all is as before');
  }
});

t.test('a connection that ends lets nothing of it wait, and holds up nothing of the next', async (t) => {
  const { clock, router, made, take, outcomes, published } = receiver(t);
  router.full = 'at once';
  take('1');
  await settle();
  take('2');
  made.disconnected();
  await settle();
  t.strictSame(outcomes.toSorted(), ['1 lost', '2 lost']);
  router.full = 'no';
  take('1');
  take('2');
  await clock.advance(10_000);
  t.strictSame(published(), ['1', '2']);
  t.equal(clock.pending, 0);
});
