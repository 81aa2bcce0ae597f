/** Properties of PUBLISH: §3.3.2.3. */
import { Bench } from '../unit/broker/harness.js';
import { bytes, each, properties, refused, sized, subscribe, u16, u32 } from './harness.js';
import { hex, message, puback, resumed, subscriber, Wire } from './messages.js';

/** A message with these properties reaches who is there, who comes later (retained) and who was away; 3.1.1 gets none of them. */
async function travels(t: Parameters<Parameters<typeof each>[2]>[0], props: Buffer): Promise<void> {
  const bench = new Bench(t);
  const there = await subscriber(bench, 5, 1, 'there');
  const old = await subscriber(bench, 4, 1, 'old');
  const away = await subscriber(bench, 5, 1, 'away');
  await away.client.cut();
  const sender = new Wire(await bench.connect(5, 'p'));
  t.same(
    await sender.ask(message(5, { qos: 1, id: 9, retain: true, properties: props, payload: 'x' })),
    hex(puback(9)),
  );
  const expected = { qos: 1, properties: props, payload: 'x' };
  t.same(await there.take(), hex(message(5, expected)), 'to a subscriber who is there');
  t.same(await old.take(), hex(message(4, { qos: 1, payload: 'x' })), 'to a 3.1.1 client');
  t.same((await resumed(bench, 5, 'away'))[1], hex(message(5, expected)), 'to a session that was away');
  const late = new Wire(await bench.connect(5, 'late'));
  t.same((await late.ask(subscribe(5, 't', 1))).slice(1), hex(message(5, { ...expected, retain: true })), 'retained');
}

each([5], 'the Payload Format Indicator goes on as it was sent, 0 or 1 [MQTT-3.3.2-4]', async (t) => {
  await travels(t, properties(0x01, 0));
  await travels(t, properties(0x01, 1));
});

each([5], 'the Response Topic goes on as it was sent [MQTT-3.3.2-13, MQTT-3.3.2-15]', async (t) => {
  await travels(t, properties(0x08, 'Answer/Ä/ a\u{301} /😀'));
});

each([5], 'the Correlation Data goes on as it was sent, any bytes [MQTT-3.3.2-16]', async (t) => {
  await travels(t, properties(0x09, sized(Buffer.from('00ff0d0ac0', 'hex'))));
  await travels(t, properties(0x09, sized(Buffer.alloc(0))));
});

each([5], 'the Content Type goes on as it was sent [MQTT-3.3.2-19, MQTT-3.3.2-20]', async (t) => {
  await travels(t, properties(0x03, ' Text/Ä; charset="X"'));
  await travels(t, properties(0x03, ''));
});

each(
  [5],
  'User Properties go on as they were sent, in their order, doubles included [MQTT-3.3.2-17, MQTT-3.3.2-18]',
  async (t) => {
    const pairs = [
      ['b', '1'],
      ['a', '2'],
      ['b', '3'],
      ['2', ''],
      ['', 'x'],
      ['1', 'ä😀'],
      ['b', '1'],
      ['__proto__', 'y'],
    ];
    await travels(t, properties(...pairs.flatMap(([name = '', value = '']) => [bytes(0x26, name, value)])));
  },
);

each([5], 'strings of properties that are not UTF-8 end the connection [MQTT-3.3.2-13, MQTT-3.3.2-19]', async (t) => {
  const bench = new Bench(t);
  for (const bad of ['ff', 'c080', 'eda080', '00']) {
    const text = sized(Buffer.from(bad, 'hex'));
    for (const props of [
      properties(0x08, text),
      properties(0x03, text),
      properties(0x26, text, 'x'),
      properties(0x26, 'x', text),
    ]) {
      const sender = await bench.connect(5, 'p');
      sender.raw(message(5, { properties: props }));
      await refused(t, sender, 0x81);
    }
  }
});

each([5], 'a Response Topic with a wildcard ends the connection and goes nowhere [MQTT-3.3.2-14]', async (t) => {
  const bench = new Bench(t);
  const receiver = await subscriber(bench, 5, 1);
  for (const topic of ['+', '#', 'a/+', 'a/#', 'a+b']) {
    const sender = await bench.connect(5, 'p');
    sender.raw(message(5, { qos: 1, properties: properties(0x08, topic) }));
    await refused(t, sender, 0x82);
  }
  t.same(await receiver.take(), []);
});

