import t from 'tap';
import { type Access, unrestricted } from '../../../src/broker/access/access.js';
import { Bench, shown } from './harness.js';

/** Topics and filters that begin with `private` are not for anybody. */
const access: Access = {
  authenticate: () => ({
    user: undefined,
    permissions: {
      ...unrestricted,
      mayPublish: (topic) => !topic.startsWith('private'),
      maySubscribe: (filter) => !filter.startsWith('private'),
      mayReceive: (topic) => !topic.startsWith('private'),
    },
  }),
  exchange: () => {
    throw new Error('not asked');
  },
};

const publish = { cmd: 'publish', topic: 'private/x', payload: 'x', retain: false, dup: false } as const;

t.test(
  'a PUBLISH that is not allowed: 0x87 in 5.0, acknowledged and dropped before, always counted [MQTT-3.3.5-2]',
  async (t) => {
    const bench = new Bench(t, {}, {}, access);
    const modern = await bench.connect(5, 'a');
    modern.send({ ...publish, qos: 1, messageId: 1 });
    t.match(await modern.next('puback'), { reasonCode: 0x87, properties: { reasonString: /may not publish/ } });
    modern.send({ ...publish, qos: 2, messageId: 2 });
    t.match(await modern.next('pubrec'), { reasonCode: 0x87, properties: { reasonString: /may not publish/ } });
    modern.send({ cmd: 'pubrel', messageId: 2 });
    t.equal((await modern.next('pubcomp')).reasonCode, 0x92, 'a refused message is not held [MQTT-4.3.3-9]');
    modern.send({ ...publish, qos: 0 });
    const old = await bench.connect(4, 'b');
    await old.publish('private/x', 'x', 1);
    await old.publish('private/x', 'x', 2);
    t.match(bench.broker.router.counters(), { received: 0, retained: 0 });
  },
);

t.test(
  'a subscription that is not allowed: 0x87 in 5.0, 0x80 before, the others are granted [MQTT-3.8.4-6]',
  async (t) => {
    const bench = new Bench(t, {}, {}, access);
    const subscriptions = ['private/#', '$share/g/private/x', 'open'].map((topic) => ({ topic, qos: 1 as const }));
    const modern = await bench.connect(5, 'a');
    modern.send({ cmd: 'subscribe', messageId: 1, subscriptions });
    const suback = await modern.next('suback');
    t.same(suback.granted, [0x87, 0x87, 1]);
    t.match(suback.properties?.reasonString, /may not subscribe/);
    const old = await bench.connect(4, 'b');
    old.send({ cmd: 'subscribe', messageId: 1, subscriptions });
    t.same((await old.next('suback')).granted, [0x80, 0x80, 1]);
  },
);

t.test('what a client may not read it does not get: live, retained, nor from its queue', async (t) => {
  let isOpen = true;
  let revision = 0;
  const changing: Access = {
    ...access,
    authenticate: () => ({
      user: undefined,
      permissions: {
        ...unrestricted,
        get revision() {
          return revision;
        },
        mayReceive: (topic) => isOpen || topic !== 'secret',
      },
    }),
  };
  const bench = new Bench(t, {}, {}, changing);
  bench.route({ topic: 'secret', payload: 'kept', retain: true });
  bench.route({ topic: 'open', payload: 'kept', retain: true });
  const client = await bench.connect(5, 'a', { properties: { receiveMaximum: 1 } });
  await client.subscribe('#', 1);
  t.same((await client.pending()).map(shown), ['secret kept q0 r1', 'open kept q0 r1']);
  for (let i = 0; i < 3; i++) bench.route({ topic: i === 1 ? 'secret' : 'open', payload: `${i}`, qos: 1 });
  const first = await client.next('publish');
  isOpen = false;
  revision++;
  client.send({ cmd: 'puback', messageId: first.messageId! });
  t.same((await client.pending()).map(shown), ['open 2 q1 r0'], 'the verdict has changed while it waited');
  bench.route({ topic: 'secret', payload: 'live' });
  await client.subscribe('#', 0);
  t.same((await client.pending()).map(shown), ['open kept q0 r1']);
  t.match(bench.broker.router.counters(), { dropped: 0, delivered: 3 }, 'not a loss');
});

