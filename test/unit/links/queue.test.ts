import fc from 'fast-check';
import t from 'tap';
import { createMessage, type QoS } from '../../../src/core/message.js';
import { Outbox, type Queued } from '../../../src/links/queue.js';

function item(topic: string, qos: QoS = 1): Queued {
  const source = createMessage({ topic, payload: '', origin: 'client:x', receivedAt: 0, qos });
  return { ...source, queuedAt: 0, source };
}

/** Everything that is left, in the order it would be sent. */
function rest(outbox: Outbox): string[] {
  const topics: string[] = [];
  for (let next = outbox.shift(); next !== undefined; next = outbox.shift()) topics.push(next.topic);
  return topics;
}

t.test('first in, first out; in flight until settled', async (t) => {
  const outbox = new Outbox(10);
  for (const topic of ['a', 'b', 'c']) t.ok(outbox.push(item(topic)));
  const a = outbox.send()!;
  t.match(
    { topic: a.topic, waiting: outbox.waiting, inFlight: outbox.inFlight, size: outbox.size },
    {
      topic: 'a',
      waiting: 2,
      inFlight: 1,
      size: 3,
    },
  );
  t.equal(outbox.oldest, a, 'what is in flight is the oldest');
  t.ok(outbox.settle(a));
  t.notOk(outbox.settle(a), 'only once');
  t.equal(outbox.oldest?.topic, 'b');
  t.equal(outbox.peek()?.topic, 'b');
  t.strictSame(rest(outbox), ['b', 'c']);
  t.equal(outbox.send(), undefined);
  t.equal(outbox.oldest, undefined);
});

t.test('full: the oldest that waits goes, counted; what is in flight stays', async (t) => {
  const outbox = new Outbox(2);
  outbox.push(item('flying'));
  outbox.send();
  outbox.push(item('a'));
  outbox.push(item('b'));
  t.ok(outbox.isFull);
  t.notOk(outbox.push(item('c')));
  t.match(
    { dropped: outbox.dropped, waiting: outbox.waiting, inFlight: outbox.inFlight },
    {
      dropped: 1,
      waiting: 2,
      inFlight: 1,
    },
  );
  outbox.requeue();
  t.equal(outbox.dropped, 2, 'now it waits too, and is the oldest');
  t.strictSame(rest(outbox), ['b', 'c']);
});

t.test('a lost connection: in flight first, in the same order; QoS 0 is given up', async (t) => {
  const outbox = new Outbox(10);
  for (const topic of ['a', 'b', 'c']) outbox.push(item(topic));
  outbox.push(item('z', 0));
  outbox.send();
  const b = outbox.send()!;
  outbox.settle(b);
  outbox.requeue();
  t.equal(outbox.dropped, 1);
  t.strictSame(rest(outbox), ['a', 'c']);
});

t.test('any sequence of operations keeps the order and the books (property)', async (t) => {
  const operation = fc.constantFrom('push', 'push', 'push', 'send', 'send', 'settle', 'requeue');
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (operations, capacity) => {
      const outbox = new Outbox(capacity);
      const flying: Queued[] = [];
      let pushed = 0;
      let settled = 0;
      for (const what of operations) {
        if (what === 'push') outbox.push(item(String(pushed++)));
        else if (what === 'send') {
          const sent = outbox.send();
          if (sent !== undefined) flying.push(sent);
        } else if (what === 'settle') {
          const first = flying.shift();
          if (first !== undefined && outbox.settle(first)) settled++;
        } else {
          outbox.requeue();
          flying.length = 0;
        }
        if (outbox.waiting > capacity) throw new Error(`${outbox.waiting} wait`);
        if (pushed !== settled + outbox.dropped + outbox.size) throw new Error('the books do not balance');
      }
      outbox.requeue();
      const left = rest(outbox).map(Number);
      if (left.some((value, i) => i > 0 && value <= left[i - 1]!)) throw new Error(`order: ${left}`);
    }),
    { numRuns: 500 },
  );
  t.pass('500 sequences');
});

t.test('a long run keeps no memory of what is gone', async (t) => {
  const outbox = new Outbox(5_000);
  for (let i = 0; i < 20_000; i++) {
    outbox.push(item(String(i)));
    if (i >= 3_000) outbox.settle(outbox.send()!);
  }
  t.match(
    { waiting: outbox.waiting, dropped: outbox.dropped, next: outbox.peek()?.topic },
    {
      waiting: 3_000,
      dropped: 0,
      next: '17000',
    },
  );
});