each([5], 'a property twice, with a wrong value or out of place ends the connection', async (t) => {
  const bench = new Bench(t);
  const receiver = await subscriber(bench, 5, 1);
  const bad: [code: number, name: string, props: Buffer][] = [
    [0x82, 'Payload Format Indicator 2', properties(0x01, 2)],
    [0x82, 'Payload Format Indicator twice', properties(0x01, 1, 0x01, 1)],
    [0x82, 'Message Expiry Interval twice', properties(0x02, u32(9), 0x02, u32(9))],
    [0x82, 'Topic Alias twice', properties(0x23, u16(1), 0x23, u16(1))],
    [0x82, 'Response Topic twice', properties(0x08, 'a', 0x08, 'a')],
    [0x82, 'Correlation Data twice', properties(0x09, 'a', 0x09, 'a')],
    [0x82, 'Content Type twice', properties(0x03, 'a', 0x03, 'a')],
    [0x81, 'Will Delay Interval', properties(0x18, u32(1))],
    [0x81, 'Reason String', properties(0x1f, 'a')],
    [0x81, 'unknown', properties(0x7f, 0)],
    [0x81, 'a value cut off', properties(0x02, u16(1))],
    [0x81, 'Property Length beyond the packet', bytes(0x20, 0x01, 1)],
  ];
  for (const [code, name, props] of bad) {
    await t.test(name, async (t) => {
      const sender = await bench.connect(5, 'p');
      sender.raw(message(5, { qos: 1, properties: props }));
      await refused(t, sender, code);
    });
  }
  t.same(await receiver.take(), []);
});

each([5], 'a Message Expiry Interval goes on less the seconds that the message waited [MQTT-3.3.2-6]', async (t) => {
  const bench = new Bench(t);
  const there = await subscriber(bench, 5, 1, 'there');
  const away = await subscriber(bench, 5, 1, 'away');
  await away.client.cut();
  const sender = await bench.connect(5, 'p');
  const sent = (seconds: number, fields = {}) =>
    message(5, { qos: 1, payload: 'x', properties: properties(0x02, u32(seconds)), ...fields });
  sender.raw(sent(60, { id: 9, retain: true }));
  t.same(await there.take(), hex(sent(60)), 'at once: all of it');
  await bench.clock.advance(25_000);
  t.same((await resumed(bench, 5, 'away'))[1], hex(sent(35)), 'after 25 s in the queue');
  const late = new Wire(await bench.connect(5, 'late'));
  t.same((await late.ask(subscribe(5, 't', 1))).slice(1), hex(sent(35, { retain: true })), 'after 25 s retained');
});

each(
  [5],
  'a message that has expired is delivered to nobody: queued, held back or retained [MQTT-3.3.2-5]',
  async (t) => {
    const bench = new Bench(t);
    const away = await subscriber(bench, 5, 1, 'away');
    await away.client.cut();
    const old = await subscriber(bench, 4, 1, 'old');
    await old.client.cut();
    const slow = await bench.connect(5, 'slow', { properties: { receiveMaximum: 1 } });
    await slow.subscribe('t', 1);
    const wire = new Wire(slow);
    const sender = await bench.connect(5, 'p');
    sender.raw(message(5, { qos: 1, id: 1, payload: 'lasting' }));
    sender.raw(message(5, { qos: 1, id: 2, retain: true, payload: 'expiring', properties: properties(0x02, u32(10)) }));
    t.same(await wire.take(), hex(message(5, { qos: 1, payload: 'lasting' })), 'no more than Receive Maximum');
    await bench.clock.advance(10_000);
    t.same(await wire.ask(puback(1)), [], 'held back');
    t.same((await resumed(bench, 5, 'away'))[1], hex(message(5, { qos: 1, payload: 'lasting' })), 'queued');
    t.same((await resumed(bench, 4, 'old'))[1], hex(message(4, { qos: 1, payload: 'lasting' })), 'queued for 3.1.1');
    const late = new Wire(await bench.connect(5, 'late'));
    t.equal((await late.ask(subscribe(5, 't', 1))).length, 1, 'retained: nothing after SUBACK');
  },
);
