import t from 'tap';
import { MessageRouter } from '../../../src/broker/router.js';
import type { RouteConfig } from '../../../src/core/config.js';
import type { Origin } from '../../../src/core/message.js';
import { type SinkKind, subscriptionTo } from '../../../src/core/router.js';
import { Demand } from '../../../src/links/demand.js';
import { compileRoutes } from '../../../src/links/rules.js';
import { ManualClock } from '../../support/manual-clock.js';

const sink = (id: string, kind: SinkKind = 'client', origin: Origin = `client:${id}`) => ({
  id,
  kind,
  origin,
  durable: false,
  deliver: () => true,
});

function setUp(...routes: Partial<RouteConfig>[]) {
  const clock = new ManualClock();
  const router = new MessageRouter({ clock, retainedMessages: 10 });
  const plain: RouteConfig = {
    direction: 'in',
    filter: 'far/#',
    to: 'near/{topic:1}',
    qos: 1,
    onDemand: { linger: 30_000 },
  };
  const rules = compileRoutes(
    routes.map((route) => ({ ...plain, ...route })),
    'g',
  ).in;
  let changes = 0;
  const demand = new Demand({ rules, router, clock, origin: 'link:cloud', onChange: () => changes++ });
  const wanted = () => rules.filter((rule) => demand.isWanted(rule)).map(({ filter }) => filter);
  return { clock, router, demand, wanted, changes: () => changes };
}

t.test('wanted while somebody subscribes to what the route brings, and a while after', async (t) => {
  const { clock, router, demand, wanted, changes } = setUp({}, { filter: 'other/+/x', to: 'b/{1}' });
  const early = router.attach(sink('early'));
  early.subscribe(subscriptionTo('b/7'));
  demand.start();
  t.strictSame(wanted(), ['other/+/x'], 'who was there before counts');
  t.equal(changes(), 1);
  const one = router.attach(sink('one'));
  one.subscribe(subscriptionTo('elsewhere/#'));
  t.strictSame(wanted(), ['other/+/x']);
  one.subscribe(subscriptionTo('near/+'));
  one.subscribe(subscriptionTo('near/+', { qos: 0 }));
  t.strictSame(wanted(), ['far/#', 'other/+/x']);
  const two = router.attach(sink('two'));
  two.subscribe(subscriptionTo('$share/g/near/a/b'));
  t.equal(changes(), 2);
  one[Symbol.dispose]();
  await clock.advance(60_000);
  t.strictSame(wanted(), ['far/#', 'other/+/x'], 'one is left');
  two.unsubscribe('$share/g/near/a/b');
  await clock.advance(29_999);
  t.strictSame(wanted(), ['far/#', 'other/+/x'], 'it lingers');
  await clock.advance(1);
  t.strictSame(wanted(), ['other/+/x']);
  t.equal(changes(), 3);
});

t.test('who comes back in time changes nothing', async (t) => {
  const { clock, router, demand, wanted, changes } = setUp({});
  demand.start();
  const one = router.attach(sink('one'));
  one.subscribe(subscriptionTo('#'));
  one.unsubscribe('#');
  await clock.advance(20_000);
  one.subscribe(subscriptionTo('near/x'));
  await clock.advance(60_000);
  t.strictSame(wanted(), ['far/#']);
  t.equal(changes(), 1);
  one.unsubscribe('near/x');
  demand[Symbol.dispose]();
  t.equal(clock.pending, 0);
  one.subscribe(subscriptionTo('near/y'));
  t.equal(changes(), 1, 'it looks no more');
});

t.test('the link itself and who only looks want nothing; routes without onDemand are always wanted', async (t) => {
  const { router, demand, wanted } = setUp({ onDemand: undefined as never, filter: 'always/#' }, {});
  demand.start();
  router.attach(sink('cloud', 'link', 'link:cloud')).subscribe(subscriptionTo('near/#'));
  router.attach(sink('tail', 'api', 'gateway:g')).subscribe(subscriptionTo('#'));
  t.strictSame(wanted(), ['always/#']);
  router.attach(sink('other', 'link', 'link:other')).subscribe(subscriptionTo('near/#'));
  t.strictSame(wanted(), ['always/#', 'far/#'], 'another link does');
});

t.test('both ways: what is wanted is named as here', async (t) => {
  const { router, demand, wanted } = setUp({ direction: 'both', filter: 'hpmq/g/+/#', to: 'plants/{1}/{2}' });
  demand.start();
  router.attach(sink('one')).subscribe(subscriptionTo('hpmq/g/boiler/set'));
  t.strictSame(wanted(), ['plants/+/#']);
});
