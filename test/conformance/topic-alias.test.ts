/** Topic Alias from a client: §3.3.2.3.4. */
import { Bench } from '../unit/broker/harness.js';
import { each, properties, refused, u16 } from './harness.js';
import { hex, message, resumed, subscriber, Wire } from './messages.js';

const alias = (value: number) => properties(0x23, u16(value));

each(
  [5],
  'every alias from 1 to the Topic Alias Maximum announced is taken, and may be set anew [MQTT-3.3.2-12]',
  async (t) => {
    const bench = new Bench(t);
    const client = await bench.connect(5, 's');
    await client.subscribe('#', 0);
    const receiver = new Wire(client);
    const sender = new Wire(await bench.connect(5, 'p'));
    const maximum = sender.client.connack?.properties?.topicAliasMaximum ?? 0;
    t.ok(maximum > 0, `${maximum} aliases are announced`);
    for (let i = 1; i <= maximum; i++) await sender.ask(message(5, { topic: `t/${i}`, properties: alias(i) }));
    const topics = Array.from({ length: maximum }, (_, i) => message(5, { topic: `t/${i + 1}` }));
    t.same(await receiver.take(), hex(...topics), 'set, and not passed on');
    for (let i = 1; i <= maximum; i++) await sender.ask(message(5, { topic: '', properties: alias(i) }));
    t.same(await receiver.take(), hex(...topics), 'used');
    await sender.ask(
      message(5, { topic: 'new', properties: alias(1) }),
      message(5, { topic: '', properties: alias(1) }),
    );
    t.same(await receiver.take(), hex(message(5, { topic: 'new' }), message(5, { topic: 'new' })), 'set anew');
  },
);

each([5], 'Topic Alias 0 ends the connection [MQTT-3.3.2-8]', async (t) => {
  const sender = await new Bench(t).connect(5, 'p');
  sender.raw(message(5, { properties: alias(0) }));
  await refused(t, sender, 0x94);
});

each(
  [5],
  'a Topic Alias above the maximum announced ends the connection and goes nowhere [MQTT-3.3.2-9]',
  async (t) => {
    const bench = new Bench(t);
    const receiver = await subscriber(bench, 5, 1);
    const sender = await bench.connect(5, 'p');
    sender.raw(message(5, { properties: alias((sender.connack?.properties?.topicAliasMaximum ?? 0) + 1) }));
    await refused(t, sender, 0x94);
    t.same(await receiver.take(), []);
  },
);

each([5], 'an alias that was never set, without a Topic Name, is a Protocol Error', async (t) => {
  const sender = await new Bench(t).connect(5, 'p');
  sender.raw(message(5, { topic: '', properties: alias(1) }));
  await refused(t, sender, 0x82);
});

each([5], 'aliases of a client end with its connection, though the session goes on [MQTT-3.3.2-7]', async (t) => {
  const bench = new Bench(t);
  const first = await subscriber(bench, 5, 0, 'p');
  t.same(await first.ask(message(5, { topic: 't', properties: alias(1) })), hex(message(5)));
  await first.client.cut();
  const [second] = await resumed(bench, 5, 'p');
  second.client.raw(message(5, { topic: '', properties: alias(1) }));
  await second.client.closed();
  t.match((await second.take())[0], /^e0..82/);
});
