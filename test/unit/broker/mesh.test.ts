/** The router in a mesh: what a store that fails, or is full, does to messages of a peer, and what is remembered as cleared. */
import t from 'tap';
import { RetainedKeeper } from '../../../src/broker/persistence/retained-keeper.js';
import { MessageRouter } from '../../../src/broker/router.js';
import { Mesh } from '../../../src/core/mesh.js';
import { createMessage, type Message, type MessageInit, type Stamp } from '../../../src/core/message.js';
import { type Sink, subscriptionTo } from '../../../src/core/router.js';
import { changed, FakeTransform } from '../../support/fake-transform.js';
import { ManualClock, settle } from '../../support/manual-clock.js';

const fault = new Error('the disk is full');

class Gateway {
  readonly mesh = new Mesh({ gatewayId: 'g1', epoch: 'e' });
  readonly router: MessageRouter;
  /** Topics written to the table of retained messages. */
  readonly written: string[] = [];
  isFull = false;
  fault: Error | undefined;

  constructor(transform?: FakeTransform) {
    const clock = new ManualClock();
    const table = {
      entries: () => [],
      set: (topic: string) => void this.written.push(topic),
      delete: (topic: string) => void this.written.push(`-${topic}`),
    };
    const isFull = () => this.isFull;
    const persistence = {
      get isFull() {
        return isFull();
      },
      retained: new RetainedKeeper(table, clock),
      commit: () => (this.fault === undefined ? undefined : Promise.reject(this.fault)),
    };
    this.router = new MessageRouter({ clock, retainedMessages: 100_000, persistence, mesh: this.mesh, transform });
  }

  async publish(message: Message): Promise<void> {
    await this.router.publish(message);
  }

  values(): string[] {
    return [...this.router.retained('#')].map(({ topic, payload }) => `${topic} ${payload}`);
  }

  cleared(): Message[] {
    return [...this.mesh.clearedOf('#')];
  }
}

/** Retained, of the gateway g2. */
function foreign(
  payload: string,
  sequence: number,
  stamp: Partial<Stamp> = {},
  init: Partial<MessageInit> = {},
): Message {
  return createMessage({
    topic: 't',
    payload,
    retain: true,
    qos: 1,
    origin: 'link:g2',
    receivedAt: 1,
    stamp: { gateway: 'g2', epoch: 'e', sequence, hops: ['g2'], at: 1, isSync: false, ...stamp },
    ...init,
  });
}

const own = (topic: string, payload: string, init: Partial<MessageInit> = {}) =>
  createMessage({ topic, payload, retain: true, qos: 1, origin: 'client:c', receivedAt: 1, ...init });

for (const isSync of [false, true]) {
  t.test(`what a peer sends again because it was not kept is kept then (sync: ${isSync})`, async (t) => {
    const gateway = new Gateway();
    gateway.fault = fault;
    for (let n = 0; n < 2; n++) await t.rejects(gateway.publish(foreign('v', 1, { isSync })), fault);
    gateway.fault = undefined;
    await gateway.publish(foreign('v', 1, { isSync }));
    t.same(gateway.written, ['t', 't', 't']);
    await gateway.publish(foreign('v', 1, { isSync }));
    t.same(gateway.written, ['t', 't', 't'], 'and then never again');
  });
}

t.test('a copy is not acknowledged while the store is at fault', async (t) => {
  const gateway = new Gateway();
  await gateway.publish(foreign('v', 1));
  gateway.fault = fault;
  await t.rejects(gateway.publish(foreign('v', 1)), fault);
});

t.test('of two messages of one gateway in one millisecond the later one wins', async (t) => {
  const gateway = new Gateway();
  await gateway.publish(foreign('one', 1));
  await gateway.publish(foreign('two', 2));
  t.same(gateway.values(), ['t two']);
  await gateway.publish(foreign('three', 9));
  await gateway.publish(foreign('between', 8));
  t.same(gateway.values(), ['t three']);
});

t.test('what a full store refuses leaves what was cleared as it was', async (t) => {
  const gateway = new Gateway();
  await gateway.publish(foreign('', 1, {}, { topic: 'gone' }));
  await gateway.publish(foreign('v', 2, {}, { topic: 'kept' }));
  gateway.isFull = true;
  await gateway.publish(own('gone', 'v'));
  await gateway.publish(own('kept', ''));
  t.same(gateway.values(), ['kept v']);
  t.same(
    gateway.cleared().map(({ topic }) => topic),
    ['gone'],
  );
});

