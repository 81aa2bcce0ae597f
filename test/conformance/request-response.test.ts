/** Request and response, and server redirection: §4.10 and §4.11. */
import { Bench } from '../unit/broker/harness.js';
import { connect, connectRefused, each, packet, properties, sized } from './harness.js';
import { hex, message, puback, Wire } from './messages.js';

each(
  [5],
  'a response reaches the requester under the Response Topic, with the Correlation Data of its request',
  async (t) => {
    const bench = new Bench(t);
    const first = await bench.connect(5, 'requester');
    await first.subscribe('answers/requester', 1);
    const requester = new Wire(first);
    const second = await bench.connect(5, 'responder');
    await second.subscribe('requests/+', 1);
    const responder = new Wire(second);
    const other = await bench.connect(5, 'other');
    await other.subscribe('answers/other', 1);
    const correlation = [0x09, sized(Buffer.from('00ff', 'hex'))] as const;
    const request = { topic: 'requests/do', qos: 1, properties: properties(0x08, 'answers/requester', ...correlation) };
    t.same(await requester.ask(message(5, { ...request, id: 4 })), hex(puback(4)));
    t.same(await responder.take(), hex(message(5, request)));
    const response = { topic: 'answers/requester', qos: 1, properties: properties(...correlation), payload: 'done' };
    t.same(await responder.ask(puback(1), message(5, { ...response, id: 9 })), hex(puback(9)));
    t.same(await requester.take(), hex(message(5, response)));
    t.same(await other.pending(), [], 'and nobody else');
  },
);

each([5], 'Response Information is given to a client that asks, where there is any, and to no other', async (t) => {
  const bench = new Bench(t, {}, { responseInformation: 'answers/%c' });
  const cases: [given: string | undefined, bench: Bench, props: Buffer][] = [
    ['answers/c', bench, properties(0x19, 1)],
    [undefined, bench, properties(0x19, 0)],
    [undefined, bench, properties()],
    [undefined, new Bench(t), properties(0x19, 1)],
  ];
  for (const [given, where, props] of cases) {
    const client = where.open(5);
    client.raw(connect(5, { properties: props }));
    const connack = await client.next('connack');
    t.equal(connack.reasonCode, 0);
    t.equal(connack.properties?.responseInformation, given);
  }
});

each([5], 'a server that has moved says where to, once and with nothing else, and closes', async (t) => {
  const bench = new Bench(t, {}, { serverReference: 'other.example:1883', moved: true });
  const wire = new Wire(bench.open(5));
  const [answer = '', ...more] = await wire.ask(connect(5));
  t.equal(answer.slice(4, 8), '009d', 'CONNACK 0x9D, no session');
  t.ok(answer.includes(packet(0, 0x1c, 'other.example:1883').subarray(2).toString('hex')), 'Server Reference');
  t.same(more, []);
  await wire.client.closed();
});

each([3, 4], 'before 5.0 a server that has moved is unavailable', async (t, version) => {
  const bench = new Bench(t, {}, { serverReference: 'other.example:1883', moved: true });
  const client = bench.open(version);
  client.raw(connect(version));
  await connectRefused(t, client, 0x03);
});

each([5], 'a full server with a Server Reference sends further clients there, one without does not', async (t) => {
  for (const [serverReference, code] of [
    ['a.example b.example:1883', 0x9c],
    [undefined, 0x97],
  ] as const) {
    const bench = new Bench(t, { connections: 1 }, { serverReference });
    const first = await bench.connect(5, 'first');
    t.equal(first.connack?.properties?.serverReference, undefined, 'who is served is not sent away');
    const client = bench.open(5);
    client.raw(connect(5));
    const connack = await client.next('connack');
    t.equal(connack.reasonCode, code);
    t.equal(connack.properties?.serverReference, serverReference);
    await client.closed();
    t.same(await client.pending(), []);
  }
});

each([3, 4, 5], 'a server that stops sends its clients on', async (t, version) => {
  const bench = new Bench(t, {}, { serverReference: 'other.example' });
  const wire = new Wire(await bench.connect(version, 'a'));
  await bench.broker[Symbol.asyncDispose]();
  const [last = '', ...more] = await wire.take();
  if (version === 5) {
    t.equal(last.slice(0, 2) + last.slice(4, 6), 'e09c', 'DISCONNECT 0x9C');
    t.ok(last.includes(packet(0, 0x1c, 'other.example').subarray(2).toString('hex')), 'Server Reference');
  } else {
    t.equal(last, '', '3.1.1 has no words for it');
  }
  t.same(more, []);
  await wire.client.closed();
});

each([5], 'a request without Correlation Data is answered without; a Response Topic may be any topic', async (t) => {
  const bench = new Bench(t);
  const client = await bench.connect(5, 'a');
  await client.subscribe('r', 0);
  const wire = new Wire(client);
  const request = message(5, { topic: 'r', properties: properties(0x08, '/ä//') });
  t.same(await wire.ask(request), hex(request));
});
