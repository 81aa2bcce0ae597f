/** PUBACK, PUBREC, PUBREL, PUBCOMP as packets: §3.4 to §3.7. What they do is in qos-1, qos-2-sender and qos-2-receiver. */
import { Bench } from '../unit/broker/harness.js';
import { bytes, each, type Part, packet, properties, refused, u16, unharmed } from './harness.js';
import { hex, message, puback, pubcomp, publisher, pubrec, pubrel, subscriber, Wire } from './messages.js';

const kinds = [
  { name: 'PUBACK', first: 0x40, codes: [0x00, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99] },
  { name: 'PUBREC', first: 0x50, codes: [0x00, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99] },
  { name: 'PUBREL', first: 0x62, codes: [0x00, 0x92] },
  { name: 'PUBCOMP', first: 0x70, codes: [0x00, 0x92] },
] as const;

each(
  [5],
  'each Reason Code of its table is taken in PUBACK, PUBREC, PUBREL and PUBCOMP, with and without properties',
  async (t) => {
    const wire = new Wire(await new Bench(t).connect(5, 'a'));
    for (const { name, first, codes } of kinds) {
      const forms = codes.flatMap((code) => [
        packet(first, u16(7), code),
        packet(first, u16(7), code, properties()),
        packet(first, u16(7), code, properties(0x1f, 'why', bytes(0x26, 'a', 'b'), bytes(0x26, 'a', 'b'))),
      ]);
      const answers = await wire.ask(...forms);
      // PUBREC of success asks for a PUBREL, each PUBREL for a PUBCOMP, even of nothing.
      const expected = { PUBACK: 0, PUBREC: 3, PUBREL: 6, PUBCOMP: 0 }[name];
      t.equal(answers.length, expected, name);
    }
    await unharmed(t, wire.client);
  },
);

each(
  [5],
  'a Reason Code that is not in the table of the packet ends the connection [MQTT-3.4.2-1, MQTT-3.5.2-1, MQTT-3.6.2-1, MQTT-3.7.2-1]',
  async (t) => {
    const bench = new Bench(t);
    for (const { first, codes } of kinds) {
      const wrong = [0x01, 0x11, 0x81, 0x82, 0x93, 0xa2, 0xff, first < 0x60 ? 0x92 : 0x10];
      for (const code of wrong) {
        t.notOk((codes as readonly number[]).includes(code));
        const client = await bench.connect(5, 'a');
        client.raw(packet(first, u16(7), code));
        await refused(t, client, 0x82);
      }
    }
  },
);

each(
  [3, 4, 5],
  'PUBREL with other flags than 0010 ends the connection, and releases nothing [MQTT-3.6.1-1] [3.1.1: MQTT-3.6.1-1]',
  async (t, version) => {
    const bench = new Bench(t);
    for (const flags of [0x0, 0x1, 0x3, 0x4, 0x6, ...(version === 3 ? [] : [0xa]), 0xb, 0xf]) {
      const wire = await publisher(bench, version);
      t.same(await wire.ask(message(version, { qos: 2, id: 3 })), hex(pubrec(3)));
      wire.client.raw(packet(0x60 | flags, u16(3)));
      await refused(t, wire.client, 0x81);
    }
  },
);

each([3], '3.1: PUBREL, SUBSCRIBE and UNSUBSCRIBE may have DUP when they are sent again', async (t) => {
  const wire = await publisher(new Bench(t), 3);
  t.same(await wire.ask(message(3, { qos: 2, id: 3 }), packet(0x6a, u16(3))), hex(pubrec(3), pubcomp(3)));
  t.same(await wire.ask(packet(0x8a, u16(4), 'x', 1)), hex(packet(0x90, u16(4), 1)));
  t.same(await wire.ask(packet(0xaa, u16(5), 'x')), hex(packet(0xb0, u16(5))));
});

each([3, 4, 5], 'PUBACK, PUBREC and PUBCOMP with other flags than 0000 end the connection', async (t, version) => {
  const bench = new Bench(t);
  for (const first of [0x41, 0x42, 0x48, 0x51, 0x52, 0x58, 0x71, 0x72, 0x78]) {
    const client = await bench.connect(version, 'a');
    client.raw(packet(first, u16(3)));
    await refused(t, client, 0x81);
  }
});

each(
  [3, 4, 5],
  'an acknowledgement too short, too long or with bad properties ends the connection',
  async (t, version) => {
    const bench = new Bench(t);
    const bad: Part[][] = [[], [0]];
    if (version === 5) {
      bad.push(
        [u16(7), 0x00, 0x05],
        [u16(7), 0x00, properties(0x1f, 'a'), 0x00],
        [u16(7), 0x00, properties(0x7f, 'a')],
      );
      bad.push(
        [u16(7), 0x00, properties(0x02, 0, 0, 0, 9)],
        [u16(7), 0x00, properties(0x1f, Buffer.from('0001ff', 'hex'))],
      );
    } else {
      bad.push([u16(7), 0x00], [u16(7), 0x00, 0x00]);
    }
    for (const { first } of kinds) {
      for (const rest of bad) {
        const client = await bench.connect(version, 'a');
        client.raw(packet(first, ...rest));
        await refused(t, client, 0x81);
      }
    }
  },
);

each([5], 'a Reason String twice in an acknowledgement ends the connection', async (t) => {
  const bench = new Bench(t);
  for (const { first } of kinds) {
    const client = await bench.connect(5, 'a');
    client.raw(packet(first, u16(7), 0x00, properties(0x1f, 'a', 0x1f, 'a')));
    await refused(t, client, 0x82);
  }
});