t.test('of what cleared a topic its properties are not kept', async (t) => {
  const gateway = new Gateway();
  const properties = { userProperties: [['k', 'x'.repeat(1_000)]] as const };
  await gateway.publish(foreign('', 1, {}, { properties }));
  t.match(gateway.cleared(), [{ topic: 't', properties: undefined, stamp: { gateway: 'g2', sequence: 1 } }]);
});

t.test('topics that had no value are forgotten before those that had one', async (t) => {
  const gateway = new Gateway();
  let sequence = 0;
  const clear = (topic: string) => gateway.publish(foreign('', ++sequence, { at: sequence }, { topic }));
  await gateway.publish(own('known', 'v', { receivedAt: 0 }));
  await clear('known');
  // Again, when it has none any more.
  await clear('known');
  for (let n = 0; n < 10_005; n++) await clear(`n/${n}`);
  const topics = gateway.cleared().map(({ topic }) => topic);
  t.equal(topics.length, 10_000);
  t.same([topics[0], topics[1], topics.at(-1)], ['known', 'n/6', 'n/10004']);
});

/** What a local subscriber gets. */
function heard(gateway: Gateway): string[] {
  const got: string[] = [];
  const deliver = ({ topic, payload }: Message) => got.push(`${topic} ${payload}`) > 0;
  const sink: Sink = { id: 's', kind: 'client', origin: 'client:s', durable: true, deliver };
  gateway.router.attach(sink).subscribe(subscriptionTo('#'));
  return got;
}

for (const origin of ['by a sync', 'outdated'] as const) {
  t.test(`a function in the path, and a clear of a peer, ${origin}: what is newer stays`, async (t) => {
    const transform = new FakeTransform('nothing yet', (message) => [message]);
    const gateway = new Gateway(transform);
    await gateway.publish(foreign('new', 2, { at: 5 }));
    transform.become('t');
    await gateway.publish(foreign('', 1, { at: 2, isSync: origin === 'by a sync' }));
    t.same(gateway.values(), ['t new']);
  });
}

t.test('a function discards a clear of what was there before it: acknowledged when that is on disk', async (t) => {
  const transform = new FakeTransform('nothing yet', () => []);
  const gateway = new Gateway(transform);
  await gateway.publish(own('t', 'v'));
  transform.become('t');
  gateway.fault = fault;
  await t.rejects(gateway.publish(own('t', '')), fault);
  gateway.fault = undefined;
  await gateway.publish(own('t', ''));
  t.same(gateway.values(), []);
});

for (const isLate of [false, true]) {
  t.test(
    `what is told again of a retained message that is not retained here is no news (late: ${isLate})`,
    async (t) => {
      const transform = new FakeTransform('t', (message) => [changed(message, { retain: false })]);
      transform.isLate = isLate;
      const gateway = new Gateway(transform);
      const got = heard(gateway);
      const take = async (message: Message) => {
        const published = gateway.publish(message);
        for (const call of transform.calls.splice(0)) call.answer();
        await published;
      };
      await take(foreign('v', 1));
      for (let n = 0; n < 2; n++) await take(foreign('v', 1, { isSync: true }));
      t.same(got, ['t v']);
    },
  );
}

t.test('a function waits for a message whose value came by a sync: peers get it, and nobody here twice', async (t) => {
  const transform = new FakeTransform('t', (message) => [message]);
  transform.isLate = true;
  const gateway = new Gateway(transform);
  const got = heard(gateway);
  const passed: string[] = [];
  const deliver = ({ payload }: Message) => passed.push(`${payload}`) > 0;
  const peer: Sink = { id: 'p', kind: 'link', origin: 'link:p', durable: false, stamped: true, deliver };
  gateway.router.attach(peer).subscribe(subscriptionTo('t'));
  for (const isSync of [true, false, false]) {
    void gateway.publish(foreign('v', 1, { isSync }));
    for (const call of transform.calls.splice(0)) call.answer();
    await settle();
  }
  t.same(got, ['t v']);
  t.same(passed, ['v', 'v']);
});

t.test('a copy that only goes on to peers and is not kept does not make the message new', async (t) => {
  const gateway = new Gateway();
  const got = heard(gateway);
  await gateway.publish(foreign('v', 1, { isSync: true }));
  const deliver = () => true;
  const peer: Sink = { id: 'p', kind: 'link', origin: 'link:p', durable: true, stamped: true, deliver };
  gateway.router.attach(peer).subscribe(subscriptionTo('t'));
  gateway.fault = fault;
  await t.rejects(gateway.publish(foreign('v', 1)), fault);
  gateway.fault = undefined;
  await gateway.publish(foreign('v', 1));
  t.same(got, ['t v']);
});
