/** What one connection does not send, does not keep, and does not wait for. */
import { generate } from 'mqtt-packet';
import t from 'tap';
import type { PublishProperties } from '../../../../src/core/message.js';
import { memoryOf, openFar, outgoing } from '../../../support/far-side.js';
import { eventually } from '../../../support/peers.js';
import { connack, friendly, scriptedBroker } from '../../../support/scripted-broker.js';

const LONGEST = 'x'.repeat(65_535);
const TOO_LONG = `${LONGEST}x`;
/** 65,535 bytes in 21,845 characters. */
const LONGEST_WIDE = '€'.repeat(21_845);

t.test('what MQTT cannot express is refused before it is written [MQTT 5.0 §1.5.4]', async (t) => {
  const far = await scriptedBroker(t, friendly);
  const { far: side, acknowledged } = await openFar(t, far.url);
  const refused: readonly [what: RegExp, topic: string, properties: PublishProperties | undefined][] = [
    [/a topic of 65536 bytes/, TOO_LONG, undefined],
    [/a topic of 65538 bytes/, `${LONGEST_WIDE}€`, undefined],
    [/a Content Type of 65536 bytes/, 'a', { contentType: TOO_LONG }],
    [/a Response Topic of 65536 bytes/, 'a', { responseTopic: TOO_LONG }],
    [/Correlation Data of 65536 bytes/, 'a', { correlationData: Buffer.alloc(65_536) }],
    [/a User Property with a name of 65536 bytes/, 'a', { userProperties: [[TOO_LONG, '']] }],
    [
      /a User Property of 65536 bytes/,
      'a',
      {
        userProperties: [
          ['a', 'b'],
          ['a', TOO_LONG],
        ],
      },
    ],
  ];
  for (const [what, topic, properties] of refused) {
    const refusal = side.refusal(outgoing({ topic, properties }));
    t.match(refusal, { code: 'LINK_PUBLISH_REFUSED', message: what, hint: /shorter/ });
    t.ok(JSON.stringify(refusal?.details).length < 2_000, 'the error is short');
  }
  const huge = outgoing({ topic: 'a', payload: Buffer.allocUnsafeSlow(268_435_455) });
  t.match(side.refusal(huge), { code: 'LINK_PUBLISH_REFUSED', message: /none larger than 256 MB/ });

  const properties = {
    contentType: LONGEST,
    responseTopic: LONGEST_WIDE,
    correlationData: Buffer.alloc(65_535),
    userProperties: [[LONGEST, LONGEST_WIDE]] as const,
  };
  const longest = outgoing({ topic: LONGEST_WIDE, properties });
  t.equal(side.refusal(longest), undefined);
  side.publish(longest);
  side.publish(outgoing({ topic: 'a', packetId: 2 }));
  await eventually(() => acknowledged.length === 2);
  t.equal(far.connections[0]!.publishes[0]!.topic, LONGEST_WIDE);
});

t.test('MQTT 3.1.1 has no properties that could be too long', async (t) => {
  const far = await scriptedBroker(t, friendly);
  const { far: side, acknowledged } = await openFar(t, far.url, { config: { protocolVersion: 4 } });
  const message = outgoing({ topic: 'a', properties: { userProperties: [['a', TOO_LONG]] } });
  t.equal(side.refusal(message), undefined);
  side.publish(message);
  await eventually(() => acknowledged.length === 1);
  t.match(side.refusal(outgoing({ topic: TOO_LONG })), { code: 'LINK_PUBLISH_REFUSED' });
});

for (const protocolVersion of [4, 5] as const) {
  t.test(`a far side that asks without reading the answers is not read either, ${protocolVersion}`, async (t) => {
    const far = await scriptedBroker(t, friendly);
    const { far: side } = await openFar(t, far.url, { config: { protocolVersion } });
    const { socket, packets } = far.connections[0]!;
    socket.pause();
    const block = Buffer.concat(Array.from({ length: 10_000 }, () => Buffer.from([0x62, 0x02, 0x00, 0x07])));
    let blocks = 0;
    while (socket.writableLength < 10 * block.length && blocks < 3_000) {
      socket.write(block);
      blocks++;
      await new Promise(setImmediate);
    }
    t.ok(blocks < 3_000, 'at last the far side finds nobody who reads');
    const asked = blocks * 10_000;
    const before = side.bytesOut;
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    t.equal(side.bytesOut, before, 'nothing more is answered');
    const answers = () => packets.filter(({ cmd }) => cmd === 'pubcomp').length;
    t.ok(answers() < asked);
    socket.resume();
    await eventually(() => answers() === asked, 60_000);
  });
}

t.test('a session that is continued keeps only what was asked for over this connection', async (t) => {
  const ended: string[] = [];
  const far = await scriptedBroker(t, (packet, connection) => {
    const { send } = connection;
    if (packet.cmd === 'connect') send({ ...connack(), sessionPresent: packet.clean !== true });
    else if (packet.cmd === 'unsubscribe') {
      ended.push(...packet.unsubscriptions);
      send({ cmd: 'unsuback', messageId: packet.messageId!, granted: [packet.unsubscriptions[0] === 'c' ? 0x87 : 0] });
    } else if (packet.cmd === 'subscribe' && packet.subscriptions[0]!.topic === 'refused') {
      send({ cmd: 'suback', messageId: packet.messageId!, granted: [0x87] });
    } else friendly(packet, connection);
  });
  const memory = memoryOf();
  const first = await openFar(t, far.url, { memory });
  for (const filter of ['a', 'b/#', 'c']) await first.far.subscribe(filter, 1);
  await first.far.subscribe('refused', 1);
  await first.far.unsubscribeOthers();
  t.strictSame(ended, [], 'all of it was asked for');
  t.strictSame([...memory.filters], ['a', 'b/#', 'c']);
  first.far.close(false);
  await first.far.closed;

  const second = await openFar(t, far.url, { memory });
  t.equal(second.far.sessionPresent, true);
  await second.far.subscribe('a', 2);
  await second.far.unsubscribeOthers();
  t.strictSame(ended, ['b/#', 'c']);
  t.strictSame([...memory.filters], ['a', 'c'], 'what the far side did not end is tried again at the next connection');
  ended.length = 0;
  const again = [second.far.subscribe('d', 1), second.far.unsubscribe('d'), second.far.subscribe('d', 1)];
  await Promise.all(again);
  t.strictSame([...memory.filters], ['a', 'c', 'd'], 'who asks again while it ends has it');
});

t.test('a filter that was granted once may be left behind by a refusal', async (t) => {
  let code = 1;
  const far = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd !== 'subscribe') return friendly(packet, connection);
    connection.socket.write(
      generate({ cmd: 'suback', messageId: packet.messageId!, granted: [code] }, { protocolVersion: 5 }),
    );
  });
  const { far: side, memory } = await openFar(t, far.url);
  t.equal(await side.subscribe('a', 1), undefined);
  code = 0x87;
  t.match(await side.subscribe('a', 2), { code: 'LINK_SUBSCRIPTION_REFUSED' });
  t.strictSame([...memory.filters], ['a']);
});
