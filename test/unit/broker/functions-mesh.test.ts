/** Functions and the mesh: what comes of a peer's message is known again wherever it comes by, and goes round nowhere. */
import t from 'tap';
import { MessageRouter } from '../../../src/broker/router.js';
import { Mesh } from '../../../src/core/mesh.js';
import { createMessage, type Message } from '../../../src/core/message.js';
import { type Sink, subscriptionTo } from '../../../src/core/router.js';
import { changed, FakeTransform } from '../../support/fake-transform.js';
import { ManualClock, settle } from '../../support/manual-clock.js';

class Gateway {
  readonly mesh: Mesh;
  readonly router: MessageRouter;
  /** What a peer at the other end would be sent. */
  readonly sent: Message[] = [];

  constructor(gatewayId: string, transform?: FakeTransform) {
    this.mesh = new Mesh({ gatewayId, epoch: 'e' });
    this.router = new MessageRouter({ clock: new ManualClock(), retainedMessages: 100, mesh: this.mesh, transform });
    const sink: Sink = {
      id: 'peers',
      kind: 'link',
      origin: 'link:peers',
      durable: false,
      stamped: true,
      deliver: (message) => this.sent.push(message) > 0,
    };
    this.router.attach(sink).subscribe(subscriptionTo('#', { noLocal: false }));
  }

  /** As it comes from another gateway, over a link. */
  take(message: Message, from: string): void {
    const stamp = { ...message.stamp!, hops: [...message.stamp!.hops, from] };
    void this.router.publish({ ...message, origin: 'link:peers', stamp });
  }

  get topics(): string[] {
    return this.sent.map(({ topic }) => topic);
  }
}

const two = () =>
  new FakeTransform('raw', (input) => [input, changed(input, { topic: 'good' }), changed(input, { topic: 'good' })]);

const raw = () => createMessage({ topic: 'raw', payload: 'x', origin: 'client:c', receivedAt: 1 });

for (const isLate of [false, true]) {
  t.test(`outputs of a peer's message go on once, and not round; ${isLate ? 'later' : 'at once'}`, async (t) => {
    const a = new Gateway('a');
    const transform = two();
    transform.isLate = isLate;
    const b = new Gateway('b', transform);
    const done = async () => {
      for (const call of transform.calls.splice(0)) call.answer();
      await settle();
    };
    void a.router.publish(raw());
    b.take(a.sent[0]!, 'a');
    await done();
    t.same(b.topics, ['raw', 'good', 'good']);
    t.equal(new Set(b.sent.map(({ stamp }) => `${stamp!.epoch}`)).size, 3, 'three messages');
    t.equal(b.sent[0]!.stamp!.epoch, 'e', 'the first is that of the peer');
    for (const message of b.sent) a.take(message, 'b');
    t.equal(a.sent.length, 1, 'nothing comes round');
    // The same by another way, and what another gateway with this function made of it.
    b.take({ ...a.sent[0]!, stamp: { ...a.sent[0]!.stamp!, hops: ['a', 'c'] } }, 'c');
    for (const message of [...b.sent]) b.take({ ...message, stamp: { ...message.stamp!, hops: ['a'] } }, 'c');
    await done();
    t.equal(b.sent.length, 3);
  });
}

t.test('two copies by two ways while the function waits: the outputs of one of them', async (t) => {
  const a = new Gateway('a');
  const transform = two();
  transform.isLate = true;
  const b = new Gateway('b', transform);
  void a.router.publish(raw());
  b.take(a.sent[0]!, 'a');
  b.take(a.sent[0]!, 'c');
  for (const call of transform.calls) call.answer();
  await settle();
  t.same(b.topics, ['raw', 'good', 'good']);
});

t.test('what a local message became is new to the mesh', (t) => {
  const b = new Gateway('b', two());
  void b.router.publish(raw());
  t.same(
    b.sent.map(({ stamp }) => stamp!.sequence),
    [1, 2, 3],
  );
  t.end();
});
