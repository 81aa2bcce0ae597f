/** Functions at the door of a link: what they make of a message leaves, or comes in, in its place. */
import t from 'tap';
import { createMessage, type Message } from '../../../src/core/message.js';
import { InDoor, OutDoor } from '../../../src/links/door.js';
import { FakeTransform, upper } from '../../support/fake-transform.js';
import { settle } from '../../support/manual-clock.js';

const message = (topic: string, payload: string, origin: Message['origin'] = 'client:c') =>
  createMessage({ topic, payload, origin, receivedAt: 1 });
const texts = (messages: readonly Message[]) => messages.map(({ topic, payload }) => `${topic} ${payload}`);

t.test('out: what the outbox gets, in order, and when the router may say that it has it', async (t) => {
  const transform = new FakeTransform('#', upper);
  const taken: Message[] = [];
  const door = new OutDoor(transform, (output) => taken.push(output) > 0);
  t.equal(door.accept(message('a', 'x')), true);
  transform.isLate = true;
  const late = door.accept(message('a', 'y'));
  t.ok(late instanceof Promise);
  t.equal(door.accept(message('own', 'z', 'gateway:g')), true, 'what the gateway says of itself passes');
  t.same(texts(taken), ['a X', 'own z']);
  transform.calls[0]!.answer();
  t.equal(await late, true);
  t.same(texts(taken), ['a X', 'own z', 'a Y']);
  const tooLate = door.accept(message('a', 'w'));
  door.close();
  transform.calls[1]!.answer();
  t.equal(await tooLate, false);
  await door.settled();
  t.equal(taken.length, 3);
});

t.test(
  'in: what came later waits for what came before, and all names of a message are published together',
  async (t) => {
    const transform = new FakeTransform('slow', upper);
    transform.isLate = true;
    const door = new InDoor(transform);
    const published: string[] = [];
    const pass = async (...messages: Message[]) => {
      published.push(...texts(await door.pass(messages)));
    };
    const first = pass(message('other', 'a'), message('slow', 'b'));
    const second = pass(message('other', 'c'));
    await settle();
    t.same(published, []);
    transform.calls[0]!.answer();
    await Promise.all([first, second]);
    t.same(published, ['other a', 'slow B', 'other c']);
    t.notOk(door.pass([message('other', 'd')]) instanceof Promise);
  },
);

t.test('what functions do not answer is bounded at both doors', async (t) => {
  const transform = new FakeTransform('#', upper);
  transform.isLate = true;
  let full = 0;
  const out = new OutDoor(
    transform,
    () => true,
    () => full++,
  );
  for (let i = 0; i < 1_000; i++) t.ok(out.accept(message('a', `${i}`)) instanceof Promise);
  t.equal(out.accept(message('a', 'more')), false);
  t.equal(full, 1);
  t.equal(out.accept(message('own', 'z', 'gateway:g')), true);
  const inner = new InDoor(transform);
  for (let i = 0; i < 1_000; i++) void inner.pass([message('b', `${i}`)]);
  t.equal(inner.isFull, true);
  for (const { answer } of transform.calls) answer();
  await settle();
  await settle();
  t.equal(inner.isFull, false);
  t.ok(out.accept(message('a', 'again')) instanceof Promise);
});
