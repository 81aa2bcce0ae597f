import t from 'tap';
import { MessageRouter } from '../../../src/broker/router.js';
import type { Transform } from '../../../src/core/function.js';
import { createMessage, type Message, type Origin, type PublishProperties } from '../../../src/core/message.js';
import { type Sink, type Subscription, subscriptionTo } from '../../../src/core/router.js';
import { ManualClock } from '../../support/manual-clock.js';

function newRouter(retainedMessages = 10): MessageRouter {
  return new MessageRouter({ clock: new ManualClock(), retainedMessages });
}

function message(topic: string, init: { origin?: Origin; payload?: string; retain?: boolean } = {}): Message {
  return createMessage({ topic, payload: 'x', origin: 'gateway:g', receivedAt: 0, ...init });
}

interface Recorder extends Sink {
  readonly taken: { topic: string; subscription: Subscription }[];
}

function recorder(id: string, onDeliver: (message: Message) => boolean = () => true): Recorder {
  const taken: Recorder['taken'] = [];
  return {
    id,
    kind: 'device',
    origin: `device:${id}`,
    durable: false,
    taken,
    deliver(message, subscription) {
      taken.push({ topic: message.topic, subscription });
      return onDeliver(message);
    },
  };
}

t.test('counters: received, delivered, dropped, unmatched, retained, subscriptions', async (t) => {
  const router = newRouter();
  const full = recorder('full', () => false);
  const good = recorder('good');
  const attachments = [full, good].map((sink) => {
    const attachment = router.attach(sink);
    attachment.subscribe(subscriptionTo('a/#'));
    return attachment;
  });
  void router.publish(message('a/1'));
  void router.publish(message('b/1', { retain: true }));
  void router.publish(message('a/2', { origin: 'device:good' }));
  t.same(router.counters(), { received: 3, delivered: 1, dropped: 2, unmatched: 1, retained: 1, subscriptions: 2 });
  for (const attachment of attachments) attachment[Symbol.dispose]();
  void router.publish(message('a/3'));
  t.same(router.counters(), { received: 4, delivered: 1, dropped: 2, unmatched: 2, retained: 1, subscriptions: 0 });
  void router.publish(message('$SYS/broker/uptime', { retain: true }));
  t.match(
    router.counters(),
    { received: 4, unmatched: 2, retained: 2 },
    'the broker speaking of itself is not traffic',
  );
});

t.test('who only looks at the traffic changes no figure of it', async (t) => {
  const router = newRouter();
  const watcher: Recorder = { ...recorder('tail', () => false), kind: 'api' };
  router.attach(watcher).subscribe(subscriptionTo('#'));
  router.attach(recorder('good')).subscribe(subscriptionTo('a'));
  void router.publish(message('a'));
  t.equal(watcher.taken.length, 1);
  t.match(router.counters(), { received: 1, delivered: 1, dropped: 0 });
});

t.test('a receiver gets one copy, with what all its matching subscriptions ask for', async (t) => {
  const router = newRouter();
  const sink = recorder('a');
  const attachment = router.attach(sink);
  attachment.subscribe(subscriptionTo('t', { qos: 0, identifiers: [1], retainAsPublished: false }));
  attachment.subscribe(subscriptionTo('#', { qos: 1, identifiers: [2], retainAsPublished: true }));
  attachment.subscribe(subscriptionTo('+', { qos: 2, identifiers: [], noLocal: false, retainAsPublished: false }));
  void router.publish(message('t'));
  t.equal(sink.taken.length, 1);
  const merged = sink.taken[0]!.subscription;
  t.match(merged, { qos: 2, retainAsPublished: true });
  t.same([...merged.identifiers].sort(), [1, 2]);
  void router.publish(message('t', { origin: 'device:a' }));
  t.match(sink.taken[1]?.subscription, { filter: '+', qos: 2 }, 'No Local leaves only the one without it');
});

t.test('a receiver may publish, subscribe and leave while it is told', async (t) => {
  const router = newRouter();
  const second = recorder('second');
  const first = recorder('first', ({ topic }) => {
    if (topic !== 'start') return true;
    void router.publish(message('next'));
    firstAttachment.subscribe(subscriptionTo('more'));
    secondAttachment[Symbol.dispose]();
    return true;
  });
  const firstAttachment = router.attach(first);
  const secondAttachment = router.attach(second);
  for (const filter of ['start', 'next']) {
    firstAttachment.subscribe(subscriptionTo(filter));
    secondAttachment.subscribe(subscriptionTo(filter));
  }
  void router.publish(message('start'));
  t.same(
    first.taken.map(({ topic }) => topic),
    ['start', 'next'],
  );
  t.same(
    second.taken.map(({ topic }) => topic),
    ['next'],
    'who left is not told any more',
  );
  t.same([...secondAttachment.subscribe(subscriptionTo('#'))], []);
  t.equal(router.counters().subscriptions, 3);
});

t.test('the retained message is stored before anybody is told [MQTT-3.3.1-5]', async (t) => {
  const router = newRouter();
  let seen: string[] = [];
  const sink = recorder('a', () => {
    seen = [...router.retained('#')].map(({ payload }) => String(payload));
    return true;
  });
  router.attach(sink).subscribe(subscriptionTo('t'));
  void router.publish(message('t', { retain: true, payload: 'now' }));
  t.same(seen, ['now']);
});

t.test('beyond the limit a new topic is not retained, an old one is still replaced', async (t) => {
  const router = newRouter(2);
  for (const topic of ['a', 'b', 'c']) void router.publish(message(topic, { retain: true, payload: `${topic}1` }));
  void router.publish(message('a', { retain: true, payload: 'a2' }));
  const kept = () => [...router.retained('#')].map(({ payload }) => String(payload));
  t.same(kept(), ['a2', 'b1']);
  t.equal(router.counters().dropped, 1);
  void router.publish(message('a', { retain: true, payload: '' }));
  void router.publish(message('c', { retain: true, payload: 'c2' }));
  t.same(kept(), ['b1', 'c2']);
});