t.test('a Will to a topic that is not allowed is refused with CONNECT: 0x87, return code 5', async (t) => {
  const bench = new Bench(t, {}, {}, access);
  const will = { topic: 'private/x', payload: Buffer.from('x'), qos: 0, retain: false } as const;
  t.equal((await bench.open(5).connect('a', { will })).reasonCode, 0x87);
  t.equal((await bench.open(4).connect('b', { will })).returnCode, 5);
  t.same(bench.broker.clients(), []);
});

t.test('Request Problem Information 0: no Reason Strings but in CONNACK and DISCONNECT [MQTT-3.1.2-29]', async (t) => {
  const bench = new Bench(t, {}, {}, access);
  const client = await bench.connect(5, 'a', { properties: { requestProblemInformation: false } });
  client.send({ ...publish, qos: 1, messageId: 1 });
  const puback = await client.next('puback');
  t.same([puback.reasonCode, puback.properties?.reasonString], [0x87, undefined]);
  t.same((await client.subscribe('private', 0)).properties?.reasonString, undefined);
  client.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['a/#/b'] });
  const unsuback = await client.next('unsuback');
  t.same([unsuback.granted, unsuback.properties?.reasonString], [[0x8f], undefined]);
  client.raw(Buffer.from('300400012300', 'hex'));
  t.match(await client.next('disconnect'), { reasonCode: 0x90, properties: { reasonString: /wildcard/ } });
});

t.test(
  'a Reason String that would exceed the Maximum Packet Size is left out [MQTT-3.4.2-2] [MQTT-3.9.2-1]',
  async (t) => {
    const bench = new Bench(t, {}, {}, access);
    const client = await bench.connect(5, 'a', { properties: { maximumPacketSize: 30 } });
    client.send({ ...publish, qos: 1, messageId: 1 });
    const puback = await client.next('puback');
    t.same([puback.reasonCode, puback.properties?.reasonString], [0x87, undefined]);
    const suback = await client.subscribe('private', 0);
    t.same([suback.granted, suback.properties?.reasonString], [[0x87], undefined]);
    client.raw(Buffer.from('300400012300', 'hex'));
    const last = await client.next('disconnect');
    t.same([last.reasonCode, last.properties?.reasonString], [0x90, undefined], '[MQTT-3.14.2-3]');
  },
);

t.test('Payload Format check: 0x99 for what is not the UTF-8 it is said to be (§3.3.2.3.2)', async (t) => {
  const wrong = { topic: 't', payload: Buffer.from([0xc3, 0x28]), retain: false, dup: false } as const;
  const properties = { payloadFormatIndicator: true };
  const lenient = await new Bench(t).connect(5, 'a');
  lenient.send({ cmd: 'publish', ...wrong, qos: 1, messageId: 1, properties });
  t.equal((await lenient.next('puback')).reasonCode, 0x10, 'not checked by default');
  const bench = new Bench(t, {}, { payloadFormatCheck: true });
  const client = await bench.connect(5, 'a');
  client.send({ cmd: 'publish', ...wrong, qos: 1, messageId: 1, properties });
  t.equal((await client.next('puback')).reasonCode, 0x99);
  client.send({ cmd: 'publish', ...wrong, qos: 2, messageId: 2, properties });
  t.equal((await client.next('pubrec')).reasonCode, 0x99);
  client.send({ cmd: 'publish', ...wrong, qos: 1, messageId: 3 });
  t.equal((await client.next('puback')).reasonCode, 0x10, 'bytes may be anything');
  client.send({ cmd: 'publish', ...wrong, payload: 'ü', qos: 1, messageId: 4, properties });
  t.equal((await client.next('puback')).reasonCode, 0x10);
  client.send({ cmd: 'publish', ...wrong, qos: 0, properties });
  t.equal((await client.next('disconnect')).reasonCode, 0x99, 'nothing else tells a client of QoS 0');
  const will = { ...wrong, qos: 0, properties } as const;
  t.equal((await bench.open(5).connect('b', { will })).reasonCode, 0x99);
});
