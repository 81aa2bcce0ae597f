/** Functions and crashes: what comes of a QoS 2 message is kept with the knowledge that it was here, or neither is. */
import type { IPublishPacket } from 'mqtt-packet';
import t from 'tap';
import { changed, FakeTransform } from '../../support/fake-transform.js';
import { Plant } from './plant.js';

const SESSION = { clean: false, properties: { sessionExpiryInterval: 1_000 } };
const message = (dup = false): IPublishPacket => ({
  cmd: 'publish',
  topic: 'in',
  payload: 'x',
  qos: 2,
  messageId: 7,
  retain: false,
  dup,
});

function twice(): FakeTransform {
  return new FakeTransform('in', (input) => [changed(input, { topic: 'out/1' }), changed(input, { topic: 'out/2' })]);
}

for (const moment of ['while the function waits', 'after it has answered', 'at once'] as const) {
  t.test(`QoS 2, a crash ${moment}: each output once`, async (t) => {
    const plant = new Plant(t);
    const transform = twice();
    transform.isLate = moment !== 'at once';
    plant.transform = transform;
    let bench = await plant.start();
    const reader = await bench.connect(5, 'reader', SESSION);
    await reader.subscribe('out/#', 2);
    await reader.cut();
    const writer = await bench.connect(5, 'writer', SESSION);
    writer.send(message());
    await bench.settle();
    // The PUBREC is lost with the connection.
    if (moment === 'after it has answered') transform.calls[0]!.answer();
    bench = await plant.crash();
    const again = await bench.connect(5, 'writer', SESSION);
    again.send(message(true));
    await bench.settle();
    transform.calls.at(-1)?.answer();
    t.match(await again.next('pubrec'), { messageId: 7, reasonCode: 0 });
    again.send({ cmd: 'pubrel', messageId: 7 });
    t.match(await again.next('pubcomp'), { messageId: 7 });
    const later = await bench.connect(5, 'reader', SESSION);
    const topics = (await later.pending()).map((packet) => (packet as IPublishPacket).topic);
    t.same(topics, ['out/1', 'out/2']);
  });
}

t.test('QoS 1 with a disk that takes nothing: refused, whatever the function made of it', async (t) => {
  const plant = new Plant(t);
  const transform = twice();
  transform.isLate = true;
  plant.transform = transform;
  const bench = await plant.start({}, { maxBytes: 0 });
  const reader = await bench.connect(5, 'reader', SESSION);
  await reader.subscribe('out/#', 2);
  await reader.cut();
  const writer = await bench.connect(5, 'writer');
  writer.send({ ...message(), qos: 1 });
  await bench.settle();
  transform.calls[0]!.answer();
  t.match(await writer.next('puback'), { messageId: 7, reasonCode: 0x97 });
});

for (const end of ['ends', 'is begun anew'] as const) {
  t.test(
    `a session ${end} while a function has its QoS 2 message: its identifier means nothing to the next one`,
    async (t) => {
      const plant = new Plant(t);
      const transform = twice();
      transform.isLate = true;
      plant.transform = transform;
      let bench = await plant.start();
      const reader = await bench.connect(5, 'reader', SESSION);
      await reader.subscribe('out/#', 2);
      await reader.cut();
      const writer = await bench.connect(5, 'writer', SESSION);
      writer.send(message());
      await bench.settle();
      if (end === 'ends') bench.broker.disconnect('writer', true);
      else await bench.connect(5, 'writer', { ...SESSION, clean: true });
      transform.calls.shift()!.answer();
      await bench.settle();
      if (end === 'ends') await bench.connect(5, 'writer', SESSION);
      bench = await plant.crash();
      const again = await bench.connect(5, 'writer', SESSION);
      again.send({ ...message(), payload: 'another' });
      await bench.settle();
      t.equal(transform.calls.length, 1, 'it is taken for a message of its own');
      transform.calls[0]?.answer();
      t.match(await again.next('pubrec'), { messageId: 7, reasonCode: 0 });
    },
  );
}