t.test('retained messages are limited in bytes too; one that is too much leaves no old one behind', async (t) => {
  const router = new MessageRouter({ clock: new ManualClock(), retainedMessages: 1_000 });
  const payload = Buffer.alloc(16 * 1024 * 1024);
  const retain = (topic: string, bytes: Buffer) =>
    router.publish(createMessage({ topic, payload: bytes, origin: 'device:d', receivedAt: 0, retain: true }));
  const topics = () => Array.from(router.retained('#'), ({ topic }) => topic);
  for (const topic of ['a', 'b', 'c']) void retain(topic, payload);
  void retain('d', Buffer.from('old'));
  void retain('d', payload);
  t.same(topics(), ['a', 'b', 'c']);
  t.equal(router.counters().dropped, 1);
  void retain('a', Buffer.alloc(0));
  void retain('d', payload);
  t.same(topics(), ['b', 'c', 'd']);
});

t.test('retained messages read slowly are given as they are when read', async (t) => {
  const router = newRouter();
  for (const topic of ['a', 'b', 'c']) void router.publish(message(topic, { retain: true, payload: '1' }));
  const messages = router.retained('+')[Symbol.iterator]();
  t.equal(messages.next().value?.topic, 'a');
  void router.publish(message('b', { retain: true, payload: '' }));
  void router.publish(message('c', { retain: true, payload: '2' }));
  t.equal(String(messages.next().value?.payload), '2');
  t.equal(messages.next().done, true);
});

t.test('a topic too long for the wire is dropped and counted', async (t) => {
  const router = newRouter();
  const sink = recorder('a');
  router.attach(sink).subscribe(subscriptionTo('#'));
  void router.publish(message('é'.repeat(32_768), { retain: true }));
  t.same(sink.taken, []);
  t.match(router.counters(), { dropped: 1, retained: 0 });
  void router.publish(message(`${'é'.repeat(32_767)}x`));
  t.equal(sink.taken.length, 1);
});

t.test('a property too long for the wire is dropped and counted, also where a function made it', async (t) => {
  const long = '\ufffd'.repeat(21_846);
  const bad = (topic: string, properties: PublishProperties) =>
    createMessage({ topic, payload: 'x', origin: 'client:c', receivedAt: 0, retain: true, properties });
  const all: readonly PublishProperties[] = [
    { contentType: long },
    { responseTopic: long },
    { correlationData: Buffer.alloc(65_536) },
    { userProperties: [[long, 'v']] },
    { userProperties: [['k', long]] },
    { userProperties: Array<[string, string]>(10_001).fill(['k', 'v']) },
  ];
  for (const properties of all) {
    const transform: Transform = {
      wants: (topic) => topic === 'in',
      apply: () => [bad('out', properties), message('out')],
      onChanged: undefined,
    };
    const router = new MessageRouter({ clock: new ManualClock(), retainedMessages: 10, transform });
    const sink = recorder('a');
    router.attach(sink).subscribe(subscriptionTo('#'));
    void router.publish(bad('a', properties));
    t.same(sink.taken, []);
    t.match(router.counters(), { dropped: 1, retained: 0 });
    void router.publish(createMessage({ topic: 'in', payload: '', origin: 'client:c', receivedAt: 0 }));
    t.match(sink.taken, [{ topic: 'out' }]);
    t.match(router.counters(), { dropped: 2, retained: 0 });
  }
});

t.test('a topic with more than 201 levels is dropped and counted, whoever brings it', async (t) => {
  const router = newRouter();
  const sink = recorder('a');
  router.attach(sink).subscribe(subscriptionTo('#'));
  void router.publish(message('/'.repeat(201), { retain: true }));
  t.same(sink.taken, []);
  t.match(router.counters(), { dropped: 1, retained: 0 });
  void router.publish(message('/'.repeat(200)));
  t.equal(sink.taken.length, 1);
});

t.test('a watcher is told of the subscriptions that there are, that come and that go', async (t) => {
  const router = newRouter();
  const told: string[] = [];
  const watcher = {
    onSubscribed: (filter: string, sink: Sink) => told.push(`+ ${filter} ${sink.id}`),
    onUnsubscribed: (filter: string, sink: Sink) => told.push(`- ${filter} ${sink.id}`),
  };
  const one = router.attach(recorder('one'));
  const two = router.attach(recorder('two'));
  for (const filter of ['a/#', 'a/+/b', '$share/g/c']) one.subscribe(subscriptionTo(filter));
  two.subscribe(subscriptionTo('$share/g/c'));
  two.subscribe(subscriptionTo('a/#'));
  const watching = router.watch(watcher);
  t.strictSame(told.splice(0).toSorted(), ['+ a/# one', '+ a/# two', '+ a/+/b one', '+ c one', '+ c two']);
  one.subscribe(subscriptionTo('a/#', { qos: 0 }));
  t.strictSame(told.splice(0), [], 'the same filter again is no other subscription');
  one.subscribe(subscriptionTo('d'));
  one.unsubscribe('a/#');
  one.unsubscribe('never');
  t.strictSame(told.splice(0), ['+ d one', '- a/# one']);
  one[Symbol.dispose]();
  t.strictSame(told.splice(0).toSorted(), ['- a/+/b one', '- c one', '- d one']);
  watching[Symbol.dispose]();
  two[Symbol.dispose]();
  t.strictSame(told, []);
});
