import fc from 'fast-check';
import t from 'tap';
import type { BatchConfig } from '../../../src/core/route-config.js';
import { halve, MessageBatcher } from '../../../src/links/batcher.js';
import { messageOf, NOON, targetOf } from '../../support/routes.js';

const batch = (more: Partial<BatchConfig> = {}): BatchConfig => ({
  maxMessages: 3,
  maxBytes: 1_000,
  maxDelay: 100,
  as: 'array',
  ...more,
});

const TEMPLATE = { type: 'template', template: '{v}' } as const;
const to = (topic: string, more: Partial<BatchConfig> = {}) =>
  targetOf({ to: topic, batch: batch(more), format: TEMPLATE });
const payloadOf = (made: { encoded: { payload: Buffer } } | undefined) => made?.encoded.payload.toString();

t.test('a batch is full by its messages, by its bytes, or old', async (t) => {
  const batcher = new MessageBatcher<number>();
  t.equal(batcher.next(0), undefined);
  t.equal(batcher.dueAt, Number.POSITIVE_INFINITY);
  for (let i = 1; i <= 4; i++) t.equal(batcher.add(to('a'), messageOf(`${i}`), i, i), undefined);
  t.equal(batcher.size, 4);
  t.ok(batcher.dueAt <= 4, 'the first is full');
  const first = batcher.next(4)!;
  t.match(first, { deliveries: [1, 2, 3], encoded: { topic: 'a', qos: 1, retain: false } });
  t.equal(payloadOf(first), '[1,2,3]');
  t.match(first.encoded.properties, { contentType: 'application/json' });
  t.equal(batcher.next(103), undefined);
  t.equal(batcher.dueAt, 104);
  t.equal(payloadOf(batcher.next(104)), '[4]');
  t.equal(batcher.size, 0);
  t.equal(batcher.dueAt, Number.POSITIVE_INFINITY);

  const small = to('b', { maxBytes: 10 });
  for (const v of ['"aaa"', '"bb"', '"a value that is too long by itself"', '1'])
    batcher.add(small, messageOf(v), 0, 200);
  t.strictSame(
    [payloadOf(batcher.next(200)), payloadOf(batcher.next(200)), payloadOf(batcher.next(200))],
    ['["aaa"]', '["bb"]', '["a value that is too long by itself"]'],
  );
  t.equal(batcher.next(200), undefined, 'the last may wait');
  t.equal(payloadOf(batcher.next(200, true)), '[1]', 'unless it is the end');
});

t.test('each topic at the far side has its own batch; QoS is the highest in it', async (t) => {
  const batcher = new MessageBatcher<string>();
  batcher.add(to('a'), messageOf('1', { qos: 0 }), 'a1', 0);
  batcher.add(to('b'), messageOf('2', { qos: 0 }), 'b1', 1);
  batcher.add(to('a'), messageOf('3', { qos: 2 }), 'a2', 2);
  t.match(batcher.next(100), { deliveries: ['a1', 'a2'], encoded: { qos: 1 } });
  t.equal(batcher.next(100), undefined);
  t.match(batcher.next(101), { deliveries: ['b1'], encoded: { qos: 0 } });
});

t.test('lines; the longest life counts', async (t) => {
  const batcher = new MessageBatcher<number>();
  const target = targetOf({ batch: batch({ as: 'lines' }), format: { type: 'json' }, retain: 'set' });
  batcher.add(target, messageOf('1', { expiresAt: NOON + 5 }), 1, 0);
  batcher.add(target, messageOf('x', { expiresAt: NOON + 9, retain: true }), 2, 0);
  const made = batcher.next(100)!;
  t.match(made.encoded, { retain: true, expiresAt: NOON + 9, properties: { contentType: 'application/x-ndjson' } });
  t.strictSame(
    payloadOf(made)!
      .split('\n')
      .map((line) => (line === '' ? line : (JSON.parse(line).payload ?? JSON.parse(line).text))),
    [1, 'x', ''],
  );
});

t.test('what has no such form is told, and is not in it', async (t) => {
  const batcher = new MessageBatcher<number>();
  const target = targetOf({ batch: batch(), format: { type: 'reading' } });
  t.match(batcher.add(target, messageOf('{}'), 1, 0), { code: 'LINK_FORMAT' });
  t.equal(batcher.size, 0);
});

t.test('memory is bounded: the oldest leave early', async (t) => {
  const batcher = new MessageBatcher<number>({ messages: 10, bytes: 1_000 });
  for (let i = 0; i < 12; i++) batcher.add(to(`t${i}`), messageOf(`${i}`), i, i);
  t.ok(batcher.dueAt < 12);
  t.match(batcher.next(12), { deliveries: [0] });
  t.match(batcher.next(12), { deliveries: [1] });
  t.equal(batcher.next(12), undefined);
  batcher.add(to('large', { maxBytes: 5_000 }), messageOf(`"${'x'.repeat(990)}"`), 99, 12);
  t.match(batcher.next(12), { deliveries: [2] });
  batcher.clear();
  t.equal(batcher.size, 0);
  t.equal(batcher.next(1_000, true), undefined);
});

t.test('a batch can be halved down to one message', async (t) => {
  const batcher = new MessageBatcher<number>();
  for (let i = 1; i <= 3; i++) batcher.add(to('a'), messageOf(`${i}`), i, 0);
  const [left, right] = halve(batcher.next(0)!)!;
  t.match(left, { deliveries: [1, 2] });
  t.equal(payloadOf(left), '[1,2]');
  t.match(right, { deliveries: [3] });
  t.equal(halve(right), undefined);
});

class Lists {
  readonly #lists = new Map<string, string[]>();

  add(topic: string, item: string): void {
    this.#lists.set(topic, [...(this.#lists.get(topic) ?? []), item]);
  }

  text(): string {
    return [...this.#lists.entries()].toSorted().join(' ');
  }
}

t.test('everything that goes in comes out once, per topic in order (property)', async () => {
  const step = fc.record({
    topic: fc.constantFrom('a', 'b', 'c'),
    wait: fc.nat(60),
    takes: fc.boolean(),
    size: fc.nat(40),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const batcher = new MessageBatcher<string>({ messages: 20, bytes: 400 });
      const [sent, taken] = [new Lists(), new Lists()];
      let now = 0;
      const take = (all: boolean) => {
        for (let made = batcher.next(now, all); made !== undefined; made = batcher.next(now, all)) {
          for (const one of made.deliveries) taken.add(made.encoded.topic, one);
          if (JSON.parse(payloadOf(made)!).length !== made.deliveries.length) throw new Error('lengths differ');
          if (made.deliveries.length > 1 && made.encoded.payload.length > 100) throw new Error('too large');
        }
      };
      for (const [index, { topic, wait, takes, size }] of steps.entries()) {
        now += wait;
        batcher.add(to(topic, { maxBytes: 100 }), messageOf(`"${'x'.repeat(size)}"`), `${topic}${index}`, now);
        sent.add(topic, `${topic}${index}`);
        if (takes) take(false);
        if (takes && batcher.dueAt <= now) throw new Error('something is still due');
      }
      take(true);
      if (batcher.size !== 0) throw new Error('something is left');
      if (sent.text() !== taken.text()) throw new Error(`${sent.text()} became ${taken.text()}`);
    }),
    { numRuns: 300 },
  );
});