each([3, 4, 5], 'an acknowledgement of the Packet Identifier 0 ends the connection', async (t, version) => {
  const bench = new Bench(t);
  for (const { first } of kinds) {
    const client = await bench.connect(version, 'a');
    client.raw(packet(first, u16(0)));
    await refused(t, client, 0x82);
  }
});

each([3, 4, 5], 'an acknowledgement of nothing does no harm; PUBREC and PUBREL are answered', async (t, version) => {
  const wire = new Wire(await new Bench(t).connect(version, 'a'));
  t.same(await wire.ask(puback(7)), []);
  t.same(await wire.ask(pubcomp(7)), []);
  const [release = '', ...more] = await wire.ask(pubrec(7));
  t.match(release, version === 5 ? /^62..000792/ : /^62020007$/);
  t.same(more, []);
  const [complete = '', ...others] = await wire.ask(pubrel(7));
  t.match(complete, version === 5 ? /^70..000792/ : /^70020007$/);
  t.same(others, []);
  await unharmed(t, wire.client);
});

each([3, 4, 5], 'the wrong acknowledgement for a message ends the connection', async (t, version) => {
  const bench = new Bench(t);
  const cases: [qos: 1 | 2, bad: Buffer, name: string][] = [
    [1, pubrec(1), 'PUBREC for QoS 1'],
    [1, pubcomp(1), 'PUBCOMP for QoS 1'],
    [2, puback(1), 'PUBACK for QoS 2'],
    [2, pubcomp(1), 'PUBCOMP before PUBREC'],
  ];
  for (const [qos, bad, name] of cases) {
    const client = await bench.connect(version, 's');
    await client.subscribe('t', qos);
    const sender = await bench.connect(version, 'p');
    await sender.publish('t', 'x', qos);
    t.equal((await client.next('publish')).messageId, 1, name);
    client.raw(bad);
    await refused(t, client, 0x82);
  }
});

each([3, 4, 5], 'PUBACK for a message whose PUBREC has come ends the connection', async (t, version) => {
  const bench = new Bench(t);
  const receiver = await subscriber(bench, version, 2);
  const sender = await bench.connect(version, 'p');
  await sender.publish('t', 'x', 2);
  t.same(await receiver.ask(pubrec(1)), hex(message(version, { qos: 2, id: 1, payload: 'x' }), pubrel(1)));
  receiver.client.raw(puback(1));
  await receiver.client.closed();
});

/** What the broker answers with a Reason Code above 0, and what causes it. */
const explained: [name: string, first: number, cause: Buffer][] = [
  ['PUBACK', 0x40, message(5, { topic: '$SYS/x', qos: 1, id: 7 })],
  ['PUBREC', 0x50, message(5, { topic: '$SYS/x', qos: 2, id: 7 })],
  ['PUBREL', 0x62, pubrec(7)],
  ['PUBCOMP', 0x70, pubrel(7)],
];

each(
  [5],
  'a Reason Code of the broker is one of the table of its packet [MQTT-3.4.2-1, MQTT-3.5.2-1, MQTT-3.6.2-1, MQTT-3.7.2-1]',
  async (t) => {
    const wire = new Wire(await new Bench(t).connect(5, 'a'));
    const codes = [0x87, 0x87, 0x92, 0x92];
    for (const [index, [name, first, cause]] of explained.entries()) {
      const [answer = '', ...more] = await wire.ask(cause);
      t.equal(answer.slice(0, 2) + answer.slice(4, 10), `${first.toString(16)}0007${codes[index]?.toString(16)}`, name);
      t.same(more, []);
    }
  },
);

each(
  [5],
  'the Reason String is left out where it would exceed the Maximum Packet Size of the client, and no User Property is ever there [MQTT-3.4.2-2, MQTT-3.4.2-3, MQTT-3.5.2-2, MQTT-3.5.2-3, MQTT-3.6.2-2, MQTT-3.6.2-3, MQTT-3.7.2-2, MQTT-3.7.2-3]',
  async (t) => {
    const bench = new Bench(t);
    for (const [name, first, cause] of explained) {
      const free = new Wire(await bench.connect(5, 'a'));
      const [full = ''] = await free.ask(cause);
      const size = full.length / 2;
      const answer = Buffer.from(full, 'hex');
      t.equal(answer[6], 0x1f, `${name} has a Reason String`);
      t.equal(answer.readUInt16BE(7), size - 9, 'and nothing behind it');
      for (const [maximumPacketSize, expected] of [
        [size, full],
        [size - 1, packet(first, answer.subarray(2, 5)).toString('hex')],
      ] as const) {
        const tight = new Wire(await bench.connect(5, 'a', { properties: { maximumPacketSize } }));
        t.same(await tight.ask(cause), [expected], `${name} within ${maximumPacketSize} bytes`);
        await unharmed(t, tight.client);
      }
    }
  },
);

each([5], 'no Reason String where the client asked for no Problem Information', async (t) => {
  const bench = new Bench(t);
  const wire = new Wire(await bench.connect(5, 'a', { properties: { requestProblemInformation: false } }));
  for (const [name, , cause] of explained) {
    const [answer = ''] = await wire.ask(cause);
    t.equal(answer.length, 10, `${name} ends with its Reason Code`);
  }
});
