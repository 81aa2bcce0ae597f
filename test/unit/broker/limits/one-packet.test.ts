/** One packet that asks for very much: the others have their turns meanwhile. */
import t from 'tap';
import { RetainedMessages } from '../../../../src/broker/retained.js';
import { createMessage } from '../../../../src/core/message.js';
import { settle } from '../../../support/manual-clock.js';
import { accessConfig, rule } from '../access/fixtures.js';
import { Bench, shown } from '../harness.js';

const RETAINED = 3_000;

function withRetained(bench: Bench): Bench {
  for (let i = 0; i < RETAINED; i++) bench.route({ topic: `a/${i}/x`, payload: `${i}`, retain: true });
  return bench;
}

t.test('filters that match nothing look at all that is retained, a piece at a time', async (t) => {
  const bench = withRetained(new Bench(t, { subscriptions: 100, retainedMessages: 10_000 }));
  const client = await bench.connect(5, 'c');
  const subscriptions = Array.from({ length: 50 }, (_, i) => ({ topic: `+/+/no-${i}`, qos: 0 as const }));
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [...subscriptions, { topic: 'live', qos: 0 }] });
  client.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: 'a/7/x', qos: 0 }] });
  await client.next('suback');
  await client.next('suback');
  bench.route({ topic: 'live', payload: 'now' });
  t.equal(shown(await client.next('publish')), 'live now q0 r0', 'what comes meanwhile does not wait');
  for (let i = 0; i < 1_000 && (await client.pending().then((all) => all.map(shown)))[0] !== 'a/7/x 7 q0 r1'; i++) {
    if (i === 999) t.fail('the retained message does not come');
    await settle();
  }
});

t.test('retained messages that the client may not read are decided on a piece at a time', async (t) => {
  const access = accessConfig({ rules: [rule('allow', ['subscribe'], ['#']), rule('deny', ['subscribe'], ['a/+/x'])] });
  const bench = withRetained(new Bench(t, { retainedMessages: 10_000 }, { access }));
  bench.route({ topic: 'z', payload: 'last', retain: true });
  const client = await bench.connect(5, 'c');
  await client.subscribe('#', 0);
  t.ok(bench.broker.statistics.deliveriesRefused < RETAINED);
  while (bench.broker.statistics.deliveriesRefused < RETAINED) await settle();
  await settle();
  t.same((await client.pending()).map(shown), ['z last q0 r1']);
});

t.test('a client that goes while its retained messages are looked for', async (t) => {
  const bench = withRetained(new Bench(t, { retainedMessages: 10_000 }));
  const client = await bench.connect(5, 'c', { properties: { sessionExpiryInterval: 100 } });
  for (let i = 0; i < 20; i++) await client.subscribe(`+/+/no-${i}`, 0);
  await client.cut();
  bench.broker.disconnect('c', true);
  for (let i = 0; i < 50; i++) await settle();
  t.same(bench.broker.clients(), []);
});

t.test('more filters in a SUBSCRIBE than anybody may have: 0x97 without a look at them', async (t) => {
  const bench = new Bench(t, { subscriptions: 3 });
  const client = await bench.connect(5, 'c');
  const subscriptions = Array.from({ length: 1_002 }, () => ({ topic: 'a', qos: 0 as const }));
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions });
  const { granted } = await client.next('suback');
  t.same(granted.slice(998), [0, 0, 0x97, 0x97]);
});

t.test('the search gives way, and finds what the match finds', async (t) => {
  const retained = new RetainedMessages(10_000);
  for (let i = 0; i < RETAINED; i++) {
    retained.set(
      createMessage({
        topic: `a/${i}/x`,
        payload: Buffer.from('x'),
        origin: 'client:c',
        receivedAt: 0,
        qos: 0,
        retain: true,
      }),
    );
  }
  const found = [...retained.search('a/+/x', () => 0)];
  t.ok(found.filter((one) => one === undefined).length >= 5);
  t.same(
    found.filter((one) => one !== undefined).map(({ topic }) => topic),
    Array.from(
      retained.match('a/+/x', () => 0),
      ({ topic }) => topic,
    ),
  );
});
